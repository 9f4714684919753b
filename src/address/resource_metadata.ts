import { alarm } from "../base/wait.ts";
import { parseObject } from "../base/text.ts";
import { abortReason, AuthError } from "../errors.ts";
import { checkEndpoint, readFirst } from "../grants/discovery.ts";
import { challengesOf, fetchFailure } from "../http/failure.ts";
import { createTokenFetch, type OpenFetch } from "../http/token_fetch.ts";
import { checkTransport, leadsInside } from "../trust.ts";

/**
 * What an API says about signing in (RFC 9728). The requests carry no credentials and go only to the API's
 * own host. `grants/discovery.ts` reads the authorization server's metadata.
 *
 * @module
 */

/** The part of an API's metadata that is used. */
export interface ResourceMetadata {
  /** The resource identifier, character for character: the resource to request tokens for (RFC 8707). */
  readonly resource: string;
  /** The issuers that may be used, at least one, in the API's order. */
  readonly issuers: readonly string[];
  /** Scopes to request, separated by spaces. */
  readonly scope: string | undefined;
  /** True if tokens must be bound to a key (RFC 9449). */
  readonly dpop: boolean;
  /** A page on the API's own host with more for developers. */
  readonly documentation: string | undefined;
}

/** How to send the requests. */
export interface Asking {
  readonly openFetch: OpenFetch;
  /** In milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly now: () => number;
}

/** A scope (RFC 6749 section 3.3), and how many are requested at most. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;
const MOST_SCOPES = 60;
/** How many authorization servers are considered at most. */
const MOST_SERVERS = 10;

/**
 * Checks an API's address.
 *
 * @throws {AuthError} `invalid_argument`, `insecure_url`
 */
export function parseAddress(text: string): URL {
  const url = checkTransport(text.trim(), "API's address");
  if (url.search !== "") {
    throw new AuthError(
      "invalid_argument",
      `The API's address has a query. Leave out the "?" and what follows: ${url.origin}${url.pathname}`,
    );
  }
  url.hash = "";
  return url;
}

/** What people call an API when they only have its address. */
export function titleOf({ host, pathname }: URL): string {
  return `${host}${pathname.replace(/\/+$/, "")}`;
}

/**
 * Asks an API which server signs people in: with a request without a token, and at the well-known URLs.
 *
 * @throws {AuthError} `unsupported` if the API does not say; `bad_response`, `insecure_url`,
 * `foreign_origin` for metadata that cannot be used, and network errors
 */
export async function readResourceMetadata(
  address: URL,
  asking: Asking,
): Promise<ResourceMetadata> {
  const challenge = await challengeOf(address, asking);
  const named = challenge.metadata;
  const path = address.pathname.replace(/\/+$/, "");
  const wellKnown = `${address.origin}/.well-known/oauth-protected-resource`;
  const places = [
    ...new Set([
      ...named?.origin === address.origin ? [named.href] : [],
      wellKnown + path,
      wellKnown,
    ]),
  ];
  const fetch = createTokenFetch(asking, "always", "the API");
  try {
    const { found } = await readFirst(address.href, places, fetch, parseObject);
    if (found !== undefined) return judgeResource(address, found, challenge.scope);
  } finally {
    fetch.close();
  }
  if (named !== undefined && named.origin !== address.origin) {
    throw new AuthError(
      "foreign_origin",
      `${address.host} says that its metadata is at ${named.origin}. Only ${address.host} itself is asked ` +
        `who signs people in for it, so nothing was sent there. ${OTHERWISE}`,
    );
  }
  throw new AuthError(
    "unsupported",
    `${
      titleOf(address)
    } does not say how to sign in (it has no protected-resource metadata, RFC 9728). ` +
      `Check the address. ${OTHERWISE}`,
  );
}

/** What to do if an address is not enough. */
const OTHERWISE =
  "Otherwise describe the system with defineProvider; for the command use --issuer and --api-url.";

/** The API's response to a request without a token (RFC 9728 section 5.1, RFC 6750 section 3). */
async function challengeOf(
  address: URL,
  { openFetch, timeout, signal }: Asking,
): Promise<{ metadata?: URL; scope?: string | undefined }> {
  const time = alarm(timeout);
  const once = openFetch();
  try {
    const response = await once.fetch(address, {
      headers: { accept: "application/json, */*;q=0.5" },
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, time.signal]) : time.signal,
    });
    // The body may never end: an API without a sign-in may stream.
    await response.body?.cancel();
    if (response.status !== 401) return {};
    const challenges = challengesOf(response.headers.get("www-authenticate"));
    const ours = challenges.find(({ parameters }) => parameters.has("resource_metadata"));
    const named = ours?.parameters.get("resource_metadata") ?? "";
    const scope = ours?.parameters.get("scope");
    return URL.canParse(named) ? { metadata: new URL(named), scope } : { scope };
  } catch (error) {
    if (signal?.aborted) throw abortReason(signal);
    if (!time.signal.aborted) throw fetchFailure(error, `the API (${address.host})`);
    throw new AuthError(
      "timeout",
      `${address.host} did not answer within ${
        timeout / 1000
      } s. Check the address, and try again.`,
    );
  } finally {
    time.stop();
    once.close();
  }
}

/**
 * Checks an API's metadata and keeps what is used. Pure.
 *
 * @param asked scopes from the API's own response; they take precedence over the metadata's
 * @throws {AuthError} as {@linkcode readResourceMetadata}
 */
export function judgeResource(
  address: URL,
  metadata: Readonly<Record<string, unknown>>,
  asked?: string,
): ResourceMetadata {
  const { resource } = metadata;
  const wrong = (why: string) =>
    new AuthError(
      "bad_response",
      `The metadata of ${titleOf(address)} cannot be used: ${why}. ${OTHERWISE}`,
    );
  if (typeof resource !== "string" || !covers(resource, address)) {
    const named = typeof resource === "string" && URL.canParse(resource)
      ? new URL(resource)
      : undefined;
    throw wrong(
      named === undefined
        ? "it has no resource"
        : `it is for another resource, ${named.origin}${named.pathname}`,
    );
  }
  const { bearer_methods_supported: methods, authorization_servers: servers } = metadata;
  if (Array.isArray(methods) && methods.length > 0 && !methods.includes("header")) {
    throw wrong("it does not accept a token in a header");
  }
  if (!Array.isArray(servers) || servers.length === 0) {
    throw wrong("it has no authorization server");
  }
  const issuers: string[] = [];
  let refusal: unknown;
  for (const server of servers.slice(0, MOST_SERVERS)) {
    try {
      issuers.push(checkIssuer(address, server));
    } catch (error) {
      refusal ??= error;
    }
  }
  if (issuers.length === 0) throw refusal;
  const { resource_documentation: page } = metadata;
  const isOwn = typeof page === "string" && URL.canParse(page) &&
    new URL(page).origin === address.origin;
  return {
    resource,
    issuers,
    scope: scopesOf(asked?.split(" ") ?? metadata["scopes_supported"]),
    dpop: metadata["dpop_bound_access_tokens_required"] === true,
    documentation: isOwn ? page : undefined,
  };
}

/**
 * True if the resource is the address, or contains it: same origin, and a parent path. RFC 9728 requires
 * them to be equal, but many APIs have one resource for all paths, and the token is limited to the origin
 * anyway.
 */
function covers(resource: string, address: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { origin, pathname, search, hash, username, password } = new URL(resource);
  const path = pathname.replace(/\/+$/, "");
  return origin === address.origin && search + hash + username + password === "" &&
    (address.pathname === path || address.pathname.startsWith(`${path}/`));
}

/** Checks an authorization server that an API names. */
function checkIssuer(address: URL, server: unknown): string {
  checkEndpoint(address.href, "authorization server", server);
  const url = new URL(server as string);
  if (url.search + url.hash !== "") {
    throw new AuthError(
      "bad_response",
      `The metadata of ${
        titleOf(address)
      } names an authorization server with a query (${url.host}). No ` +
        `issuer has one, so it is not used. ${OTHERWISE}`,
    );
  }
  checkOutside(address, url, "authorization server");
  return server as string;
}

/**
 * Refuses a URL with which a remote server would make this machine send requests into its own network.
 *
 * @throws {AuthError} `insecure_url`
 */
export function checkOutside(from: URL, to: URL, what: string): void {
  if (!leadsInside(from, to)) return;
  throw new AuthError(
    "insecure_url",
    `The metadata of ${from.host} names ${to.host} as its ${what}. That is this machine or a private network, ` +
      `and ${from.host} is not in it, so nothing is sent there. ${OTHERWISE}`,
  );
}

function scopesOf(scopes: unknown): string | undefined {
  if (!Array.isArray(scopes)) return undefined;
  const good = scopes.filter((scope): scope is string =>
    typeof scope === "string" && SCOPE.test(scope)
  );
  return [...new Set(good)].slice(0, MOST_SCOPES).join(" ") || undefined;
}
