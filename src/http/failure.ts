/**
 * What went wrong with a request: the runtime's error in words, when to send it again, and what a
 * `WWW-Authenticate` header asks for.
 *
 * @module
 */
import { AuthError } from "../errors.ts";
import type { Provider } from "../providers/provider.ts";

const TLS =
  /certificate|\bCA file\b|\btls\b|\bssl\b|handshake|UnknownIssuer|SELF_SIGNED|CERT_|UNABLE_TO_/i;

/**
 * Turns an error from a runtime's `fetch` into an {@linkcode AuthError}.
 *
 * @param error what was thrown
 * @param what what did not respond, such as "SpatiaFi's token endpoint (auth.spatiafi.com)"
 */
export function fetchFailure(error: unknown, what: string): AuthError {
  if (error instanceof AuthError) return error;
  const text = describeChain(error);
  if (isNotCapable(error)) {
    const host = /Requires net access to "([^"]+)"/.exec(text)?.[1];
    return new AuthError(
      "permission_denied",
      `Deno may not connect to ${what}. Run with --allow-net${host ? `=${host}` : ""}.`,
    );
  }
  if (TLS.test(text)) {
    return new AuthError(
      "tls",
      `The TLS certificate of ${what} was not accepted. Behind a company proxy, point DENO_CERT ` +
        "(Node: NODE_EXTRA_CA_CERTS) at its CA file, or set DENO_TLS_CA_STORE=system; also check this machine's clock.",
      { cause: withoutQueries(error) },
    );
  }
  return new AuthError(
    "network",
    `No response from ${what}: the connection failed or was lost. Check the network, and HTTPS_PROXY if there is a proxy; then try again.`,
    { cause: withoutQueries(error) },
  );
}

/**
 * Checks whether `fetch` refused a request before sending anything, because it throws the same error
 * as when the network fails.
 *
 * @throws {AuthError} `invalid_argument` when it did
 */
export function checkSendable(error: unknown, url: string, init: RequestInit): void {
  if ((error as Partial<Error> | null)?.name !== "TypeError") return;
  const { body, ...rest } = init;
  try {
    // Use another body here: a stream would be consumed.
    const stand = body instanceof ReadableStream ? new ReadableStream() : "";
    void new Request(url, body ? { ...rest, body: stand } : rest);
  } catch {
    throw new AuthError(
      "invalid_argument",
      "fetch cannot send this request: GET and HEAD cannot have a body, and CONNECT, TRACE and TRACK are not allowed. " +
        'Check its method, headers and body; a stream needs duplex: "half".',
    );
  }
}

/** The names and messages of an error and its causes. */
function describeChain(error: unknown): string {
  const parts: string[] = [];
  let at = error;
  for (let depth = 0; typeof at === "object" && at !== null && depth < 5; depth++) {
    const { name, message, code, cause } = at as Record<string, unknown>;
    parts.push(...[name, message, code].map((part) => String(part ?? "")));
    at = cause;
  }
  return parts.join(" ");
}

function isNotCapable(error: unknown): boolean {
  const name = (error as Partial<Error> | null)?.name;
  return name === "NotCapable" || name === "PermissionDenied";
}

/** Removes queries from an error: a fetch error repeats the URL, whose query may be confidential. */
function withoutQueries(error: unknown): unknown {
  // Do not check the class: under some test runners the error comes from another realm.
  const { name, message } = (error ?? {}) as Partial<Error>;
  if (typeof message !== "string") return undefined;
  const plain = new Error(message.replace(/\?[^\s)"']*/g, "?…"));
  if (typeof name === "string") plain.name = name;
  return plain;
}

/** How often a request is sent at most, including the first time. */
export const ATTEMPTS = 3;

/** The longest `Retry-After` to wait for, in milliseconds; a longer one ends the attempts. */
const LONGEST_WAIT = 60_000;

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3), in seconds or as a date.
 *
 * @returns seconds, never negative, or `undefined` when the header is missing or invalid
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  // The standard has whole seconds. Some servers send fractions, which `Date.parse` reads as a month.
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value)) return Number(value);
  const date = parseDate(value);
  return date === undefined ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

/** Reads an HTTP date in its three forms (RFC 9110 section 5.6.7), or an ISO date; GMT without a zone. */
function parseDate(value: string): number | undefined {
  if (!/^[a-z]{3,9},? |^\d{4}-\d\d-\d\d[T ]/i.test(value)) return undefined;
  const hasZone = /(?:\b(?:GMT|UTC?)|\dZ|[+-]\d\d:?\d\d)$/i.test(value);
  const date = Date.parse(hasZone ? value : /^\d/.test(value) ? `${value}Z` : `${value} GMT`);
  return Number.isNaN(date) ? undefined : date;
}

/**
 * How long to wait before the next attempt, in milliseconds, or `null` when that would be too long.
 *
 * @param attempt the number of attempts so far, from 1
 * @param asked what the server asked for, in seconds
 */
export function backoff(attempt: number, asked: number | undefined): number | null {
  if (asked !== undefined) return asked * 1000 > LONGEST_WAIT ? null : asked * 1000;
  // Growing and random, so that clients that failed together do not return together.
  return 250 * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
}

/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1), with names in lower case. */
export interface Challenge {
  scheme: string;
  parameters: ReadonlyMap<string, string>;
}

/** Schemes that ask for a token: the standard ones, and others that servers use instead. */
const TOKEN_SCHEMES = ["bearer", "dpop", "jwt", "oauth", "token"];
/** Errors that a new token does not fix (RFC 6750 section 3.1, RFC 9470, RFC 9449 section 7.1). */
const NOT_THE_TOKEN = [
  "insufficient_scope",
  "insufficient_user_authentication",
  "invalid_dpop_proof",
  "use_dpop_nonce",
];

/**
 * Whether a response refuses the token and another token may help: a 401, one of the provider's own
 * statuses, or a 403 that says so, without a challenge that asks for something else.
 */
export function refusesToken(response: Response, provider: Provider): boolean {
  const { status } = response;
  const isRefusal = status === 401 || provider.renewStatuses?.includes(status) === true;
  if (!isRefusal && status !== 403) return false;
  const own = provider.apiAuthorization?.scheme?.toLowerCase();
  const all = challengesOf(response.headers.get("www-authenticate"));
  const ours = all.filter(({ scheme }) => TOKEN_SCHEMES.includes(scheme) || scheme === own);
  const errors = ours.map(({ parameters }) => parameters.get("error"));
  if (!isRefusal) return errors.includes("invalid_token");
  if (status === 401 && all.length > 0 && ours.length === 0) return false;
  return !errors.some((error) => error !== undefined && NOT_THE_TOKEN.includes(error));
}

/** Reads the valid part of a `WWW-Authenticate` header. */
export function challengesOf(header: string | null): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  if (header === null) return found;
  // A parameter or a scheme's name.
  const part = /[\s,]*(?:([^\s,;="()<>@]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|([^\s,;="]+))/y;
  for (let match = part.exec(header); match !== null; match = part.exec(header)) {
    const [, name, quoted, plain, scheme] = match;
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else {
      const value = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "";
      found.at(-1)?.parameters.set((name ?? "").toLowerCase(), value);
    }
  }
  return found;
}
