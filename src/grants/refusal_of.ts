import { type Body, bodyOf, hasFailed, isObject, isSuccess } from "./answer_body.ts";

/**
 * What an unusable response means: its kind, its name, and the server's words. Pure; errors
 * are made from it in `refusal.ts`.
 */

/** What was asked, as far as it matters for the answer. */
export interface Asked {
  /** The grant, by its short name, such as `refresh_token` or `device_code`; else the step, such as `revocation`. */
  readonly grant: string;
  /** Whether the tokens are to be bound to a key (DPoP, RFC 9449). */
  readonly dpop?: boolean;
}

/**
 * What a refusal is about; what happens next follows from it.
 *
 * - `grant`: this refresh token, code or device code is worth nothing any more
 * - `client`: the client itself, which every grant would meet
 * - `login`: the username, the password, or the person who said no
 * - `request`: the scope, the resource or another setting
 * - `pending`, `slow_down`: nothing is decided yet (RFC 8628 section 3.5)
 * - `passing`: the server has no time or has problems; the same request may work later
 * - `unreadable`: not an answer of such an endpoint
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

/** A refusal, as the server put it. */
export interface Refusal {
  readonly kind: RefusalKind;
  readonly status: number;
  /** The error's name, where it is one. */
  readonly error?: string;
  /** The server's own words, uncleaned. They may repeat what was sent. */
  readonly description?: string;
  /** Why it is unreadable, in our words. */
  readonly why?: string;
}

/** Names that mean the same as HTTP 429 or 5xx, with any status. */
const PASSING =
  /^(temporarily_unavailable|server_error|service_unavailable|internal(_server)?_error|fatal_error|request_timeout|rate_?limit.*|too_many_.*|slow_down)$/;

/** Names for a client that is refused: `invalid_client`, `bad_client_secret`, `deleted_client`. */
const CLIENT = /(^|_)client(_|$)/;

/** Names for a username or password that is refused. */
const LOGIN =
  /^(invalid_grant|access_denied|invalid_(user|credentials|login|password).*|bad_credentials|unauthorized|mfa_.*)$/;

/** Names for a code that is worth nothing any more. */
const CODE =
  /^(invalid_grant|expired_token|bad_verification_code|invalid_code|code_expired|code_already_used|incorrect_device_code)$/;

/** Names that say no more than the status. */
const VAGUE =
  /^(unauthorized|forbidden|invalid_token|bad_request|badrequest|error|fail(ed|ure)?|invalid)$/;

/** A person, or a policy, that said no. */
const DECLINED = /^(access_denied|authorization_declined)$/;

/** What an unusable response means. */
export function refusalOf(
  { grant }: Asked,
  status: number,
  headers: Headers,
  text: string,
): Refusal {
  const body = bodyOf(text);
  const challenge = challengeOf(headers);
  // The body first: some servers add a challenge to every refusal, about anything.
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
  // A client that may not refresh may still do the rest.
  const isNamed = CLIENT.test(name) && !(isRefresh && name === "unauthorized_client");
  if (isNamed || (name === "" && status === 401 && challenge.scheme === "basic")) {
    return refused("client");
  }
  // Under any name: this refresh token does not work, and a new one may.
  if (isRefresh) return refused("grant");
  // No person takes part, so the client is refused, under any name (Auth0, Earthdata).
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
    // 403 says that the client is known but not allowed, unless the server says nothing at all (Glewlwyd).
    const isSilent = name === "" && said.description === undefined;
    const isClient = grant === "client_credentials" && (status === 401 || isSilent);
    return refused(isClient ? "client" : grant === "password" ? "login" : "request");
  }
  return said.description === undefined
    ? { ...refused("unreadable"), why: `HTTP ${status}` }
    : refused("request");
}

/** True for what says nothing about the request: it may work a moment later. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429 || status === 407;
}

type Words = Pick<Refusal, "error" | "description">;

/** The error's name and the server's words, wherever it puts them. */
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

/** Where servers put an error's name, and their words about it. */
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

/** A name, and nothing that could be a sentence or a number. */
function isName(value: unknown): boolean {
  return typeof value === "string" && /^[A-Za-z][A-Za-z0-9_.-]{2,59}$/.test(value.trim());
}

function listed(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

/** A short plain text is what the server says; a page is not. */
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
