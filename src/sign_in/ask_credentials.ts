/**
 * Prompts a person for missing credentials: creates app credentials if the system can, else asks for the
 * values. It asks again for values that turn out to be mistyped. Each prompt names the host that gets the
 * value.
 *
 * @module
 */
import {
  cleanValue,
  normaliseCredentials,
  type Source,
  USER_FIELDS,
} from "../credentials/choose_credentials.ts";
import {
  fieldName,
  halfFile,
  missingCredentials,
  oddRefusal,
} from "../credentials/missing_credentials.ts";
import { AuthError } from "../errors.ts";
import { createAppCredentials, enrolmentParts } from "../grants/enrolment.ts";
import { createAndSave, type CreatedCredentials, saveValues } from "../manage/create_and_save.ts";
import { adviceFor, isYes, type Person } from "../person/person.ts";
import { foreignError, type Found, serverOf } from "../profile/find_credentials.ts";
import { type Profile, storedIn } from "../profile/profile.ts";
import type { CredentialField, CredentialValues } from "../providers/provider.ts";
import { authorizationHost, resolveSystem } from "../providers/system.ts";
import { credentialsPath } from "../store/credentials_file.ts";
import { isSecretField } from "../trust.ts";

/** What was found, and what the person has to complete. */
export type Incomplete =
  & Pick<Found, "values" | "sources" | "missing" | "file">
  & Partial<Pick<Found, "given" | "foreign">>;

/** Credentials that a person completed, and how to save them once they work. */
interface Completed {
  readonly found: Found;
  /** The values that may be mistyped. */
  readonly typed: CredentialValues;
  /** Why created credentials could not be saved. */
  readonly unsaved?: AuthError | undefined;
  /** Saves what was typed, after it has signed in. Returns why it could not be saved. */
  readonly save?: () => Promise<AuthError | undefined>;
}

/** How many tries a person has. */
const TRIES = 3;
/** Values that are typed each time, or kept by the session, but never saved in our files. */
const NEVER_SAVED = "password";

/**
 * Prompts a person for what is missing, and signs in with it.
 *
 * @param signIn signs in with the completed values; its result is returned, with the new sources of the
 * credentials
 * @throws {AuthError} `credentials_missing` if nobody can be asked, `credentials_damaged` if a file is
 * incomplete, `foreign_server` for credentials of another server, `cancelled`, and the sign-in's errors
 */
export async function askCredentials<T extends object>(
  profile: Profile,
  incomplete: Incomplete,
  findPerson: () => Promise<Person>,
  signIn: (found: Found) => Promise<T>,
): Promise<T & { sources?: readonly Source[]; unsaved?: AuthError | undefined }> {
  const { title } = profile.provider;
  const person = await findPerson();
  let problem = profile.note ?? "";
  let known: CredentialValues = {};
  for (let attempt = 1;; attempt++) {
    const completed = await complete(profile, incomplete, person, known, problem);
    const { found, typed, unsaved, save } = completed;
    try {
      const signedIn = await signIn(found);
      const problem = await save?.();
      const sources: readonly Source[] = problem ? [{ kind: "typed" }] : found.sources;
      return { ...signedIn, sources, unsaved: problem ?? unsaved };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const refusal = oddRefusal(error, typed);
      const refused = refusedFields(refusal, Object.keys(typed));
      // Created or saved values are not mistyped, and a person who declined is not asked again.
      if (refused.length === 0 || error.error === "access_denied" || attempt === TRIES) {
        await person.show({
          kind: "failed",
          title: `Not signed in to ${title}`,
          message: refusal.message,
        });
        throw refusal;
      }
      known = Object.fromEntries(Object.entries(typed).filter(([name]) => !refused.includes(name)));
      problem = refusal.message;
    }
  }
}

/** The fields that a refusal is about: the client's or the person's. */
function refusedFields({ code }: AuthError, typed: readonly string[]): readonly string[] {
  const isUser = (field: string) => USER_FIELDS.includes(field);
  if (code === "login_refused") return typed.filter(isUser);
  return code === "client_refused" ? typed.filter((field) => !isUser(field)) : [];
}

/**
 * Gets the missing values from a person.
 *
 * @param known what the person typed before and was not refused
 * @param problem why they are asked again; it stays visible meanwhile
 */
async function complete(
  profile: Profile,
  incomplete: Incomplete,
  person: Person,
  known: CredentialValues,
  problem: string,
): Promise<Completed> {
  const { provider, options, runtime, place } = profile;
  const { file, foreign, given } = incomplete;
  // Do not complete values that belong to another server.
  const values = foreign ? foreign.rest ?? { ...provider.defaults, ...given } : incomplete.values;
  const missing = foreign
    ? provider.requires.filter((field) => !Object.hasOwn(values, field))
    : incomplete.missing;
  const path = credentialsPath(runtime, place);
  const half = halfFile(file, missing);
  if (half) throw half;
  const nobody = () =>
    foreign ? foreignError(profile, foreign) : missingCredentials(
      provider,
      missing,
      [storedIn(profile), path].filter((place) => place !== undefined),
      runtime.refusedVariables(),
    );
  const { username, password } = given ?? {};
  const isEnrolling = provider.enrolment !== undefined && missing.includes("client_id");
  const isGiven = isEnrolling && username !== undefined && password !== undefined;
  if (person.kind === "nobody" && !isGiven) throw nobody();

  const completed = (more: CredentialValues, sources: readonly Source[]): Found => ({
    values: { ...values, ...more },
    sources,
    missing: [],
    file,
    given,
  });
  if (foreign && !foreign.isHome && await maySend(profile, incomplete, person)) {
    return { found: completed(incomplete.values, incomplete.sources), typed: {} };
  }
  if (isEnrolling) {
    const created = await enrol(profile, values, person, { username, password });
    const more = normaliseCredentials(created.values, "The server's answer");
    const source: Source = created.path === undefined
      ? { kind: "memory", username: created.username }
      : { kind: "file", path: created.path, username: created.username };
    return { found: completed(more, [source]), typed: {}, unsaved: created.problem };
  }
  await person.show({
    kind: "starting",
    title: `Sign in to ${provider.title}`,
    step: `Enter your ${listOf(missing)}. You only need to do this once.`,
    ...(problem === "" ? {} : { problem }),
    ...(provider.documentation === undefined ? {} : { documentation: provider.documentation }),
  });
  const host = authorizationHost(resolveSystem(provider, profile.urls, values));
  const typed: CredentialValues = { ...known };
  for (const field of missing) {
    if (Object.hasOwn(known, field)) continue;
    const answer = await ask(profile, person, field, host);
    if (answer === null) throw nobody();
    typed[field] = answer;
  }
  const { [NEVER_SAVED]: _, ...kept } = typed;
  const saves = options.store !== "memory" && Object.keys(kept).length > 0;
  const target = saves ? file?.path ?? storedIn(profile) ?? path : undefined;
  return {
    found: completed(typed, [{ kind: "typed", path: target }]),
    typed,
    // Save values only once they work: a saved mistyped secret would never be asked for again.
    save: async () => {
      if (target === undefined) return undefined;
      try {
        const server = serverOf(profile, { ...values, ...typed, ...given });
        const path = file?.stored === undefined ? file?.path : undefined;
        await saveValues(profile, kept, { merge: true, path, server });
        return undefined;
      } catch (error) {
        // The values work, and this session has them.
        if (error instanceof AuthError) return error;
        throw error;
      }
    },
  };
}

/** Asks whether to send one server's values to another. After "no", the person enters new values. */
async function maySend(
  profile: Profile,
  { foreign, missing }: Incomplete,
  person: Person,
): Promise<boolean> {
  if (foreign === undefined) return false;
  const { asked, belongs, what, isToken = false } = foreign;
  const host = hostOf(asked);
  const error = foreignError(profile, foreign);
  await person.show({
    kind: "starting",
    title: `Sign in to ${profile.provider.title}`,
    step: error.message,
  });
  const owner = belongs === undefined ? "an unknown server" : hostOf(belongs);
  const answer = await person.ask({
    field: "confirm",
    text: `${what} belong to ${owner}. Send to ${host}? yes or no`,
    secret: false,
    host,
  });
  if (answer === null) throw error;
  if (answer === "") throw cancelled(person);
  if (!isYes(answer) && isToken) throw error;
  return isYes(answer) && missing.every((field) => field === "password");
}

/** Asks for username and password, and creates app credentials with them. */
async function enrol(
  profile: Profile,
  values: CredentialValues,
  person: Person,
  given: { username: string | undefined; password: string | undefined },
): Promise<CreatedCredentials> {
  const { provider, options, runtime, place } = profile;
  const { title } = provider;
  const heading = `Sign in to ${title}`;
  const parts = enrolmentParts(profile, values);
  const host = authorizationHost(parts.system);
  const step = provider.enrolment?.help ??
    `Enter your ${title} username and password. You won't be asked again.`;
  await person.show({ kind: "starting", title: heading, step });
  for (let attempt = 1;; attempt++) {
    const username = given.username ?? await ask(profile, person, "username", host);
    // A person who left or cancelled is not asked again.
    const password = username === null
      ? null
      : given.password ?? await ask(profile, person, "password", host);
    if (username === null || password === null) {
      const path = credentialsPath(runtime, place);
      const missing = ["client_id", "client_secret"];
      const places = [storedIn(profile), path].filter((place) => place !== undefined);
      throw missingCredentials(provider, missing, places, runtime.refusedVariables());
    }
    await person.show({ kind: "starting", title: heading, step: "Creating app credentials…" });
    const isMistyped = (error: unknown): error is AuthError =>
      error instanceof AuthError && error.code === "login_refused" &&
      given.password === undefined && attempt < TRIES;
    const create = async () => {
      // After a refusal the same card asks again.
      const created = await person.interruptible((signal) => {
        const both = options.signal ? AbortSignal.any([signal, options.signal]) : signal;
        return createAppCredentials({ ...parts, signal: both }, username, password)
          .catch((error) => isMistyped(error) ? error : Promise.reject(error));
      });
      if (created instanceof AuthError) throw created;
      return created;
    };
    try {
      const reuse = options.forceLogin !== true;
      return await createAndSave(profile, { username, reuse, create });
    } catch (error) {
      if (!isMistyped(error)) {
        const message = error instanceof AuthError ? error.message : "The sign-in failed.";
        await person.show({ kind: "failed", title: `Not signed in to ${title}`, message });
        throw error;
      }
      await person.show({ kind: "starting", title: heading, step, problem: error.message });
    }
  }
}

/** Asks for one value and says which host gets it; `null` if nobody can be asked. */
async function ask(
  { provider }: Profile,
  person: Person,
  field: CredentialField,
  host: string,
): Promise<string | null> {
  const answer = await person.ask({
    field,
    text: `${provider.title} ${fieldName(field)} (for ${host})`,
    secret: isSecretField(field),
    host,
  });
  if (answer === null) return null;
  const clean = cleanValue(field, answer);
  if (clean === "") throw cancelled(person);
  return clean;
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : origin;
}

/** Several names: "client ID and client secret". */
function listOf(fields: readonly string[]): string {
  const names = fields.map(fieldName);
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function cancelled({ kind }: Person): AuthError {
  return new AuthError("cancelled", `Sign-in cancelled. ${adviceFor(kind).again}`);
}
