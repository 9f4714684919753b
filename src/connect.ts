import { externalTokens, foreignError, type Found } from "./profile/find_credentials.ts";
import type { GrantContext } from "./grants/grant.ts";
import { createApiFetch, type Interruptible } from "./http/api_fetch.ts";
import * as lazy from "./lazy.ts";
import type { Profile } from "./profile/profile.ts";
import type { Person } from "./person/person.ts";
import type { CredentialValues, Provider } from "./providers/provider.ts";
import { resolveSystem, type System, systemIdentity } from "./providers/system.ts";
import type { Connection } from "./renewal/connection.ts";
import { type Held, type RenewalOptions, TokenKeeper } from "./renewal/token_keeper.ts";
import { openStore } from "./store/open_store.ts";
import { formatKey, type Token } from "./token/token.ts";

/** How long one exchange with an authorization server may take, in milliseconds. */
const SIGN_IN_TIMEOUT = 30_000;
/** The error for a request that the stop button ended. */
const STOPPED = "Request cancelled. Run the cell again to repeat it.";
/** How long one API request may take, in milliseconds. */
const API_TIMEOUT = 100_000;

/**
 * Puts a session's connection together. Nothing is read, sent or asked until its keeper starts.
 *
 * @param found what to sign in with
 * @param person finds somebody to ask; leave it out if nobody may be asked, as for the doctor and a
 * sign-out
 * @throws {AuthError} `insecure_url`; `foreign_server` for credentials of another server;
 * `credentials_missing` if a URL needs a value that is missing
 */
export function connect(
  profile: Profile,
  found: Pick<Found, "values" | "sources" | "file"> & Partial<Found>,
  person?: () => Promise<Person>,
): Connection {
  const { provider, runtime, options } = profile;
  const { values, given, foreign } = found;
  if (foreign) throw foreignError(profile, foreign);
  const system = resolveSystem(provider, profile.urls, { ...values, ...given }, options.origins);
  const scope = options.scope ?? provider.scope;
  const key = tokenKey(system, values, scope, sessionOf(profile));
  const store = openStore({
    runtime,
    directory: profile.folder,
    store: isApart(profile) ? "memory" : profile.store,
    writing: lazy.storeWriting,
    drivers: lazy.storeDrivers,
  });
  const grants: GrantContext = {
    system,
    values,
    scope,
    openFetch: profile.openFetch,
    timeout: options.timeout ?? SIGN_IN_TIMEOUT,
    now: Date.now,
    clock: { offset: 0 },
    discovered: {},
    external: { ...externalTokens(profile), runtime },
  };
  const renewing: Renewing = { profile, found, person, grants, store, key };
  const keeper = new TokenKeeper({
    key,
    store,
    values,
    bound: provider.dpop === true,
    renew: (held, request) => endsAtStop(runtime, (stop) => renew(renewing, held, request, stop)),
    foreign: () => foreignToken(renewing),
    now: Date.now,
  });
  const timeout = options.timeout ?? provider.timeout ?? API_TIMEOUT;
  const plainFetch = options.fetch ?? fetch;
  const interruptible = stopButton(runtime);
  return {
    profile,
    system,
    keeper,
    store,
    key,
    sources: found.sources,
    grants,
    fetch: createApiFetch({
      system,
      tokens: keeper,
      fetch: plainFetch,
      timeout,
      now: Date.now,
      clock: grants.clock,
      loopbackFetch: options.fetch === undefined ? runtime.loopbackFetch : undefined,
      openFetch: profile.openFetch,
      loadCall: lazy.apiCall,
      interruptible,
    }),
    interruptible,
    plainFetch,
    timeout,
    now: Date.now,
  };
}

/** What the renewals of one session need. */
interface Renewing extends Pick<Connection, "profile" | "grants" | "store" | "key"> {
  readonly found: Pick<Found, "values" | "sources" | "file"> & Partial<Found>;
  readonly person: (() => Promise<Person>) | undefined;
}

/** Gets a new token: from where the given one comes, else with a grant, else from a person. */
async function renew(
  { profile, found, person, grants, store, key }: Renewing,
  held: Held,
  request: RenewalOptions,
  stop: AbortSignal | undefined,
): Promise<Token> {
  const { provider, runtime, given } = profile;
  const { signal } = request;
  const stoppable = stop === undefined
    ? request
    : { ...request, signal: signal ? AbortSignal.any([stop, signal]) : stop };
  if (given !== undefined) {
    const context = { ...grants, runtime, key, title: provider.title };
    return await (await lazy.givenToken()).givenToken(given, context, stoppable);
  }
  const { announceSlow } = await lazy.announce();
  const text = "Downloading openid-client (first use only)…";
  const signIn = async (grants: GrantContext) => {
    const { signIn, nobodyToSignIn } = await lazy.signIn();
    if (person === undefined) throw nobodyToSignIn(provider);
    return await signIn({ profile, found, grants, person: await person() });
  };
  return await (await announceSlow(lazy.renewal(), text)).renew(
    { key, store, provider, grants, signIn, now: Date.now },
    held,
    stoppable,
  );
}

/** The token that another program saves for the same session, if any. */
async function foreignToken({ profile, grants, key }: Renewing): Promise<Token | null> {
  const { provider: { foreignTokens }, options, runtime } = profile;
  // The caller's own folder or account replaces all others.
  const isOwn = options.directory !== undefined || profile.account !== undefined;
  if (foreignTokens === undefined || isOwn || profile.given) return null;
  const { readForeignToken } = await lazy.foreignToken();
  const hosts = foreignHosts(grants.system, grants.values);
  return readForeignToken(runtime, foreignTokens, options.sessionKey, key, hosts);
}

/**
 * Whether a session stays in memory, regardless of the store: its token comes from elsewhere, or only the
 * caller knows whose it is.
 */
function isApart({ given, options, provider: { subjectToken: token } }: Profile): boolean {
  return given !== undefined || options.subjectToken !== undefined || typeof token === "function" ||
    (token !== undefined && "credential" in token);
}

/**
 * Lets a notebook's stop button end a wait for a server. SIGINT ends a script; it would also end a kernel,
 * and every variable would be lost.
 *
 * @param work the work that may wait; its signal, passed only in a notebook, fires at the stop button
 * @throws {AuthError} `cancelled` at the stop button, even if `work` ignores the signal
 */
export async function endsAtStop<T>(
  runtime: Profile["runtime"],
  work: (stop?: AbortSignal) => Promise<T>,
): Promise<T> {
  return await (stopButton(runtime)?.(work) ?? work());
}

function stopButton(runtime: Profile["runtime"]): Interruptible | undefined {
  if (!runtime.inNotebook()) return undefined;
  return async (wait) => (await lazy.kernel()).interruptible(runtime, wait, STOPPED);
}

/** Whose tokens this system may use: if its page was moved, as for a test system, only its own. */
function foreignHosts(system: System, values: CredentialValues): readonly string[] {
  const { pastePage, pasteHosts, provider } = system;
  const isMoved = pastePage !== resolveSystem(provider, {}, values).pastePage;
  return isMoved && pastePage !== undefined ? [new URL(pastePage).host] : pasteHosts;
}

/** Which of a system's sessions this is: by its account and its session key. */
function sessionOf({ account, options: { sessionKey } }: Profile): string | undefined {
  return account === undefined ? sessionKey : `account ${account}/${sessionKey ?? ""}`;
}

/** The values in an assertion's claims, which tell whose session it is. */
function claimed({ assertionClaims }: Provider, values: CredentialValues): string[] {
  if (assertionClaims === undefined) return [];
  return [...JSON.stringify(assertionClaims).matchAll(/\{([a-z][a-z0-9_]*)\}/g)]
    .flatMap(([, name = ""]) => Object.hasOwn(values, name) ? [`${name}=${values[name]}`] : []);
}

/** The key of this token. No two accounts, systems, scopes or session keys share one. */
function tokenKey(
  system: System,
  values: CredentialValues,
  scope: string | undefined,
  sessionKey: string | undefined,
): string {
  return formatKey({
    provider: system.provider.name,
    server: systemIdentity(system),
    clientId: values["client_id"] ?? "",
    username: values["username"] ?? "",
    scope: scope ?? "",
    audience: [
      system.provider.resource ?? system.provider.audience ?? "",
      ...claimed(system.provider, values),
    ].flat().join(" "),
    sessionKey: sessionKey ?? "",
  });
}
