/**
 * What can go wrong, as a stable string, grouped by what a program does next. There may be more of them in
 * a minor release: treat a code you do not know as you treat the others of its kind.
 *
 * - `invalid_argument`: an option, URL or provider definition is not usable as given
 * - `unknown_provider`: no provider is registered under that name
 * - `credentials_missing`: no credentials to sign in with, and nobody to prompt: set them
 * - `credentials_damaged`: a credentials file exists but cannot be used as it is
 * - `login_required`: a person has to sign in, and nobody is here, or the session has ended
 * - `login_refused`: the username, password or signed-in user was refused
 * - `login_timeout`: the person did not sign in within the time allowed
 * - `client_refused`: the client ID, secret or key was refused (RFC 6749 `invalid_client`)
 * - `grant_refused`: the server refused this grant, scope or code (RFC 6749 section 5.2)
 * - `cancelled`: the person cancelled, by an empty answer or with the stop button
 * - `aborted`: the caller's `AbortSignal` ended the wait; its reason is the `cause`
 * - `timeout`: a request or a wait took longer than allowed
 * - `network`: no connection, or it was lost
 * - `tls`: the server's certificate was not accepted
 * - `server_error`: the server returned 5xx
 * - `rate_limited`: the server returned 429
 * - `bad_response`: the response does not follow the standard
 * - `redirect_refused`: a redirect that would carry credentials somewhere else
 * - `foreign_origin`: a request to an origin the session's token does not belong to
 * - `foreign_server`: a secret or a token would go to a server that it does not belong to
 * - `insecure_url`: plain `http` to something other than loopback
 * - `state_mismatch`: a response to a sign-in that this session did not start
 * - `api_error`: the API refused the call; `status` and `body` say how
 * - `store_unavailable`: the configuration directory cannot be read or written
 * - `store_locked`: another process held the store's lock for too long
 * - `permission_denied`: the runtime's permission flags do not allow this
 * - `unsupported`: this runtime or server cannot do what was asked
 */
export type AuthErrorCode =
  | "invalid_argument"
  | "unknown_provider"
  | "credentials_missing"
  | "credentials_damaged"
  | "login_required"
  | "login_refused"
  | "login_timeout"
  | "client_refused"
  | "grant_refused"
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
  status?: number | undefined;
  /** The RFC 6749 section 5.2 `error` value the server sent, such as `invalid_grant`. */
  error?: string | undefined;
  /** How long the server asks to wait before another try, in seconds. */
  retryAfter?: number | undefined;
  /** The beginning of the API's response, without secrets. */
  body?: string | undefined;
}

/** Marks an error of this module, from any copy or realm. */
const MARK = Symbol.for("@onecell/auth/error");

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
 *   if (!AuthError.is(error, "credentials_missing", "login_required")) throw error;
 *   error.message; // which variables or files to set
 * }
 * ```
 */
export class AuthError extends Error {
  /** The class name, `"AuthError"`. */
  override readonly name: "AuthError" = "AuthError";
  /** What went wrong, stable across versions. */
  readonly code: AuthErrorCode;
  /** The HTTP status that led to this error, when there was one. */
  declare readonly status: number | undefined;
  /** The RFC 6749 section 5.2 `error` value the server sent, when it is a plain error name. */
  declare readonly error: string | undefined;
  /** How long the server asks to wait before another try, in seconds, if it said so. */
  declare readonly retryAfter: number | undefined;
  /** The beginning of the API's response, without secrets, if there was one. */
  declare readonly body: string | undefined;

  /**
   * Makes an error, for tests of how a program handles it.
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
    showCaller(this);
  }

  /**
   * True for an error of this module, also from another copy or realm; with codes, only for those codes.
   *
   * @param error any caught value
   * @param codes the codes to look for; without any, every code
   */
  static is<C extends AuthErrorCode = AuthErrorCode>(
    error: unknown,
    ...codes: readonly C[]
  ): error is AuthError & { readonly code: C } {
    if (typeof error !== "object" || error === null || !(MARK in error)) return false;
    return codes.length === 0 || codes.includes((error as { code?: unknown }).code as C);
  }

  /**
   * `instanceof` finds errors of another copy or realm, too.
   *
   * @param error any caught value
   */
  static override [Symbol.hasInstance](error: unknown): error is AuthError {
    return AuthError.is(error);
  }
}

Object.defineProperty(AuthError.prototype, MARK, { value: true });

/** Where this copy of the module is: `src/` here, `chunks/` in the npm package. */
const OURS = new URL(".", import.meta.url);

/** How many frames of the caller are shown: a kernel prints the stack into the notebook. */
const FRAMES = 4;

/**
 * Gives an error the stack of the module's caller: the frames inside it help nobody. Called
 * again where a public function lets an error out, since a wait in between may have cut the stack off.
 */
export function showCaller(error: AuthError): void {
  if (/^\s+at /m.test(error.stack ?? "") && isShort(error)) return;
  // Deep inside, the caller's frames come after the ten that engines keep. A frozen `Error` keeps its own.
  const { stackTraceLimit } = Error;
  Reflect.set(Error, "stackTraceLimit", 50);
  const { stack = "" } = new Error();
  Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  const frames = stack.split("\n").filter(isCallers).slice(0, FRAMES);
  const text = [`AuthError [${error.code}]: ${error.message}`, ...frames].join("\n");
  Object.defineProperty(error, "stack", { value: text, writable: true, configurable: true });
}

const isShort = ({ stack = "", code }: AuthError) => stack.startsWith(`AuthError [${code}]:`);

/** A frame of the program's own, in the words of V8 or of JavaScriptCore. */
function isCallers(line: string): boolean {
  if (!/^\s+at |@/.test(line)) return false;
  if (/\b(ext|node|internal|native):|\[native code\]|<anonymous>\)?$/.test(line)) return false;
  return !line.includes(OURS.href) && !line.includes(OURS.pathname) &&
    !line.includes(new URL("../mod.", OURS).href);
}

/** Reduces a cause to its name, code and message: request and response objects hold secrets. */
function plainCause(cause: unknown): unknown {
  if (AuthError.is(cause)) return cause;
  if (!isError(cause)) return typeof cause === "string" ? cause : undefined;
  const { name, message, code } = cause as Error & { code?: unknown };
  return { name, message, ...(typeof code === "string" ? { code } : {}) };
}

/** Not by its class: an error may come from another realm, as in Jest or in a worker of Vitest. */
export function isError(value: unknown): value is Error {
  return typeof value === "object" && value !== null &&
    typeof (value as Error).name === "string" && typeof (value as Error).message === "string";
}

/** What an aborted signal means for the caller: an {@linkcode AuthError} whose cause is the reason. */
export function abortReason(signal: AbortSignal): AuthError {
  const reason: unknown = signal.reason;
  if (AuthError.is(reason)) return reason;
  const error = isTimeout(signal)
    ? new AuthError("timeout", "Timed out. Try again, or give a longer timeout.")
    : new AuthError("aborted", "Cancelled before it finished. Run it again when you are ready.");
  // The caller's own reason, returned unchanged.
  Object.defineProperty(error, "cause", { value: reason, writable: true, configurable: true });
  return error;
}

/** Whether a signal ended because its time was over, as that of `AbortSignal.timeout` does (DOM). */
export function isTimeout({ reason }: AbortSignal): boolean {
  return isError(reason) && reason.name === "TimeoutError";
}

/**
 * Waits for a module that is loaded late. A first use downloads packages, and may be offline: what the
 * runtime's own message is for module authors.
 *
 * @throws {AuthError} `network` for one that is neither on this machine nor to be had
 */
export async function loaded<T>(module: Promise<T>): Promise<T> {
  try {
    return await module;
  } catch (error) {
    if (!isError(error) || AuthError.is(error)) throw error;
    const { name, message, code } = error as Error & { code?: unknown };
    if (code !== "ERR_MODULE_NOT_FOUND" && name !== "ResolveMessage") throw error;
    const [, missing] = PACKAGE.exec(message) ?? [];
    throw new AuthError(
      "network",
      `${
        missing ? `The package ${missing}` : "A part of this module"
      } is not on this machine, and ` +
        "could not be downloaded. Go online and run it again. Or install it first: " +
        "deno cache jsr:@onecell/auth, or in Node and Bun: npm install @onecell/auth.",
    );
  }
}

/** How Deno and Node name a package that they do not have; a version comes after the name. */
const PACKAGE = /package (?:not found in cache: )?["'](@?[\w.-]+(?:\/[\w.-]+)?)/;
