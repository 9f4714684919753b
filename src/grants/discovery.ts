import type { ServerMetadata } from "./openid.ts";
import { AuthError } from "../errors.ts";
import { isLoopback, isNear } from "../trust.ts";
import type { TokenFetch } from "../http/token_fetch.ts";

/**
 * Finds the metadata of an authorization server: OpenID Connect Discovery 1.0, then RFC 8414, which
 * servers without OpenID Connect use. These requests carry no credentials.
 */

/** Endpoints that are checked before a request or a browser goes there. */
const NEEDED = [
  "token_endpoint",
  "authorization_endpoint",
  "device_authorization_endpoint",
  "pushed_authorization_request_endpoint",
] as const;
const OPTIONAL = ["revocation_endpoint"] as const;

/** Statuses of a missing or forbidden document, after which the next URL is tried. */
const NOT_THERE = [400, 401, 403, 404, 405, 410];

/** How many redirects within one origin are followed. */
const REDIRECTS = 4;

/**
 * Discovers a server's metadata.
 *
 * @param issuer the issuer identifier, or the URL of its metadata
 * @param given endpoints that are already known, and not checked here
 * @throws {AuthError} `bad_response`, `insecure_url`, `redirect_refused`, and network errors
 */
export async function discover(
  issuer: string,
  given: Readonly<Record<string, unknown>>,
  fetch: TokenFetch,
): Promise<ServerMetadata> {
  const { found, status } = await readFirst(
    issuer,
    placesOf(issuer),
    fetch,
    (text) => judgeMetadata(issuer, text, given),
  );
  if (found !== undefined) return found;
  throw new AuthError(
    "bad_response",
    `${issuer} publishes no metadata (/.well-known/openid-configuration: HTTP ${status}). Check the issuer, or give the endpoints.`,
    { status },
  );
}

/**
 * Reads metadata from the first of several URLs that has any.
 *
 * @param asked the issuer or address that the metadata describes, for messages
 * @param take parses the text; if it returns `undefined`, the next URL is tried
 * @returns the parsed metadata, and the last status
 * @throws {AuthError} `redirect_refused`, `rate_limited`, `server_error`, `bad_response`, and errors of `take`
 */
export async function readFirst<T>(
  asked: string,
  places: readonly string[],
  fetch: TokenFetch,
  take: (text: string) => T | undefined,
): Promise<{ found: T | undefined; status: number }> {
  let status = 404;
  for (const place of places) {
    const response = await follow(place, fetch);
    status = response.status;
    if (NOT_THERE.includes(status)) continue;
    if (status !== 200) throw refused(asked, response);
    const found = take(await response.text());
    if (found !== undefined) return { found, status };
  }
  return { found: undefined, status };
}

const WELL_KNOWN = "/.well-known/";

/** The URLs where metadata may be: some servers append the well-known path, others insert it. */
function placesOf(issuer: string): string[] {
  if (issuer.includes(WELL_KNOWN)) return [issuer];
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, "");
  return [
    ...new Set([
      `${origin}${path}${WELL_KNOWN}openid-configuration`,
      `${origin}${WELL_KNOWN}oauth-authorization-server${path}`,
      `${origin}${path}${WELL_KNOWN}oauth-authorization-server`,
      `${origin}${WELL_KNOWN}openid-configuration${path}`,
    ]),
  ];
}

/** Follows redirects within one origin. */
async function follow(place: string, fetch: TokenFetch): Promise<Response> {
  let url = new URL(place);
  for (let step = 0;; step++) {
    const response = await fetch(url, { headers: { accept: "application/json" } }, "always");
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) return response;
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (step === REDIRECTS || next?.origin !== url.origin) {
      throw new AuthError(
        "redirect_refused",
        `The metadata of ${url.origin} redirects ${
          next && next.origin !== url.origin ? `to ${next.origin}` : "without end"
        }, which was not followed. Give the issuer that publishes it.`,
        { status: response.status },
      );
    }
    url = next;
  }
}

function refused(issuer: string, { status }: Response): AuthError {
  const { host } = new URL(issuer);
  if (status === 429) {
    return new AuthError(
      "rate_limited",
      `${host} is rate-limiting requests (HTTP 429), so its metadata could not be read. Try again later.`,
      { status },
    );
  }
  return status >= 500
    ? new AuthError(
      "server_error",
      `${host} is having problems (HTTP ${status}), so its metadata could not be read. Try again later.`,
      { status },
    )
    : new AuthError(
      "bad_response",
      `${host} returned an unexpected response (HTTP ${status}) to a request for its metadata. Check the issuer.`,
      { status },
    );
}

/** Parses metadata, and checks that it belongs to this issuer and that its endpoints are safe. */
export function judgeMetadata(
  issuer: string,
  text: string,
  given: Readonly<Record<string, unknown>>,
): ServerMetadata {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch { /* reported below */ }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(issuer, "it is not a JSON object");
  }
  const metadata: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== null),
  );
  const named = metadata["issuer"];
  if (typeof named !== "string") throw wrong(issuer, "it has no issuer");
  if (!isIssuer(issuer, named)) {
    throw wrong(
      issuer,
      `its issuer is ${
        URL.canParse(named) ? new URL(named).href : "(not a URL)"
      }, not ${issuer}. ` +
        "Give the issuer exactly as the server does",
    );
  }
  const aliases = metadata["mtls_endpoint_aliases"];
  const hasAliases = typeof aliases === "object" && aliases !== null && !Array.isArray(aliases);
  if (!hasAliases) delete metadata["mtls_endpoint_aliases"];
  for (const source of [metadata, ...(hasAliases ? [aliases as Record<string, unknown>] : [])]) {
    for (const name of NEEDED) {
      if (given[name] === undefined && source[name] !== undefined) {
        checkEndpoint(issuer, name, source[name]);
      }
    }
    for (const name of OPTIONAL) {
      try {
        if (source[name] !== undefined) checkEndpoint(issuer, name, source[name]);
      } catch {
        delete source[name]; // a sign-in does not need it
      }
    }
  }
  if (given["token_endpoint"] === undefined && metadata["token_endpoint"] === undefined) {
    throw wrong(issuer, 'it has no token endpoint. Give "endpoints.token"');
  }
  return metadata as unknown as ServerMetadata;
}

/** True if metadata that was requested for one issuer may name the other. */
function isIssuer(asked: string, named: string): boolean {
  if (!URL.canParse(named)) return false;
  const [from, to] = [new URL(asked), new URL(named)];
  if (asked.includes(WELL_KNOWN)) return from.origin === to.origin;
  // Entra and Azure AD B2C name the tenant by its ID or a template, even if the request used its name.
  const isMicrosoft = from.host === "login.microsoftonline.com" ||
    from.hostname.endsWith(".b2clogin.com");
  return from.href === to.href || (isMicrosoft && from.origin === to.origin) ||
    (from.host === "login.microsoftonline.com" && to.host === "sts.windows.net");
}

/** Checks a discovered endpoint as strictly as a configured one. A remote issuer cannot name local ports. */
export function checkEndpoint(issuer: string, name: string, value: unknown): void {
  if (typeof value !== "string" || !URL.canParse(value)) {
    throw wrong(issuer, `its ${name} is not an absolute URL`);
  }
  const url = new URL(value);
  const isLocal = isNear(url.hostname);
  const { hostname } = new URL(issuer);
  const mayBeLocal = isLoopback(url.hostname) ? isLoopback(hostname) : isNear(hostname);
  const isSafe = url.username === "" && url.password === "" &&
    (isLocal
      ? mayBeLocal &&
        (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)))
      : url.protocol === "https:");
  if (isSafe) return;
  throw new AuthError(
    "insecure_url",
    `The metadata of ${issuer} names ${url.protocol}//${url.host} as its ${name}. ` +
      (isLocal && !mayBeLocal
        ? "That is a loopback or link-local address, so nothing is sent there."
        : "Only https without a username or password is used."),
  );
}

function wrong(issuer: string, why: string): AuthError {
  return new AuthError(
    "bad_response",
    `The metadata of ${issuer} cannot be used: ${why}.`,
  );
}
