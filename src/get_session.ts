import { assemble } from "./connect.ts";
import {
  chooseCredentials,
  type ChosenCredentials,
  Credentials,
  type CredentialValues,
  environmentCredentials,
  normaliseCredentials,
  valuesOf,
} from "./credentials/credentials.ts";
import type { SessionOptions } from "./options/options.ts";
import type { AuthError } from "./errors.ts";
import type { Provider } from "./providers/provider.ts";
import { findProvider } from "./providers/registry.ts";
import type { Person } from "./person/person.ts";
import { currentRuntime } from "./runtime/current.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { Session } from "./session.ts";
import { findCredentials, placeOf } from "./store/credentials_file.ts";
import type { SavedCredentials } from "./store/store.ts";

/**
 * Signs in to a system and gives back a session whose `fetch` carries the token.
 *
 * A saved session is used while it is good. Otherwise the credentials are looked for in the options,
 * in the environment (`<PREFIX>_CLIENT_ID` and so on) and in the saved file, in this order; only then
 * is a person asked, who may mistype twice, and what they give or create is saved for next time.
 *
 * @param provider a registered name such as `"spatiafi"`, or what `defineProvider` returned
 * @param options see {@linkcode SessionOptions}; times are in milliseconds
 * @returns a session that renews itself
 * @throws {AuthError} with a code and what to do next; nothing saved is lost by a failure
 *
 * @example One cell
 * ```ts
 * import { getSession } from "@onecell/auth";
 *
 * const s = await getSession("spatiafi");
 * const info = await s.fetch("/api/info?item_id=wildfire-risk-current-global-v1.0");
 * ```
 */
export async function getSession(
  provider: string | Provider,
  options: SessionOptions = {},
): Promise<Session> {
  const known = await findProvider(provider);
  await check(options);
  const runtime = await currentRuntime();
  const edge = createEdge(options, runtime);
  const found = await gather(known, options, runtime);
  const begin = (complete: CompleteCredentials) =>
    start(known, options, runtime, edge, found.given, complete);
  // A password is for signing in: it is not asked for while a saved session lives.
  if (found.missing.every((field) => field === "password")) {
    try {
      return await begin(found);
    } catch (error) {
      const { explainRefusal } = await import("./credentials/refused_credentials.ts");
      throw explainRefusal(error, found.source, found.source === found.file?.path);
    }
  }
  const { askForMissing } = await import("./sign_in/ask_credentials.ts");
  return await askForMissing({ provider: known, options, runtime, ...found }, edge, begin);
}

/** Most calls have no options, and load nothing that checks them. */
async function check(options: SessionOptions): Promise<void> {
  const isNone = options !== null && typeof options === "object" && !Array.isArray(options) &&
    Object.keys(options).length === 0;
  if (isNone) return;
  const { checkOptions } = await import("./options/check_options.ts");
  checkOptions(options, "session", "getSession");
  if (!options.signal?.aborted) return;
  const { abortReason } = await import("./http/retry.ts");
  throw abortReason(options.signal);
}

/** Credentials that are complete, and what to do once they have proved good. */
export interface CompleteCredentials {
  values: CredentialValues;
  source: string;
  /** Why they could not be saved, if they should be. */
  unsaved?: AuthError | undefined;
  /** Called after the first sign-in with what a person typed: saves it, or says why it cannot. */
  signedIn?: () => Promise<AuthError | undefined>;
}

/** What {@linkcode gather} found. */
export interface GatheredCredentials extends ChosenCredentials {
  /** The credentials file, where one was read. */
  file: SavedCredentials | null;
  /** What the caller gave. */
  given: CredentialValues | undefined;
}

/** Looks for credentials wherever they may be, asking nobody. */
export async function gather(
  provider: Provider,
  options: SessionOptions,
  runtime: Runtime,
): Promise<GatheredCredentials> {
  const get = (name: string) => runtime.getEnvironment(name);
  const given = options.credentials === undefined ? undefined : normaliseCredentials(
    options.credentials instanceof Credentials
      ? valuesOf(options.credentials)
      : options.credentials,
    'The option "credentials"',
  );
  const sources = {
    options: given,
    environment: environmentCredentials(provider, get),
    file: null,
  };
  const place = placeOf(provider, options.directory);
  // A file that is not needed is not read: a damaged one must not stand in the way of the others.
  const isPossible = given !== undefined || Object.keys(sources.environment).length > 0 ||
    provider.requires.every((field) => provider.defaults?.[field] !== undefined);
  const isEnough = isPossible && chooseCredentials(provider, sources).missing.length === 0;
  const file = isEnough ? null : await findCredentials(runtime, place);
  const chosen = chooseCredentials(provider, { ...sources, file });
  const source = options.credentials instanceof Credentials && chosen.source === "options"
    ? options.credentials.source
    : chosen.source;
  return { ...chosen, source, file, given };
}

async function start(
  provider: Provider,
  options: SessionOptions,
  runtime: Runtime,
  edge: Edge,
  given: CredentialValues | undefined,
  complete: CompleteCredentials,
): Promise<Session> {
  const parts = assemble(provider, options, runtime, edge, given, complete);
  const { keeper } = parts;
  if (options.forceLogin) await keeper.signInAnew();
  else if (await keeper.adopt() === null) await keeper.fresh();
  const untyped = await complete.signedIn?.();
  if (untyped) parts.source = "what was typed";
  parts.unsaved = untyped ?? complete.unsaved;
  // The caller's signal was for signing in: a later renewal must not die of it.
  parts.grantParts.signal = undefined;
  const session = new Session(parts);
  await edge.signedIn(session, provider.title);
  return session;
}

/** The person at the edge of one sign-in: introduced when first needed, told how it ended. */
export interface Edge {
  person(): Promise<Person>;
  /** Shows how it ended, if anybody was asked. */
  signedIn(session: Session, title: string): Promise<void>;
}

/** Nobody is looked for, and no card loaded, before there is something to ask. */
export function createEdge(
  options: { person?: Person; interactive?: boolean },
  runtime: Runtime,
): Edge {
  let found: Promise<Person> | undefined;
  return {
    person: () =>
      found ??= import("./person/person_for.ts").then(({ personFor }) =>
        personFor(options, runtime)
      ),
    async signedIn(session, title) {
      if (found === undefined) return;
      const { signedInCard } = await import("./renewal/session_card.ts");
      await (await found).show(await signedInCard(session, title));
    },
  };
}
