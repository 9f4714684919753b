/**
 * Finds out what an unusable response means: its kind, its name, and the server's words. Pure;
 * `refusal.ts` turns the result into an error.
 */

/** The parts of a request that affect how its response is judged. */
export interface Asked {
  /** The grant's short name, such as `refresh_token`, or another step, such as `revocation`. */
  readonly grant: string;
  /** Whether the tokens should be bound to a key (DPoP, RFC 9449). */
  readonly dpop?: boolean;
}

/**
 * What the server refused. This decides what happens next.
 *
 * - `grant`: this refresh token, code or device code, which no longer works
 * - `client`: the client itself; every other grant would fail too
 * - `login`: the username or password; or the person declined
 * - `request`: the scope, the resource or another setting
 * - `pending`, `slow_down`: the person has not decided yet (RFC 8628 section 3.5)
 * - `passing`: the server is busy or has problems; the same request may work later
 * - `unreadable`: the response is not one that such an endpoint sends
 */
export type RefusalKind =
  | "grant"
  | "client"
  | "login"
  | "request"
  | "pending"
  | "slow_down"
  | "passing"
  | "unreadable";

/** A refusal, as read from the response. */
export interface Refusal {
  readonly kind: RefusalKind;
  readonly status: number;
  /** The error's name, if it has one. */
  readonly error?: string;
  /** The server's words, unchanged. They may repeat what was sent, secrets included. */
  readonly description?: string;
  /** Why it is unreadable, in our words. */
  readonly why?: string;
}

/** Error names that mean the same as HTTP 429 or 5xx, regardless of the status. */
const PASSING =
  /^(temporarily_unavailable|server_error|service_unavailable|internal(_server)?_error|fatal_error|request_timeout|rate_?limit.*|too_many_.*|slow_down)$/;

/** Error names for a refused client: `invalid_client`, `bad_client_secret`, `deleted_client`. */
const CLIENT = /(^|_)client(_|$)/;

/** Error names for a refused username or password. */
const LOGIN =
  /^(invalid_grant|access_denied|invalid_(user|credentials|login|password).*|bad_credentials|unauthorized|mfa_.*)$/;

/** Error names for a code that no longer works. */
const CODE =
  /^(invalid_grant|expired_token|bad_verification_code|invalid_code|code_expired|code_already_used|incorrect_device_code)$/;

/** Error names that say no more than the status. */
const VAGUE =
  /^(unauthorized|forbidden|invalid_token|bad_request|badrequest|error|fail(ed|ure)?|invalid)$/;

/** Error names for a sign-in that a person or a policy declined. */
const DECLINED = /^(access_denied|authorization_declined)$/;

/** Judges an unusable response. */
export function refusalOf(
  { grant }: Asked,
  status: number,
  headers: Headers,
  text: string,
): Refusal {
  const body = bodyOf(text);
  const challenge = challengeOf(headers);
  // Prefer the body: some servers add a challenge to every refusal, regardless of its cause.
  const words = body === undefined ? plainWords(text, headers) : wordsOf(body);
  const said = words.error === undefined && challenge.error !== undefined
    ? { ...words, ...challenge.words }
    : words;
  const { error: name = "" } = said;
  const refused = (kind: RefusalKind): Refusal => ({ kind, status, ...said });

  if (grant === "device_code" && name === "authorization_pending") return refused("pending");
  if (grant === "device_code" && name === "slow_down") return refused("slow_down");
  if (PASSING.test(name) || isPassing(status)) return refused("passing");
  if (status >= 300 && status < 400) return refused("unreadable");
  if (isSuccess(status) && !(body && hasFailed(body))) {
    return { ...refused("unreadable"), why: body ? "it has no result" : "it is not JSON" };
  }
  const isRefresh = grant === "refresh_token";
  // A client that may not use refresh tokens may still use other grants.
  const isNamed = CLIENT.test(name) && !(isRefresh && name === "unauthorized_client");
  if (isNamed || (name === "" && status === 401 && challenge.scheme === "basic")) {
    return refused("client");
  }
  // Any other error means that this refresh token does not work. A new one may.
  if (isRefresh) return refused("grant");
  // There is no person in this grant, so all these names mean the client (Auth0, Earthdata).
  if (grant === "client_credentials" && status === 401 && LOGIN.test(name)) {
    return refused("client");
  }
  if (DECLINED.test(name)) return refused("login");
  if (grant === "password" && LOGIN.test(name)) return refused("login");
  if ((grant === "authorization_code" || grant === "device_code") && CODE.test(name)) {
    return refused("grant");
  }
  if (name !== "" && !VAGUE.test(name)) return refused("request");
  if (status === 401 || status === 403) {
    // 403 means that the client is known but not allowed, unless the server says nothing at all (Glewlwyd).
    const isSilent = name === "" && said.description === undefined;
    const isClient = grant === "client_credentials" && (status === 401 || isSilent);
    return refused(isClient ? "client" : grant === "password" ? "login" : "request");
  }
  return said.description === undefined
    ? { ...refused("unreadable"), why: `HTTP ${status}` }
    : refused("request");
}

/** True for a temporary failure: the same request may work a moment later. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429 || status === 407;
}

type Words = Pick<Refusal, "error" | "description">;

/** Finds the error's name and the server's words, which servers put in different members. */
export function wordsOf(body: Body): Words {
  const inner = [body["error"], listed(body["errors"]), body["fault"], body["data"]].filter(
    isObject,
  );
  const fault = isObject(body["fault"]) ? body["fault"]["detail"] : undefined;
  const sources = [body, ...inner, ...(isObject(fault) ? [fault] : [])];
  const first = (names: readonly string[], fits: (value: unknown) => boolean) => {
    for (const source of sources) {
      for (const name of names) if (fits(source[name])) return String(source[name]);
    }
    return undefined;
  };
  const isText = (value: unknown) => typeof value === "string" && value.trim() !== "";
  const error = first(NAMES, isName)?.trim().toLowerCase();
  const description = first(WORDS, isText) ?? first(["error"], isText);
  return {
    ...(error === undefined ? {} : { error }),
    ...(description === undefined || description.trim().toLowerCase() === error
      ? {}
      : { description }),
  };
}

/** Members in which servers send an error's name (`NAMES`) and its description (`WORDS`). */
const NAMES = [
  "error",
  "errorCode",
  "error_code",
  "errorType",
  "errorcode",
  "code",
  "status",
  "type",
];
const WORDS = [
  "error_description",
  "errorSummary",
  "detail",
  "message",
  "msg",
  "error_message",
  "reason",
  "faultstring",
  "description",
];

/** True for a name, but not for a sentence or a number. */
function isName(value: unknown): boolean {
  return typeof value === "string" && /^[A-Za-z][A-Za-z0-9_.-]{2,59}$/.test(value.trim());
}

function listed(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

/** Takes a short plain text as the server's words, but not a web page. */
function plainWords(text: string, headers: Headers): Words {
  const line = text.trim();
  const isPlain = line !== "" && line.length <= 300 && !/[<{]/.test(line) &&
    !/html|xml/i.test(headers.get("content-type") ?? "");
  return isPlain ? { description: line } : {};
}

/** The first challenge of `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3). */
function challengeOf(headers: Headers): { scheme?: string; error?: string; words: Words } {
  const text = headers.get("www-authenticate") ?? "";
  const scheme = /^\s*([\w-]+)/.exec(text)?.[1]?.toLowerCase();
  const error = /\berror\s*=\s*"?([A-Za-z0-9_.-]{3,60})/.exec(text)?.[1]?.toLowerCase();
  const description = /\berror_description\s*=\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  return {
    ...(scheme === undefined ? {} : { scheme }),
    ...(error === undefined ? {} : { error }),
    words: {
      ...(error === undefined ? {} : { error }),
      ...(description === undefined ? {} : { description: description.replace(/\\(.)/g, "$1") }),
    },
  };
}

/** Reads the body of an authorization server's response. */

/** The members of a response body. */
export type Body = Record<string, unknown>;

/** Parses a body that is a JSON object or a form, regardless of its content type. */
export function bodyOf(text: string): Body | undefined {
  const trimmed = text.replace(/^\ufeff/, "").trim();
  try {
    const value: unknown = JSON.parse(trimmed);
    return isObject(value) ? value : undefined;
  } catch {
    const isForm = /^[\w.-]+=[^\s<>{}]*$/.test(trimmed) &&
      /(^|&)(access_token|error)=/.test(trimmed);
    return isForm ? Object.fromEntries(new URLSearchParams(trimmed)) : undefined;
  }
}

/** True for a JSON object. */
export function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True if the body of a 2xx response reports an error, as GitHub, Slack and ArcGIS do. */
export function hasFailed(body: Body): boolean {
  const { error } = body;
  return (error !== undefined && error !== null && error !== "" && error !== false &&
    error !== 0) ||
    ((body["ok"] === false || body["success"] === false) && body["access_token"] === undefined);
}

/** Returns a string, or an integer as a string. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** Returns a number, or a numeric string as a number. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isNaN(value) ? undefined : value;
  if (typeof value !== "string" || !/^\s*[+-]?\d+(\.\d+)?\s*$/.test(value)) return undefined;
  return Number(value);
}

/** True for a 2xx status. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
