import {
  chooseCredentials,
  type CredentialValues,
  environmentCredentials,
  normaliseCredentials,
} from "./credentials.ts";
import type { GrantParts } from "./grants/grant.ts";
import { checkOptions, type SessionOptions } from "./options.ts";
import type { Provider } from "./provider.ts";
import { findProvider } from "./providers/registry.ts";
import { createEdge, type Edge } from "./edge.ts";
import { AuthError } from "./errors.ts";
import { abortReason } from "./http/retry.ts";
import { openFetch } from "./open_fetch.ts";
import { currentRuntime } from "./runtime/current.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { Credentials, valuesOf } from "./saved_credentials.ts";
import { Session } from "./session.ts";
import { findCredentials } from "./store/credentials_file.ts";
import { configDirectories } from "./store/paths.ts";
import { openTokenStore } from "./store/token_store.ts";
import { environmentUrls, resolveSystem, type System, systemIdentity } from "./system.ts";
import { TokenKeeper } from "./token_keeper.ts";

/** How long one exchange with an authorization server may take, in milliseconds. */
const SIGN_IN_TIMEOUT = 30_000;
/** How long one API request may take, in milliseconds. */
const API_TIMEOUT = 100_000;

/**
 * Signs in to a system and gives back a session whose `fetch` carries the token.
 *
 * A saved session is used while it is good. Otherwise the credentials are looked for in the options,
 * in the environment (`<PREFIX>_CLIENT_ID` and so on) and in the saved file, in this order; only then
 * is a person asked, once, and what they create is saved for next time.
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
  const known = findProvider(provider);
  checkOptions(options, "session", "getSession");
  if (options.signal?.aborted) throw abortReason(options.signal);
  const runtime = await currentRuntime();
  const edge = createEdge(options, runtime);
  const { values, source, missing, file, given } = await gather(known, options, runtime);
  if (missing.length === 0) {
    return await start(known, options, runtime, edge, given, { values, source });
  }
  const { completeCredentials } = await import("./complete_credentials.ts");
  for (let attempt = 1;; attempt++) {
    const completed = await completeCredentials({
      provider: known,
      options,
      runtime,
      person: await edge.person(),
      values,
      missing,
      file,
    });
    try {
      return await start(known, options, runtime, edge, given, completed);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      // What was typed may be mistyped; what was created or read is as it is.
      const typed = completed.signedIn !== undefined &&
        (error.code === "login_refused" || error.code === "client_refused");
      if (!typed || attempt === TRIES) throw await edge.failed(known.title, error);
      await (await edge.person()).show({
        kind: "starting",
        title: `Sign in to ${known.title}`,
        step: error.message,
      });
    }
  }
}

/** How often a person may mistype. */
const TRIES = 3;

/** Credentials that are complete, and what to do once they have proved good. */
export interface CompleteCredentials {
  values: CredentialValues;
  source: string;
  /** Called after the first sign-in with what a person typed: saves it. */
  signedIn?: () => Promise<void>;
}

/** Looks for credentials wherever they may be, asking nobody. */
async function gather(provider: Provider, options: SessionOptions, runtime: Runtime) {
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
  const place = {
    directory: provider.directory,
    files: provider.files,
    override: options.directory,
  };
  const early = chooseCredentials(provider, sources);
  // A file that is not needed is not read: a damaged one must not stand in the way of the others.
  const file = early.missing.length === 0 ? null : await findCredentials(runtime, place);
  const chosen = file === null ? early : chooseCredentials(provider, { ...sources, file });
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
  { values, source, signedIn }: CompleteCredentials,
): Promise<Session> {
  const get = (name: string) => runtime.getEnvironment(name);
  const urls = [options, environmentUrls(provider, get)];
  const system = resolveSystem(provider, urls, { ...values, ...given }, options.origins);
  const scope = options.scope ?? provider.scope;
  const key = tokenKey(system, values, scope, options.sessionKey);
  const [folder] = configDirectories(runtime, provider.directory, options.directory);
  const store = openTokenStore(runtime, folder, options.keepTokens ?? provider.keepTokens);
  const grantParts: GrantParts = {
    system,
    values,
    scope,
    openFetch: openFetch(options, runtime),
    timeout: options.timeout ?? SIGN_IN_TIMEOUT,
    signal: options.signal,
    now: Date.now,
    clock: { offset: 0 },
    discovered: {},
  };
  const keeper = new TokenKeeper({
    key,
    store,
    grantParts,
    silent: provider.grant === "client_credentials" || provider.grant === "password"
      ? { grant: provider.grant }
      : null,
    signIn: async (parts) => {
      const { signIn } = await import("./sign_in/sign_in.ts");
      const person = await edge.person();
      return await signIn({ grantParts: parts, person, runtime, method: options.method });
    },
    foreign: async () => {
      if (provider.foreignTokens === undefined) return null;
      const { readForeignToken } = await import("./store/foreign_token.ts");
      const hosts = system.pasteHosts;
      return await readForeignToken(
        runtime,
        provider.foreignTokens,
        options.sessionKey,
        key,
        hosts,
      );
    },
    dpop: provider.dpop === true,
    now: Date.now,
  });
  if (options.forceLogin) await keeper.signInAnew();
  else if (await keeper.adopt() === null) await keeper.fresh();
  await signedIn?.();
  // The caller's signal was for signing in: a later renewal must not die of it.
  grantParts.signal = undefined;
  const session = new Session({
    system,
    keeper,
    store,
    key,
    source,
    account: values["username"] ?? keeper.token?.account ?? values["client_id"],
    grantParts,
    fetch: options.fetch ?? fetch,
    timeout: options.timeout ?? provider.timeout ?? API_TIMEOUT,
    now: Date.now,
  });
  await edge.signedIn(session, provider.title);
  return session;
}

/** Which token this is: no two accounts, systems, scopes or session keys share one. */
function tokenKey(
  system: System,
  values: CredentialValues,
  scope: string | undefined,
  sessionKey: string | undefined,
): string {
  return JSON.stringify([
    system.provider.name,
    systemIdentity(system),
    values["client_id"] ?? "",
    values["username"] ?? "",
    scope ?? "",
    system.provider.resource ?? system.provider.audience ?? "",
    sessionKey ?? "",
  ]);
}
