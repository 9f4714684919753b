/**
 * Decides whether a secret, a password or a token may go to a URL. No other file decides that. It has
 * only pure functions, and every request, redirect, paste and link is checked here.
 *
 * It sends nothing and reads nothing. `providers/system.ts` decides which URLs a system has.
 *
 * @module
 */
import { AuthError } from "./errors.ts";

/**
 * True for hosts that are always this machine (RFC 8252 section 7.3). A name such as `x.localhost` is
 * not one of them, because a resolver decides where it leads.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Refuses URLs that must not receive a secret: plain `http` beyond loopback, other schemes, and URLs
 * that contain user information.
 *
 * @param url an absolute URL
 * @param what the name of the URL, for the message
 * @throws {AuthError} `insecure_url`, or `invalid_argument` if it is not a URL
 */
export function checkTransport(url: string | URL, what: string): URL {
  const parsed = parseUrl(url, what);
  if (parsed.username !== "" || parsed.password !== "") {
    throw new AuthError(
      "invalid_argument",
      `The ${what} contains a username or password. Pass those as credentials, never in a URL.`,
    );
  }
  if (parsed.protocol === "https:") return parsed;
  if (parsed.protocol === "http:" && isLoopback(parsed.hostname)) return parsed;
  throw new AuthError(
    "insecure_url",
    `The ${what} (${parsed.protocol}//${parsed.host}) is not https. Plain http is for loopback only; use https.`,
  );
}

/** Parses an absolute URL. The error names the URL but does not repeat it: it may hold a secret. */
function parseUrl(url: string | URL, what: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new AuthError(
      "invalid_argument",
      `The ${what} is not an absolute URL. Give one such as "https://auth.example.com/token".`,
    );
  }
}

/** True for a URL that {@linkcode checkTransport} accepts. */
export function isSafeTransport(url: URL): boolean {
  return url.username === "" && url.password === "" &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)));
}

/**
 * True for a URL that a hub's server may name as its hub: https, loopback, or plain http in the network
 * of one machine or cluster. There, a name has no dot, ends like a cluster's, or is a private address
 * (RFC 1918, RFC 4193).
 */
export function isClusterUrl(url: URL): boolean {
  if (isSafeTransport(url)) return true;
  const { hostname, protocol, username, password } = url;
  return protocol === "http:" && username === "" && password === "" && !isNear(hostname) &&
    (/^[a-z0-9_-]*[a-z_-][a-z0-9_-]*$/.test(hostname) ||
      /\.(svc|svc\.cluster\.local|internal)$/.test(hostname) ||
      /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))(\.\d{1,3}){2,3}$/.test(hostname) ||
      /^\[f[cd][0-9a-f]{2}:/.test(hostname));
}

/** True if the URL's host matches the pattern; `*.` stands for one or more labels. */
export function matchesHost(url: URL, pattern: string): boolean {
  return pattern.startsWith("*.")
    ? url.port === "" && url.hostname.endsWith(pattern.slice(1)) && !/^\.|\.\./.test(url.hostname)
    : url.host === pattern;
}

/** An API and the origins that may receive its token. */
export interface ApiOrigins {
  /** The system's display name. */
  readonly title: string;
  /** The origins that may receive the token. */
  readonly origins: ReadonlySet<string>;
}

/**
 * Refuses a URL that must not receive the API's token.
 *
 * @throws {AuthError} `foreign_origin`, `insecure_url`, or `invalid_argument`
 */
export function checkApiUrl({ title, origins }: ApiOrigins, url: URL): void {
  if (!origins.has(url.origin)) {
    checkTransport(url, "URL to fetch");
    throw new AuthError(
      "foreign_origin",
      `${url.origin} is not ${title}'s API (${[...origins].join(", ")}), so the ` +
        `token is not sent there. If it belongs there, pass getSession the option origins: ["${url.origin}"].`,
    );
  }
  // A `blob:` URL has the origin of the page that created it.
  const isPlain = /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!isPlain) checkTransport(url, "URL to fetch");
}

/**
 * Checks a URL that a person pasted and that will receive a secret.
 *
 * @param hosts the allowed hosts
 * @throws {AuthError} `foreign_origin`, `insecure_url`, or `invalid_argument`
 */
export function checkPastedUrl(endpoint: string, hosts: readonly string[]): URL {
  const url = checkTransport(endpoint, "endpoint in the sign-in code");
  if (hosts.some((host) => matchesHost(url, host))) return url;
  throw new AuthError(
    "foreign_origin",
    `The sign-in code names ${url.host}, which is not known to belong to this system, so nothing is sent ` +
      'there. If it does belong, add it to "paste.endpointHosts".',
  );
}

/** The part of a URL that a credential value fills. */
export type UrlPart = "base" | "label" | "segment";

/** True if a value may be used in a URL: as its base, one label of its host or one segment of its path. */
export function fitsUrl(value: string, part: UrlPart): boolean {
  switch (part) {
    case "base":
      return URL.canParse(value) && !/[?#\\@\s]/.test(value) &&
        !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(value);
    case "label":
      return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(value);
    case "segment":
      // A percent sign would start an escape for a server that decodes twice. A slash is encoded and stays
      // inside its segment, but not beside dots: they could lead a server to a parent folder.
      return value.isWellFormed() && !/(^|\/)\.*(\/|$)/.test(value) &&
        // deno-lint-ignore no-control-regex -- they are what is refused
        !/[\\?#@%\x00-\x1f\x7f]/.test(value);
  }
}

/**
 * The token endpoint that renews a saved session. A saved file may name one only if the sign-in page
 * names it, as with a pasted sign-in. Otherwise the definition names it.
 *
 * @param hosts the hosts that the page may name
 * @throws {AuthError} `foreign_server` for any other host
 */
export function savedEndpoint(
  title: string,
  endpoint: string | undefined,
  hosts: readonly string[],
): string | undefined {
  if (endpoint === undefined || hosts.length === 0) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url && isSafeTransport(url) && hosts.some((host) => matchesHost(url, host))) return endpoint;
  throw foreignServer(
    title,
    "The saved session's refresh token and the app credentials",
    `a server at ${hosts.join(", ")}`,
    url?.origin ?? "an invalid URL",
  );
}

/**
 * True for this machine and what only it can reach: loopback in any spelling, unspecified, link-local and
 * site-local addresses (a cloud's metadata service), and those addresses inside an IPv6 address.
 */
export function isNear(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  if (isLoopback(name) || NEAR_NAME.test(name)) return true;
  if (isNearV4(name)) return true;
  if (!name.startsWith("[")) return false;
  // The URL parser has already shortened the address.
  const address = name.slice(1, -1);
  if (address === "::" || address === "::1" || /^fe[89a-f]/.test(address)) return true;
  // The metadata services of EC2 and Google Cloud.
  if (address === "fd00:ec2::254" || address === "fd20:ce::254") return true;
  // IPv4 addresses that are mapped, translated (NAT64) or carried (6to4).
  const inside = /^::(?:ffff:(?:0:)?)?(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(address) ??
    /^64:ff9b:.*?:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ??
    /^2002:([0-9a-f]{0,4}):([0-9a-f]{0,4})(?::|$)/.exec(address);
  if (inside === null) return false;
  const [high = 0, low = 0] = inside.slice(1).map((part) => parseInt(part || "0", 16));
  return isNearV4([high >> 8, high & 255, low >> 8, low & 255].join("."));
}

/** Names of this machine in usual lists of hosts, and of clouds' metadata services. */
const NEAR_NAME =
  /(^|\.)localhost$|^(localhost(\.localdomain|6(\.localdomain6)?)|ip6-(localhost|loopback)|metadata(\.goog|\.google\.internal)?|instance-data(\.ec2\.internal)?)$/;

/** Loopback, unspecified, link-local and broadcast addresses, and the metadata services of three clouds. */
function isNearV4(address: string): boolean {
  return /^(?:127|0)(?:\.\d{1,3}){3}$|^169\.254(?:\.\d{1,3}){2}$/.test(address) ||
    ["100.100.100.200", "192.0.0.192", "168.63.129.16", "255.255.255.255"].includes(address);
}

/** True for a redirect from elsewhere to this machine or its own network link. */
export function entersLoopback(from: URL, to: URL): boolean {
  return isNear(to.hostname) && !isNear(from.hostname);
}

/** Names that a private network assigns (RFC 6762, RFC 8375, and common ones). */
const INNER = /(^|\.)(local|internal|intranet|lan|corp|home|private|localdomain|home\.arpa)$/;

/** True for an address or a name in a private network. It does not look up the address of a name. */
function isPrivate(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  // Every IPv6 address is private, except public ones with no IPv4 address inside.
  if (name.startsWith("[")) return !/^\[(?!2002:|2001:0?:)[23][0-9a-f]{3}:/.test(name);
  if (!/^\d+(\.\d+){3}$/.test(name)) return !name.includes(".") || INNER.test(name);
  return /^(10|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|192\.0\.0|198\.1[89]|22[4-9]|2[3-5]\d)\./
    .test(name);
}

/**
 * True for a URL that a remote server must not name: this machine, unless the server runs on it; a
 * private network, if the server is outside; a link-local address of another host.
 */
export function leadsInside(from: URL, to: URL): boolean {
  if (from.hostname === to.hostname) return false;
  if (isLoopback(to.hostname)) return !isLoopback(from.hostname);
  if (isNear(to.hostname)) return true;
  return isPrivate(to.hostname) && !isPrivate(from.hostname) && !isLoopback(from.hostname);
}

/** True for a link that may be opened in a browser: a page on the web or on this machine. */
export function isOpenable(url: string): boolean {
  return URL.canParse(url) && isSafeTransport(new URL(url));
}

/**
 * The error for a secret that would go to a server it does not belong to.
 *
 * @param title the system's display name
 * @param what what would be sent, as the subject of a sentence
 * @param belongs the origin that it belongs to, if known
 * @param asked the origin that would receive it
 */
export function foreignServer(
  title: string,
  what: string,
  belongs: string | undefined,
  asked: string,
): AuthError {
  const owner = belongs === undefined
    ? "do not say which server they belong to"
    : `belong to ${belongs}`;
  return new AuthError(
    "foreign_server",
    `${what} ${owner}, and this call would send them to ${asked}, so nothing was sent. If ${asked} is ` +
      `${title}'s server, save credentials for it with the same URLs, or pass both the URLs and the ` +
      "credentials as options. If you did not choose it, check the variables and options that name it.",
  );
}

/** Whether a field's name marks a secret. Treat `unknown` as a secret. */
export function secrecyOf(field: string): "secret" | "open" | "unknown" {
  // One spelling for apiKey, API-Key and api_key.
  const name = field.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();
  // This module's own notes beside the values in a credentials file.
  if (name.startsWith("onecell_")) return "open";
  // A name with one of these words is a secret, even an ID: a `secret_id` opens a vault.
  const secret =
    /secret|pass(w|ph|$|_)|(^|_)(pwd|pass|pin|otp|totp|mfa|seed|cookie|session_?id|sid|sas|jwt|pat|bearer|pem|pfx|p12|psk|code|ticket|dsn)(_|$|[0-9])|(^|_)auth$|credential|assertion|connection_?string|conn_?str|signature/;
  // Names with these endings say where, who or what kind, and are not secret.
  const openEnd =
    /(^|_)(uu|gu|client|tenant|user|key)?ids?$|(url|uri|endpoint)s?$|(^|_)(type|types|method|at|in|on|until|version|name|names|scope|scopes|alg|algorithm|kid|host|hostname|port|domain|path|file|folder|expiry|expires|created|updated|enabled|issuer|audience|resource|tenant|realm|region|email|user|username|login|title|description|environment|locale|language|timezone|public_key)$/;
  // Secret unless the end of the name says otherwise, as in `token_url` and `key_id`.
  const secretButForEnd = /token|key/;
  const isAddress = /(url|uri|endpoint|_type|_method|_at|_in|_name|_alg|_expires?|_expiry)s?$/.test(
    name,
  );
  // These addresses give access by themselves, or contain a password.
  const isKey =
    /(^|_)(sas|otp|otpauth|totp|hotp|webhook|presigned|signed|magic|reset|invite|database|db|mongo(db)?|redis|postgres(ql)?|mysql|amqps?|jdbc|broker|conn(ection)?)_(link|ur[il]|endpoint)s?$/
      .test(name);
  if (isKey || (secret.test(name) && !isAddress)) return "secret";
  if (openEnd.test(name)) return "open";
  return secretButForEnd.test(name) ? "secret" : "unknown";
}

/** True for a field whose value must not be shown: every field that is not known to be open. */
export function isSecretField(field: string): boolean {
  return secrecyOf(field) !== "open";
}
