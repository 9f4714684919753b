/**
 * What can go wrong, as a stable string.
 *
 * - `invalid_argument`: an option, URL or provider definition is not usable as given
 * - `unknown_provider`: no provider is registered under that name
 * - `credentials_missing`: nothing to sign in with, and nobody to ask
 * - `credentials_damaged`: a credentials file exists but cannot be used as it is
 * - `login_refused`: the user name, password or signed-in user was refused
 * - `client_refused`: the client id, secret or key was refused (RFC 6749 `invalid_client`)
 * - `grant_refused`: the server refused this grant, scope or code (RFC 6749 section 5.2)
 * - `session_expired`: the session ended and cannot be renewed without a person
 * - `cancelled`: the person cancelled
 * - `aborted`: the caller's `AbortSignal`, or the stop button, ended the wait
 * - `timeout`: a request or a wait took longer than allowed
 * - `network`: no connection, or it broke
 * - `tls`: the server's certificate was not accepted
 * - `server_error`: the server answered 5xx
 * - `rate_limited`: the server answered 429
 * - `bad_response`: the answer is not what the standard says
 * - `redirect_refused`: a redirect that would carry credentials somewhere else
 * - `foreign_origin`: a request to an origin the session's token does not belong to
 * - `foreign_server`: saved credentials or a token would go to a server they do not belong to
 * - `insecure_url`: plain `http` to something other than loopback
 * - `state_mismatch`: an answer to a sign-in this session did not start
 * - `api_error`: the API refused the call
 * - `store_unavailable`: the configuration directory cannot be read or written
 * - `store_locked`: another process holds the store's lock for too long
 * - `permission_denied`: the runtime's permission flags do not allow this
 * - `unsupported`: this runtime or server cannot do what was asked
 */
export type AuthErrorCode =
  | "invalid_argument"
  | "unknown_provider"
  | "credentials_missing"
  | "credentials_damaged"
  | "login_refused"
  | "client_refused"
  | "grant_refused"
  | "session_expired"
  | "cancelled"
  | "aborted"
  | "timeout"
  | "network"
  | "tls"
  | "server_error"
  | "rate_limited"
  | "bad_response"
  | "redirect_refused"
  | "foreign_origin"
  | "foreign_server"
  | "insecure_url"
  | "state_mismatch"
  | "api_error"
  | "store_unavailable"
  | "store_locked"
  | "permission_denied"
  | "unsupported";

/** What an {@linkcode AuthError} may carry beside its code and message. */
export interface AuthErrorOptions {
  /** The error underneath. Only its name, code and message are kept, and never a secret. */
  cause?: unknown;
  /** The HTTP status that led to this error. */
  status?: number;
  /** The RFC 6749 section 5.2 `error` value the server sent, such as `invalid_grant`. */
  error?: string;
  /** How long the server asks to wait before another try, in seconds. */
  retryAfter?: number;
  /** The beginning of what the API answered, cleaned of secrets. */
  body?: string | undefined;
}

/**
 * The one error of this module: a stable {@linkcode AuthErrorCode}, and a message that says what to
 * do next. It holds no secret, at any depth.
 *
 * @example Reacting to a code
 * ```ts
 * import { AuthError, getSession } from "@onecell/auth";
 *
 * try {
 *   await getSession("spatiafi", { interactive: false });
 * } catch (error) {
 *   if (!(error instanceof AuthError)) throw error;
 *   error.code; // "credentials_missing"
 * }
 * ```
 */
export class AuthError extends Error {
  /** The class name, `"AuthError"`. */
  override name = "AuthError";
  /** What went wrong, stable across versions. */
  readonly code: AuthErrorCode;
  /** The HTTP status that led to this error, when there was one. */
  declare readonly status?: number;
  /** The RFC 6749 section 5.2 `error` value the server sent, when it is a plain error name. */
  declare readonly error?: string;
  /** How long the server asks to wait before another try, in seconds, when it said so. */
  declare readonly retryAfter?: number;
  /** The beginning of what the API answered, without secrets, when there was something to read. */
  declare readonly body?: string;

  /**
   * Makes an error. Users catch them; only this module makes them.
   *
   * @param code what went wrong
   * @param message what happened and what to do next
   * @param options the cause, and what the server said
   */
  constructor(code: AuthErrorCode, message: string, options: AuthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: plainCause(options.cause) });
    this.code = code;
    if (options.status !== undefined) this.status = options.status;
    if (options.error !== undefined) this.error = options.error;
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
    if (options.body !== undefined) this.body = options.body;
    if (this.stack) this.stack = shortStack(this.stack, code);
  }
}

/**
 * A kernel prints the whole stack into the notebook: the code belongs there, as Node shows its own,
 * and the frames inside this module help nobody.
 */
function shortStack(stack: string, code: AuthErrorCode): string {
  const lines = stack.split("\n");
  const frames = lines.findIndex((line) => /^\s+at /.test(line));
  const end = frames === -1 ? lines.length : frames + 3;
  return lines.slice(0, end).join("\n").replace(/^(Auth)?Error:/, `AuthError [${code}]:`);
}

/** Reduces a cause to its name, code and message: request and response objects hold secrets. */
function plainCause(cause: unknown): unknown {
  if (cause instanceof AuthError) return cause;
  if (!(cause instanceof Error)) return typeof cause === "string" ? cause : undefined;
  const code = (cause as { code?: unknown }).code;
  const plain: { name: string; message: string; code?: string } = {
    name: cause.name,
    message: cause.message,
  };
  if (typeof code === "string") plain.code = code;
  return plain;
}

/** What an aborted signal means for the caller, as an {@linkcode AuthError}. */
export function abortReason(signal: AbortSignal): AuthError {
  const reason: unknown = signal.reason;
  if (reason instanceof AuthError) return reason;
  const error = isTimeout(signal)
    ? new AuthError("timeout", "The time allowed ran out. Try again, or give a longer timeout.")
    : new AuthError("aborted", "Stopped before it was done. Run it again when you are ready.");
  // The caller's own reason, as it is: it tells one stop from another.
  Object.defineProperty(error, "cause", { value: reason, configurable: true, writable: true });
  return error;
}

/** Whether a signal ended because its time was over, as that of `AbortSignal.timeout` does (DOM). */
export function isTimeout({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
