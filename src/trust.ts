/**
 * Decides whether a secret, a password or a token may go to a URL. It is the only place that does:
 * pure functions, which every request, redirect, paste and link is judged by.
 *
 * It sends nothing and reads nothing. Which URLs a system has is `providers/system.ts`'s.
 *
 * @module
 */
import { AuthError } from "./errors.ts";

/**
 * True for hosts that never leave this machine (RFC 8252 section 7.3). A name such as `x.localhost` is
 * not one of them, because a resolver decides where it leads.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Refuses URLs a secret must not travel to: plain `http` beyond loopback, other schemes, and URLs
 * that carry user information.
 *
 * @param url an absolute URL
 * @param what what the URL is, for the message
 * @throws {AuthError} `insecure_url`, or `invalid_argument` when it is no URL
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

/** Parses an absolute URL, or says which one is not. The URL itself is not repeated: it may hold a secret. */
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

/** True for a URL that {@linkcode checkTransport} lets pass. */
export function isSafeTransport(url: URL): boolean {
  return url.username === "" && url.password === "" &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)));
}

/**
 * True for a URL that a hub's server may name as its hub: https, loopback, or plain http inside one
 * machine's or cluster's own network, where a name has no dot, ends like a cluster's, or is a private
 * address (RFC 1918, RFC 4193).
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

/** True when a URL's host is the pattern's; `*.` stands for one or more labels. */
export function matchesHost(url: URL, pattern: string): boolean {
  return pattern.startsWith("*.")
    ? url.port === "" && url.hostname.endsWith(pattern.slice(1)) && !/^\.|\.\./.test(url.hostname)
    : url.host === pattern;
}

/** Whose API it is, and where its token may go. */
export interface ApiOrigins {
  /** The system's name for people. */
  readonly title: string;
  /** The origins the token may travel to. */
  readonly origins: ReadonlySet<string>;
}

/**
 * Refuses a URL that an API's token does not belong to.
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
  // The origin of a `blob:` URL is that of the page it was made for.
  const isPlain = /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!isPlain) checkTransport(url, "URL to fetch");
}

/**
 * Checks a URL that a person brought, and that a secret will be sent to.
 *
 * @param hosts the hosts it may be at
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

/** What a value of the credentials becomes in a URL. */
export type UrlPart = "base" | "label" | "segment";

/** Whether a value may stand in a URL: as its base, one label of its host or one segment of its path. */
export function fitsUrl(value: string, part: UrlPart): boolean {
  switch (part) {
    case "base":
      return URL.canParse(value) && !/[?#\\@\s]/.test(value) &&
        !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(value);
    case "label":
      return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(value);
    case "segment":
      // A percent sign would start an escape for a server that decodes twice. A slash is encoded, and so it
      // stays inside its segment, but not beside dots that a server would climb by.
      return value.isWellFormed() && !/(^|\/)\.*(\/|$)/.test(value) &&
        // deno-lint-ignore no-control-regex -- they are what is refused
        !/[\\?#@%\x00-\x1f\x7f]/.test(value);
  }
}

/**
 * The token endpoint that a saved session is renewed at. A file may name one only where the sign-in
 * page names it, as a paste sign-in's does; everywhere else the definition does.
 *
 * @param hosts the hosts that page may name
 * @throws {AuthError} `foreign_server` for another one
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
 * True for this machine and what only it can reach: loopback by any name, unspecified and link-local
 * addresses (a cloud's metadata service), and those addresses inside an IPv6 one.
 */
export function isNear(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  if (isLoopback(name) || /(^|\.)localhost$|^metadata(\.google\.internal)?$/.test(name)) {
    return true;
  }
  if (isNearV4(name)) return true;
  if (!name.startsWith("[")) return false;
  // The URL parser has written it in its shortest form.
  const address = name.slice(1, -1);
  if (address === "::" || address === "::1" || /^fe[89ab]/.test(address)) return true;
  if (address === "fd00:ec2::254") return true; // the metadata service of EC2
  // Mapped, translated (NAT64) and carried (6to4) addresses of IPv4.
  const inside = /^::(?:ffff:(?:0:)?)?(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(address) ??
    /^64:ff9b:.*?:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ??
    /^2002:([0-9a-f]{0,4}):([0-9a-f]{0,4})(?::|$)/.exec(address);
  if (inside === null) return false;
  const [high = 0, low = 0] = inside.slice(1).map((part) => parseInt(part || "0", 16));
  return isNearV4([high >> 8, high & 255, low >> 8, low & 255].join("."));
}

/** Loopback, unspecified and link-local addresses, and those of two clouds' metadata services. */
function isNearV4(address: string): boolean {
  return /^(?:127|0)(?:\.\d{1,3}){3}$|^169\.254(?:\.\d{1,3}){2}$/.test(address) ||
    address === "100.100.100.200" || address === "192.0.0.192";
}

/** True for a redirect that leads from elsewhere to this machine, or to its own network link. */
export function entersLoopback(from: URL, to: URL): boolean {
  return isNear(to.hostname) && !isNear(from.hostname);
}

/** Names that a network of its own gives out (RFC 6762, RFC 8375, and what is in use). */
const INNER = /(^|\.)(local|internal|intranet|lan|corp|home|private|localdomain|home\.arpa)$/;

/** True for an address or a name of a private network; a name's own address is not looked up. */
function isPrivate(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  // Of IPv6 only what is routed everywhere, and carries no IPv4 address inside.
  if (name.startsWith("[")) return !/^\[(?!2002:|2001:0?:)[23][0-9a-f]{3}:/.test(name);
  if (!/^\d+(\.\d+){3}$/.test(name)) return !name.includes(".") || INNER.test(name);
  return /^(10|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|192\.0\.0|198\.1[89]|22[4-9]|2[3-5]\d)\./
    .test(name);
}

/**
 * True for a URL that a server elsewhere has no business to name: this machine, where the server is not
 * on it; a private network, where the server is outside; a link-local address of another host.
 */
export function leadsInside(from: URL, to: URL): boolean {
  if (from.hostname === to.hostname) return false;
  if (isLoopback(to.hostname)) return !isLoopback(from.hostname);
  if (isNear(to.hostname)) return true;
  return isPrivate(to.hostname) && !isPrivate(from.hostname) && !isLoopback(from.hostname);
}

/** True for a link that a browser may be handed: a page on the web, or one of this machine. */
export function isOpenable(url: string): boolean {
  return URL.canParse(url) && isSafeTransport(new URL(url));
}

/**
 * The error for a secret that would go to another server than the one it belongs to.
 *
 * @param title how people call the system
 * @param what what would be sent, as the subject of a sentence
 * @param belongs the origin it belongs to, where that is known
 * @param asked the origin it would be sent to
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

/** What a name says: `unknown` is to be treated as a secret. */
export function secrecyOf(field: string): "secret" | "open" | "unknown" {
  // One spelling for apiKey, API-Key and api_key.
  const name = field.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();
  // What this module notes beside the values in a credentials file.
  if (name.startsWith("onecell_")) return "open";
  // Secret wherever these words stand in a name, an id too: a `secret_id` opens a vault.
  const secret =
    /secret|pass(w|ph|$|_)|(^|_)(pwd|pass|pin|otp|totp|mfa|seed|cookie|session_?id|sid|sas|jwt|pat|bearer|pem|pfx|p12|psk|code)(_|$|[0-9])|credential|assertion|connection_?string|conn_?str|signature/;
  // Names that end like this say where, who or what kind, and open nothing.
  const openEnd =
    /(^|_)(uu|gu|client|tenant|user|key)?ids?$|(url|uri|endpoint)s?$|(^|_)(type|types|method|at|in|on|until|version|name|names|scope|scopes|alg|algorithm|kid|host|hostname|port|domain|path|file|folder|expiry|expires|created|updated|enabled|issuer|audience|resource|tenant|realm|region|email|user|username|login|title|description|environment|locale|language|timezone|public_key)$/;
  // Secret unless the end of the name says otherwise, as in `token_url` and `key_id`.
  const secretButForEnd = /token|key/;
  const isAddress = /(url|uri|endpoint|_type|_method|_at|_in|_name|_alg|_expires?|_expiry)s?$/.test(
    name,
  );
  // These addresses are let in.
  const isKey =
    /(^|_)(sas|otp|otpauth|totp|hotp|webhook|presigned|signed|magic|reset)_(link|ur[il])s?$/
      .test(name);
  if (isKey || (secret.test(name) && !isAddress)) return "secret";
  if (openEnd.test(name)) return "open";
  return secretButForEnd.test(name) ? "secret" : "unknown";
}

/** True for a field whose value must not be seen: all but those that are known to be open. */
export function isSecretField(field: string): boolean {
  return secrecyOf(field) !== "open";
}
