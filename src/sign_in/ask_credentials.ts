import { type CredentialValues, normaliseCredentials } from "../credentials/credentials.ts";
import { createAndSave, type CreatedCredentials } from "../manage/create_and_save.ts";
import { halfFile, missingCredentials } from "../credentials/missing_credentials.ts";
import { AuthError } from "../errors.ts";
import type { CompleteCredentials, Edge } from "../get_session.ts";
import type { Person } from "../person/person.ts";
import type { SessionOptions } from "../options/options.ts";
import type { CredentialField, Provider } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { createAppCredentials, enrolmentParts } from "../grants/enrolment.ts";
import { credentialsPath, placeOf } from "../store/credentials_file.ts";
import { writeCredentials } from "../store/write_credentials.ts";
import type { SavedCredentials } from "../store/store.ts";

/** Credentials that are not complete, and where to get the rest. */
export interface IncompleteCredentials {
  provider: Provider;
  options: SessionOptions;
  runtime: Runtime;
  values: CredentialValues;
  missing: CredentialField[];
  file: SavedCredentials | null;
}

/** How often a person may mistype. */
const TRIES = 3;
/** Typed each time, or kept by the session; never in a file of ours. */
const NEVER_SAVED = "password";

/**
 * Asks a person for what is missing, and uses it. What proves to be mistyped is asked for again.
 *
 * @param use signs in with it
 */
export async function askForMissing<T>(
  incomplete: IncompleteCredentials,
  edge: Pick<Edge, "person">,
  use: (completed: CompleteCredentials) => Promise<T>,
): Promise<T> {
  const { title } = incomplete.provider;
  const person = await edge.person();
  for (let attempt = 1;; attempt++) {
    const completed = await completeCredentials(incomplete, person);
    try {
      return await use(completed);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      // What was typed may be mistyped; what was created or read is as it is, and a no is a no.
      const typed = completed.signedIn !== undefined && error.error !== "access_denied" &&
        (error.code === "login_refused" || error.code === "client_refused");
      const { message } = error;
      if (!typed || attempt === TRIES) {
        await person.show({ kind: "failed", title: `Not signed in to ${title}`, message });
        throw error;
      }
      await person.show({ kind: "starting", title: `Sign in to ${title}`, step: message });
    }
  }
}

/**
 * Gets what is missing from a person: new app credentials where the system creates them, else the
 * values themselves.
 *
 * @throws {AuthError} `credentials_missing` when there is nobody, `credentials_damaged` when a file
 * holds half of what it should, `cancelled`
 */
async function completeCredentials(
  incomplete: IncompleteCredentials,
  person: Person,
): Promise<CompleteCredentials> {
  const { provider, options, runtime, values, missing, file } = incomplete;
  const place = placeOf(provider, options.directory);
  const path = credentialsPath(runtime, place);
  const half = halfFile(file, missing);
  if (half) throw half;
  if (person.kind === "nobody") {
    throw missingCredentials(provider, missing, path ? [path] : [], runtime.refusedVariables());
  }

  const { title } = provider;
  const heading = `Sign in to ${title}`;
  if (provider.enrolment && missing.includes("client_id")) {
    const created = await enrol(incomplete, person, path);
    return {
      values: { ...values, ...normaliseCredentials(created.values, "The server's answer") },
      source: created.path ?? "memory only",
      unsaved: created.problem,
    };
  }
  await person.show({
    kind: "starting",
    title: heading,
    step: "Sign in once; what is secret is not shown as you type it.",
  });
  const typed: CredentialValues = {};
  for (const field of missing) {
    const answer = await person.ask(`${title} ${field.replaceAll("_", " ")}`, {
      secret: field !== "username" && !field.endsWith("_id"),
    });
    if (answer === null) {
      throw missingCredentials(provider, missing, path ? [path] : [], runtime.refusedVariables());
    }
    if (answer === "") throw cancelled();
    typed[field] = answer;
  }
  const { [NEVER_SAVED]: _, ...kept } = typed;
  const saves = options.keepTokens !== "memory" && Object.keys(kept).length > 0;
  const target = saves ? file?.path ?? path : undefined;
  return {
    values: { ...values, ...typed },
    source: target === undefined ? "what was typed" : `what was typed, saved in ${target}`,
    // Only what has proved good is saved: a mistyped secret must not be asked for never again.
    signedIn: async () => {
      if (target === undefined) return undefined;
      try {
        await writeCredentials(runtime, target, (earlier) => ({ ...earlier, ...kept }));
        return undefined;
      } catch (error) {
        // They are good, and this session has them.
        if (error instanceof AuthError) return error;
        throw error;
      }
    },
  };
}

/** Asks for user name and password, and creates app credentials with them. */
async function enrol(
  { provider, options, runtime, values }: IncompleteCredentials,
  person: Person,
  path: string | undefined,
): Promise<CreatedCredentials> {
  const { title } = provider;
  const heading = `Sign in to ${title}`;
  const parts = enrolmentParts(provider, options, runtime, values);
  await person.show({
    kind: "starting",
    title: heading,
    step: provider.enrolment?.help ?? "Sign in once to create app credentials.",
  });
  for (let attempt = 1;; attempt++) {
    const username = await ask(person, `${title} user name`, false);
    // Who is gone, or was stopped, is asked nothing more.
    const password = username === null ? null : await ask(person, `${title} password`, true);
    if (username === null || password === null) {
      throw missingCredentials(
        provider,
        ["client_id", "client_secret"],
        path ? [path] : [],
        runtime.refusedVariables(),
      );
    }
    await person.show({ kind: "starting", title: heading, step: "Creating app credentials…" });
    try {
      return await createAndSave(
        provider,
        options,
        runtime,
        path,
        () =>
          person.interruptible((signal) => {
            const both = options.signal ? AbortSignal.any([signal, options.signal]) : signal;
            return createAppCredentials({ ...parts, signal: both }, username, password);
          }),
      );
    } catch (error) {
      const mistyped = error instanceof AuthError && error.code === "login_refused";
      if (!mistyped || attempt === TRIES) {
        const message = error instanceof AuthError ? error.message : "It did not work.";
        await person.show({ kind: "failed", title: `Not signed in to ${title}`, message });
        throw error;
      }
      await person.show({ kind: "starting", title: heading, step: error.message });
    }
  }
}

async function ask(person: Person, text: string, secret: boolean): Promise<string | null> {
  const answer = await person.ask(text, { secret });
  if (answer === "") throw cancelled();
  return answer;
}

function cancelled(): AuthError {
  return new AuthError(
    "cancelled",
    "Nothing was typed, so nothing was done. Run it again to sign in.",
  );
}
