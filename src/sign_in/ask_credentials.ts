/**
 * Asks a person for the credentials that are missing: new app credentials where the system creates
 * them, else the values themselves. What proves to be mistyped is asked for again.
 *
 * @module
 */
import { normaliseCredentials, type Source } from "../credentials/choose_credentials.ts";
import { halfFile, missingCredentials } from "../credentials/missing_credentials.ts";
import { AuthError } from "../errors.ts";
import { createAppCredentials, enrolmentParts } from "../grants/enrolment.ts";
import { createAndSave, type CreatedCredentials } from "../manage/create_and_save.ts";
import type { Person, Question } from "../person/person.ts";
import type { Found } from "../profile/find_credentials.ts";
import type { Profile } from "../profile/profile.ts";
import type { CredentialValues } from "../providers/provider.ts";
import { authorizationHost, resolveSystem } from "../providers/system.ts";
import { credentialsPath } from "../store/credentials_file.ts";
import { writeCredentials } from "../store/write_credentials.ts";

/** What was found, and what a person has to complete. */
export type Incomplete = Pick<Found, "values" | "sources" | "missing" | "file">;

/** Credentials that a person completed, and what to do once they have proved good. */
interface Completed {
  readonly found: Found;
  /** True for values that may be mistyped. */
  readonly isTyped: boolean;
  /** Why created credentials could not be saved. */
  readonly unsaved?: AuthError | undefined;
  /** Saves what was typed; called after it has signed in. Says why it could not be. */
  readonly save?: () => Promise<AuthError | undefined>;
}

/** How often a person may mistype. */
const TRIES = 3;
/** Typed each time, or kept by the session; never in a file of ours. */
const NEVER_SAVED = "password";

/**
 * Asks a person for what is missing, and signs in with it.
 *
 * @param signIn signs in with what was completed; what it gives is given back, with where the
 * credentials are now
 * @throws {AuthError} `credentials_missing` when there is nobody, `credentials_damaged` when a file
 * holds half of what it should, `cancelled`, and what the sign-in met
 */
export async function askCredentials<T extends object>(
  profile: Profile,
  incomplete: Incomplete,
  findPerson: () => Promise<Person>,
  signIn: (found: Found) => Promise<T>,
): Promise<T & { sources?: readonly Source[]; unsaved?: AuthError | undefined }> {
  const { title } = profile.provider;
  const person = await findPerson();
  for (let attempt = 1;; attempt++) {
    const { found, isTyped, unsaved, save } = await complete(profile, incomplete, person);
    try {
      const signedIn = await signIn(found);
      const problem = await save?.();
      const sources: readonly Source[] = problem ? [{ kind: "typed" }] : found.sources;
      return { ...signedIn, sources, unsaved: problem ?? unsaved };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      // What was created or read cannot be mistyped, and a person who said no is not asked again.
      const again = isTyped && error.error !== "access_denied" && attempt < TRIES &&
        (error.code === "login_refused" || error.code === "client_refused");
      const { message } = error;
      if (!again) {
        await person.show({ kind: "failed", title: `Not signed in to ${title}`, message });
        throw error;
      }
      await person.show({ kind: "starting", title: `Sign in to ${title}`, step: message });
    }
  }
}

/** Gets what is missing from a person. */
async function complete(
  profile: Profile,
  incomplete: Incomplete,
  person: Person,
): Promise<Completed> {
  const { provider, options, runtime, place } = profile;
  const { values, missing, file } = incomplete;
  const path = credentialsPath(runtime, place);
  const half = halfFile(file, missing);
  if (half) throw half;
  const nobody = () =>
    missingCredentials(provider, missing, path ? [path] : [], runtime.refusedVariables());
  if (person.kind === "nobody") throw nobody();

  const completed = (more: CredentialValues, source: Source): Found => ({
    values: { ...values, ...more },
    sources: [source],
    missing: [],
    file,
    given: undefined,
  });
  if (provider.enrolment && missing.includes("client_id")) {
    const created = await enrol(profile, values, person);
    const more = normaliseCredentials(created.values, "The server's answer");
    const source: Source = created.path === null
      ? { kind: "memory" }
      : { kind: "file", path: created.path };
    return { found: completed(more, source), isTyped: false, unsaved: created.problem };
  }
  await person.show({
    kind: "starting",
    title: `Sign in to ${provider.title}`,
    step: "Sign in once; what is secret is not shown as you type it.",
  });
  const host = authorizationHost(resolveSystem(provider, profile.urls, values));
  const typed: CredentialValues = {};
  for (const field of missing) {
    const secret = field !== "username" && !field.endsWith("_id");
    const text = `${provider.title} ${field.replaceAll("_", " ")}`;
    const answer = await ask(person, { field, text, secret, host });
    if (answer === null) throw nobody();
    typed[field] = answer;
  }
  const { [NEVER_SAVED]: _, ...kept } = typed;
  const saves = options.keepTokens !== "memory" && Object.keys(kept).length > 0;
  const target = saves ? file?.path ?? path : undefined;
  return {
    found: completed(typed, { kind: "typed", path: target }),
    isTyped: true,
    // Only what has proved good is saved: a mistyped secret would never be asked for again.
    save: async () => {
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

/** Asks for username and password, and creates app credentials with them. */
async function enrol(
  profile: Profile,
  values: CredentialValues,
  person: Person,
): Promise<CreatedCredentials> {
  const { provider, options, runtime, place } = profile;
  const { title } = provider;
  const heading = `Sign in to ${title}`;
  const parts = enrolmentParts(profile, values);
  const host = authorizationHost(parts.system);
  await person.show({
    kind: "starting",
    title: heading,
    step: provider.enrolment?.help ?? "Sign in once to create app credentials.",
  });
  for (let attempt = 1;; attempt++) {
    const question = (field: string, text: string, secret: boolean) =>
      ask(person, { field, text: `${title} ${text}`, secret, host });
    const username = await question("username", "user name", false);
    // A person who is gone, or stopped it, is asked nothing more.
    const password = username === null ? null : await question("password", "password", true);
    if (username === null || password === null) {
      const path = credentialsPath(runtime, place);
      const missing = ["client_id", "client_secret"];
      throw missingCredentials(provider, missing, path ? [path] : [], runtime.refusedVariables());
    }
    await person.show({ kind: "starting", title: heading, step: "Creating app credentials…" });
    try {
      return await createAndSave(profile, () =>
        person.interruptible((signal) => {
          const both = options.signal ? AbortSignal.any([signal, options.signal]) : signal;
          return createAppCredentials({ ...parts, signal: both }, username, password);
        }));
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

async function ask(person: Person, question: Question): Promise<string | null> {
  const answer = await person.ask(question);
  if (answer === "") throw cancelled();
  return answer;
}

function cancelled(): AuthError {
  return new AuthError(
    "cancelled",
    "Nothing was typed, so nothing was done. Run it again to sign in.",
  );
}
