import type { ServerMetadata } from "../grants/openid.ts";
import { isCredentials } from "../credentials/credentials.ts";
import { AuthError } from "../errors.ts";
import { checkEndpoint, discover } from "../grants/discovery.ts";
import { createTokenFetch } from "../http/token_fetch.ts";
import { saveValues } from "../manage/create_and_save.ts";
import type { CheckedOptions } from "../options/options.ts";
import { adviceFor, isYes, type Person } from "../person/person.ts";
import { personFor } from "../person/create_person.ts";
import { findCredentials, type Found } from "../profile/find_credentials.ts";
import {
  type AddressRequest,
  type FoundAddress,
  openFetchOf,
  profileOf,
} from "../profile/profile.ts";
import { prefixFor, withoutUndefined } from "../providers/define_provider.ts";
import type { Endpoints, Provider } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { foreignServer } from "../trust.ts";
import { REDIRECT_URI, registerClient, type Registered } from "./register_client.ts";
import {
  type Asking,
  checkOutside,
  parseAddress,
  readResourceMetadata,
  type ResourceMetadata,
  titleOf,
} from "./resource_metadata.ts";
import {
  type Learnt,
  placeOf,
  readLearnt,
  saveLearnt,
  type SecretAuthentication,
  systemOf,
} from "./saved_address.ts";

/**
 * Finds the system at an API's address: in what is saved, or in what the API and its authorization server
 * say (RFC 9728, RFC 8414, RFC 7591), after a person has agreed.
 *
 * Until the person agrees, it contacts only the API's own host. Afterwards it contacts only the hosts that
 * the question named; if the server's metadata names another host, the person is asked about that one too.
 * The sign-in itself works as for any other system.
 *
 * @module
 */

/** How long one exchange may take by default, in milliseconds. */
const TIMEOUT = 30_000;

/**
 * @throws {AuthError} `unknown_provider` if nothing is saved and nobody can be asked; `cancelled`,
 * `foreign_server`, the errors of {@linkcode readResourceMetadata}, and network and disk errors
 */
export async function findAddress(request: AddressRequest): Promise<FoundAddress> {
  const { runtime, purpose } = request;
  const address = parseAddress(request.address);
  const { issuer, ...options } = request.options;
  for (const name of ["authUrl", "apiUrl"] as const) {
    if (options[name] === undefined) continue;
    throw new AuthError(
      "invalid_argument",
      `"${name}" does not go with an API's address: the API itself says where to sign in.`,
    );
  }
  const { name, path } = await placeOf(runtime, address, options.directory);
  const saved = await readLearnt(runtime, path, address);
  // A token from elsewhere needs no authorization server.
  const hasToken = options.token !== undefined ||
    ["ACCESS_TOKEN", "ACCESS_TOKEN_FILE"].some((suffix) =>
      runtime.getEnvironment(`${prefixFor(name)}_${suffix}`)
    );
  if (hasToken && saved === undefined) return { provider: await unlearnt(address), options };
  const isOther = saved !== undefined && issuer !== undefined && !isSame(saved.issuer, issuer);
  if (saved && !isOther && !(purpose === "sign_in" && options.forceLogin)) {
    if (purpose !== "sign_in") return { provider: await systemOf(saved), options };
    return await withClient({ ...request, options }, saved, path);
  }
  if (purpose === "look" || (purpose === "examine" && saved)) throw notSaved(address);
  const person = personFor(options, runtime);
  if (purpose === "sign_in" && saved === undefined && person.kind === "nobody") {
    throw nobody(address);
  }
  const asking = askingOf(options, runtime);
  const read = (asking: Asking) => readResourceMetadata(address, asking);
  const metadata = await stoppable(person, asking, read).catch((error) => {
    // A saved agreement stays valid while the API does not respond.
    if (
      saved && !isOther && AuthError.is(error, "network", "timeout", "server_error", "unsupported")
    ) {
      return undefined;
    }
    throw error;
  });
  const next = { ...request, options: withPerson(options, person) };
  if (metadata === undefined) {
    return await withClient(next, saved as Learnt, path);
  }
  const server = chooseIssuer(address, metadata, issuer ?? saved?.issuer, issuer !== undefined);
  if (purpose === "examine") throw notSignedIn(address, server);
  const scope = options.scope ?? metadata.scope;
  const learnt = await agree(person, { address, saved, server, scope, metadata })
    .then(() => learn(person, { address, server, metadata, asking }))
    .catch((error) => ended(person, titleOf(address), error));
  return await withClient(next, learnt, path, true);
}

/** Ends the card that was shown. */
async function ended(person: Person, title: string, error: unknown): Promise<never> {
  const message = error instanceof AuthError ? error.message : "The sign-in failed.";
  await person.show({ kind: "failed", title: `Not signed in to ${title}`, message });
  throw error;
}

/** Says whether an API still names the saved server. The doctor uses it, which contacts only the API. */
export async function examineAddress(
  runtime: Runtime,
  provider: Pick<Provider, "apiUrl" | "name">,
  options: CheckedOptions,
): Promise<{ learnt: Learnt; path: string; problem: AuthError | undefined } | undefined> {
  if (!URL.canParse(provider.apiUrl)) return undefined;
  const address = new URL(provider.apiUrl);
  const { name, path } = await placeOf(runtime, address, options.directory);
  if (name !== provider.name || path === undefined) return undefined;
  const learnt = await readLearnt(runtime, path, address);
  if (learnt === undefined) return undefined;
  try {
    const { issuers } = await readResourceMetadata(
      parseAddress(learnt.address),
      askingOf(options, runtime),
    );
    const stays = issuers.some((issuer) => isSame(issuer, learnt.issuer));
    return { learnt, path, problem: stays ? undefined : moved(address, learnt, issuers[0] ?? "") };
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    // Another row of the report says whether the API responds.
    const isAway = AuthError.is(error, "network", "timeout", "server_error", "rate_limited", "tls");
    return { learnt, path, problem: isAway ? undefined : error };
  }
}

/** Lets the stop button end a wait for a server. */
function stoppable<T>(
  person: Person,
  asking: Asking,
  wait: (asking: Asking) => Promise<T>,
): Promise<T> {
  const { signal: given } = asking;
  return person.interruptible((stop) =>
    wait({ ...asking, signal: given ? AbortSignal.any([stop, given]) : stop })
  );
}

function askingOf(options: CheckedOptions, runtime: Runtime): Asking {
  return {
    openFetch: openFetchOf(options, runtime),
    timeout: options.timeout ?? TIMEOUT,
    signal: options.signal,
    now: Date.now,
  };
}

/** The system for an unknown address, when the caller has a token. */
async function unlearnt(address: URL): Promise<Provider> {
  return await systemOf({
    address: address.href,
    issuer: address.origin,
    resource: address.href,
    grant: "authorization_code",
    endpoints: { token: address.href, authorization: address.href },
    clientAuthentication: "none",
  });
}

/** The authorization server to use: the one the caller wants, else the API's first. */
function chooseIssuer(
  address: URL,
  { issuers }: ResourceMetadata,
  wanted: string | undefined,
  isGiven: boolean,
): string {
  const same = issuers.find((issuer) => wanted !== undefined && isSame(issuer, wanted));
  if (same !== undefined) return same;
  if (isGiven) {
    throw new AuthError(
      "foreign_server",
      `${titleOf(address)} does not take tokens of the given issuer. It names: ${
        issuers.map((issuer) => new URL(issuer).href).join(", ")
      }. Leave out "issuer", or give one of these.`,
    );
  }
  return issuers[0] ?? "";
}

/** True if two issuers are the same, apart from a final slash. */
function isSame(one: string, other: string): boolean {
  const plain = (url: string) => URL.canParse(url) ? new URL(url).href.replace(/\/+$/, "") : url;
  return plain(one) === plain(other);
}

/** Keeps the same person, because a sign-in has one card. One that this module made is used as it is. */
function withPerson(options: CheckedOptions, person: Person): CheckedOptions {
  return { ...options, person: person as unknown as NonNullable<CheckedOptions["person"]> };
}

/** What to ask the person about. */
interface Proposal {
  readonly address: URL;
  readonly saved: Learnt | undefined;
  readonly server: string;
  readonly scope: string | undefined;
  readonly metadata: ResourceMetadata;
}

/** Asks once whether to continue. It does not ask again about what the person has agreed to. */
async function agree(
  person: Person,
  { address, saved, server, scope, metadata }: Proposal,
): Promise<void> {
  const isMoved = saved !== undefined && !isSame(saved.issuer, server);
  if (saved && !isMoved && saved.asked === metadata.scope) return;
  const { host } = new URL(server);
  const title = titleOf(address);
  const scopes = scope === undefined ? "" : `, with the scopes ${scope}`;
  const before = isMoved ? ` It was ${new URL(saved.issuer).host} until now.` : "";
  await confirm(person, {
    title,
    host,
    step:
      `${address.host} signs people in at ${host}.${before} Nothing is sent to ${host} until you say yes. ` +
      `The token goes to ${address.host} only.`,
    text: `Sign in to ${title} at ${host}${scopes}, and stay signed in? yes or no`,
    nobody: () => isMoved ? moved(address, saved, server) : nobody(address),
  });
}

async function confirm(
  person: Person,
  { title, host, step, text, nobody }: {
    title: string;
    host: string;
    step: string;
    text: string;
    nobody: () => AuthError;
  },
): Promise<void> {
  await person.show({ kind: "starting", title: `Sign in to ${title}`, step });
  const answer = await person.ask({ field: "confirm", text, secret: false, host });
  if (answer === null) throw nobody();
  if (isYes(answer)) return;
  throw new AuthError(
    "cancelled",
    `Sign-in cancelled. Nothing was sent to ${host}. ${adviceFor(person.kind).again}`,
  );
}

/** Reads the authorization server's metadata, and makes a definition from it. */
async function learn(
  person: Person,
  { address, server, metadata, asking }: {
    address: URL;
    server: string;
    metadata: ResourceMetadata;
    asking: Asking;
  },
): Promise<Learnt> {
  const title = titleOf(address);
  const found = await stoppable(person, asking, async (asking) => {
    const fetch = createTokenFetch(asking, "always", `${title}'s authorization server`);
    return await discover(server, {}, fetch).finally(() => fetch.close());
  });
  const learnt = learntFrom(address, server, metadata, found);
  const known = [address.host, new URL(server).host];
  const others = [
    ...new Set(
      [...Object.values(learnt.endpoints), learnt.registration]
        .filter((url) => url !== undefined).map((url) => new URL(url).host),
    ),
  ].filter((host) => !known.includes(host));
  if (others.length > 0) {
    const hosts = others.join(" and ");
    await confirm(person, {
      title,
      host: others[0] ?? "",
      step: `${known[1]} signs people in by way of ${hosts}.`,
      text: `Go on with ${hosts}? yes or no`,
      nobody: () => nobody(address),
    });
  }
  return learnt;
}

/**
 * Makes a definition from what the API and its server said. Pure.
 *
 * @throws {AuthError} `insecure_url`, `bad_response`, `unsupported`
 */
export function learntFrom(
  address: URL,
  server: string,
  { resource, scope, dpop, documentation }: ResourceMetadata,
  metadata: ServerMetadata,
): Learnt {
  const from = new URL(server);
  const endpoint = (name: string) => {
    const value = metadata[name];
    if (value === undefined) return undefined;
    checkEndpoint(server, name, value);
    checkOutside(from, new URL(value as string), name);
    return value as string;
  };
  const registration = endpoint("registration_endpoint");
  const endpoints: Endpoints = {
    token: endpoint("token_endpoint"),
    authorization: endpoint("authorization_endpoint"),
    deviceAuthorization: endpoint("device_authorization_endpoint"),
    revocation: endpoint("revocation_endpoint"),
    ...(metadata["require_pushed_authorization_requests"] === true
      ? { pushedAuthorization: endpoint("pushed_authorization_request_endpoint") }
      : {}),
  };
  const grants = metadata["grant_types_supported"];
  const takes = (grant: string) => !Array.isArray(grants) || grants.includes(grant);
  const isCode = endpoints.authorization !== undefined && takes("authorization_code");
  if (!isCode && endpoints.deviceAuthorization === undefined) {
    throw new AuthError(
      "unsupported",
      `${from.host} signs nobody in with a browser or a device code, so ${
        titleOf(address)
      } cannot be used by its ` +
        "address. Describe the system with defineProvider; for the command use --issuer and --api-url.",
    );
  }
  const offered = metadata["scopes_supported"];
  const staysSignedIn = scope !== undefined && Array.isArray(offered) &&
    offered.includes("offline_access") && !scope.split(" ").includes("offline_access");
  return withoutUndefined({
    address: address.href,
    issuer: metadata.issuer,
    resource,
    asked: scope,
    scope: staysSignedIn ? `${scope} offline_access` : scope,
    grant: isCode ? "authorization_code" : "device_code",
    endpoints: withoutUndefined(endpoints),
    // Servers that have public clients do not always list them (Keycloak).
    clientAuthentication: "none",
    confidentialMethod: confidentialMethodOf(metadata),
    registration,
    ...(dpop ? { dpop } : {}),
    documentation,
  });
}

/** How a client with a secret authenticates, as the server's metadata lists it (RFC 8414 section 2). */
function confidentialMethodOf(metadata: ServerMetadata): SecretAuthentication {
  const methods = metadata["token_endpoint_auth_methods_supported"];
  const isPost = Array.isArray(methods) && !methods.includes("client_secret_basic") &&
    methods.includes("client_secret_post");
  return isPost ? "client_secret_post" : "client_secret_basic";
}

/**
 * Makes sure that there is a client: a given or saved one, else one that the server registers.
 *
 * @param isNew whether to save the definition
 */
async function withClient(
  request: AddressRequest,
  learnt: Learnt,
  path: string | undefined,
  isNew = false,
): Promise<FoundAddress> {
  const { runtime, drivers } = request;
  const options = request.options;
  const read = async (learnt: Learnt) => {
    const provider = await systemOf(learnt);
    const profile = profileOf(provider, options, runtime, drivers);
    return { provider, profile, found: await findCredentials(profile) };
  };
  const save = async (learnt: Learnt) => {
    if (path === undefined) return;
    // If it cannot be saved, this session still works, and says that its token is not saved.
    await saveLearnt(runtime, path, learnt).catch((error) => {
      if (!(error instanceof AuthError)) throw error;
    });
  };
  const known = withGivenSecret(learnt, options);
  const { provider, profile, found } = await read(known);
  if (hasClient(found)) {
    if (isNew) await save(known);
    return { provider, options };
  }
  const person = personFor(options, runtime);
  if (person.kind === "nobody") return { provider, options };
  const next = withPerson(options, person);
  const registered = await register(person, learnt, askingOf(options, runtime));
  if (registered instanceof AuthError) {
    if (isNew) await save(known);
    const note =
      `${registered.message} Register a public client for native programs there, with the redirect URI ` +
      `${REDIRECT_URI}, and enter its client ID.`;
    return { provider, options: next, note };
  }
  const { values, authentication } = registered;
  const own = { ...learnt, clientAuthentication: authentication };
  const isKnown = authentication === known.clientAuthentication;
  const made = isKnown ? provider : await systemOf(own);
  if (isNew || !isKnown) await save(own);
  try {
    const place = isKnown ? profile : profileOf(made, options, runtime, drivers);
    await saveValues(place, { ...values });
    return { provider: made, options: next };
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    // This session can use it even if saving fails.
    const { client_id, client_secret } = values as Record<string, string>;
    const credentials = { client_id, ...(client_secret === undefined ? {} : { client_secret }) };
    return { provider: made, options: { ...next, credentials } };
  }
}

/**
 * Registers a client.
 *
 * @returns the client, or why the person has to enter one instead
 */
async function register(
  person: Person,
  learnt: Learnt,
  asking: Asking,
): Promise<Registered | AuthError> {
  const { registration: endpoint, grant, scope } = learnt;
  const title = titleOf(new URL(learnt.address));
  const { host } = new URL(endpoint ?? learnt.issuer);
  const none = `${host} registers no programs by itself.`;
  await person.show({
    kind: "starting",
    title: `Sign in to ${title}`,
    step: endpoint === undefined ? none : `Registering at ${host}…`,
  });
  if (endpoint === undefined) return new AuthError("unsupported", none);
  const device = learnt.endpoints.deviceAuthorization !== undefined;
  const registration = {
    endpoint,
    grant,
    device,
    authentication: learnt.clientAuthentication,
    scope,
  };
  try {
    return await stoppable(person, asking, (asking) => registerClient(registration, asking));
  } catch (error) {
    if (AuthError.is(error, "client_refused", "bad_response", "unsupported")) return error;
    return await ended(person, title, error);
  }
}

/** True if there is a client for this server. */
function hasClient({ foreign, values }: Found): boolean {
  return foreign === undefined && values["client_id"] !== undefined;
}

/** A caller who passes a secret has a confidential client. */
function withGivenSecret(learnt: Learnt, { credentials }: CheckedOptions): Learnt {
  if (credentials === undefined || learnt.clientAuthentication !== "none") return learnt;
  const secret = isCredentials(credentials)
    ? credentials.get("client_secret")
    : (credentials as Record<string, unknown>)["client_secret"];
  return secret === undefined ? learnt : {
    ...learnt,
    clientAuthentication: learnt.confidentialMethod ?? "client_secret_basic",
  };
}

function signInHint(address: URL): string {
  return `Run getSession("${address.href}") once in a notebook, or in a terminal: onecell login ${address.href}`;
}

function nobody(address: URL): AuthError {
  return new AuthError(
    "unknown_provider",
    `Nothing is saved for ${
      titleOf(address)
    }, and nobody is here to say whether to sign in to it. ` +
      `${
        signInHint(address)
      }. Later runs ask nothing. Or pass what defineProvider({ … }) returns, or the option ` +
      "token.",
  );
}

function notSaved(address: URL): AuthError {
  return new AuthError(
    "unknown_provider",
    `Nothing is saved for ${titleOf(address)}. ${signInHint(address)}`,
  );
}

function notSignedIn(address: URL, server: string): AuthError {
  return new AuthError(
    "login_required",
    `${titleOf(address)} can be signed in to: it names the authorization server ${
      new URL(server).host
    }. Nobody ` +
      `has done so on this machine. ${signInHint(address)}`,
  );
}

function moved(address: URL, saved: Learnt, server: string): AuthError {
  return foreignServer(
    titleOf(address),
    `${titleOf(address)} now names another authorization server. The saved client ID and session`,
    new URL(saved.issuer).origin,
    new URL(server).origin,
  );
}
