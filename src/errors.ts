/**
 * What went wrong, as a stable string, grouped by what a program does next. A minor release may add codes:
 * treat a code that you do not know as a failure.
 *
 * - `invalid_argument`: an option, URL or provider definition is invalid
 * - `unknown_provider`: no provider is registered with that name
 * - `credentials_missing`: there are no credentials, and nobody to prompt: set them
 * - `credentials_damaged`: a credentials file exists but cannot be used
 * - `login_required`: a person has to sign in but nobody can be prompted, or the session has ended
 * - `login_refused`: the username, password or signed-in user was refused
 * - `login_timeout`: nobody signed in within the time limit
 * - `client_refused`: the client ID, secret or key was refused (RFC 6749 `invalid_client`)
 * - `grant_refused`: the server refused this grant, scope or code (RFC 6749 section 5.2)
 * - `cancelled`: the person cancelled with an empty answer or the stop button
 * - `aborted`: the caller's `AbortSignal` ended the wait; the `cause` is its reason
 * - `timeout`: a request or a wait took too long
 * - `network`: there was no connection, or it was lost
 * - `tls`: the server's certificate is not trusted
 * - `server_error`: the server returned 5xx
 * - `rate_limited`: the server returned 429
 * - `bad_response`: the response does not follow the standard
 * - `redirect_refused`: a redirect would send credentials somewhere else
 * - `foreign_origin`: a request goes to an origin that may not receive the session's token
 * - `foreign_server`: a secret or a token would go to a server that it does not belong to
 * - `insecure_url`: plain `http` to a host other than loopback
 * - `state_mismatch`: a response belongs to a sign-in that this session did not start
 * - `api_error`: the API refused the request; see `status` and `body`
 * - `store_unavailable`: the configuration folder cannot be read or written
 * - `store_locked`: another process held the store's lock for too long
 * - `permission_denied`: the runtime's permission flags do not allow this
 * - `unsupported`: this runtime or server does not support the operation
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

/** Optional details of an {@linkcode AuthError}. */
export interface AuthErrorOptions {
  /** The underlying error. Only its name, code and message are kept, and never a secret. */
  cause?: unknown;
  /** The HTTP status that caused this error. */
  status?: number | undefined;
  /** The `error` value that the server sent (RFC 6749 section 5.2), such as `invalid_grant`. */
  error?: string | undefined;
  /** How long the server asks you to wait before you try again, in seconds. */
  retryAfter?: number | undefined;
  /** The beginning of the API's response, without secrets. */
  body?: string | undefined;
}

/** Marks an error of this module, from any copy or realm. */
const MARK = Symbol.for("@onecell/auth/error");

/**
 * Every error of this module: a stable {@linkcode AuthErrorCode}, and a message that says what to do
 * next. It holds no secret at any depth.
 *
 * @example Handle a code
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
  /** The HTTP status that caused this error, if any. */
  declare readonly status: number | undefined;
  /** The `error` value that the server sent (RFC 6749 section 5.2), if it is a plain error name. */
  declare readonly error: string | undefined;
  /** How long the server asks you to wait before you try again, in seconds, if it says so. */
  declare readonly retryAfter: number | undefined;
  /** The beginning of the API's response, without secrets, if there was one. */
  declare readonly body: string | undefined;

  /**
   * Creates an error, to test how a program handles it.
   *
   * @param code what went wrong
   * @param message what happened and what to do next
   * @param options the cause and the details from the server
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
   * True for an error of this module, even from another copy or realm. With codes: true only for those codes.
   *
   * @param error any caught value
   * @param codes the codes to accept; all if there are none
   */
  static is<C extends AuthErrorCode = AuthErrorCode>(
    error: unknown,
    ...codes: readonly C[]
  ): error is AuthError & { readonly code: C } {
    if (typeof error !== "object" || error === null || !(MARK in error)) return false;
    return codes.length === 0 || codes.includes((error as { code?: unknown }).code as C);
  }

  /**
   * `instanceof` also finds errors of another copy or realm.
   *
   * @param error any caught value
   */
  static override [Symbol.hasInstance](error: unknown): error is AuthError {
    return AuthError.is(error);
  }
}

Object.defineProperty(AuthError.prototype, MARK, { value: true });

/** The location of this copy of the module: `src/` here, `chunks/` in the npm package. */
const ours = () => new URL(".", import.meta.url);

/** How many of the caller's frames to show, because a kernel prints the stack into the notebook. */
const FRAMES = 4;

/**
 * Gives an error the stack of the module's caller, because our own frames help nobody. Public functions
 * call it again when they throw, because an earlier wait may have cut off the stack.
 */
export function showCaller(error: AuthError): void {
  if (/^\s+at /m.test(error.stack ?? "") && isShort(error)) return;
  // Engines keep ten frames, which may all be ours. A frozen `Error` keeps its own limit.
  const { stackTraceLimit } = Error;
  Reflect.set(Error, "stackTraceLimit", 50);
  const { stack = "" } = new Error();
  Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  const frames = stack.split("\n").filter(isCallers).slice(0, FRAMES);
  const text = [`AuthError [${error.code}]: ${error.message}`, ...frames].join("\n");
  Object.defineProperty(error, "stack", { value: text, writable: true, configurable: true });
}

const isShort = ({ stack = "", code }: AuthError) => stack.startsWith(`AuthError [${code}]:`);

/** True for a frame of the caller's program, as V8 or JavaScriptCore writes it. */
function isCallers(line: string): boolean {
  if (!/^\s+at |@/.test(line)) return false;
  if (/\b(ext|node|internal|native):|\[native code\]|<anonymous>\)?$/.test(line)) return false;
  const { href, pathname } = ours();
  return !line.includes(href) && !line.includes(pathname) &&
    !line.includes(new URL("../mod.", href).href);
}

/** Reduces a cause to its name, code and message, because request and response objects hold secrets. */
function plainCause(cause: unknown): unknown {
  if (AuthError.is(cause)) return cause;
  if (!isError(cause)) return typeof cause === "string" ? cause : undefined;
  const { name, message, code } = cause as Error & { code?: unknown };
  return { name, message, ...(typeof code === "string" ? { code } : {}) };
}

/** It does not check the class, because an error may come from another realm (Jest, a Vitest worker). */
export function isError(value: unknown): value is Error {
  return typeof value === "object" && value !== null &&
    typeof (value as Error).name === "string" && typeof (value as Error).message === "string";
}

/** The error for an aborted signal. Its cause is the signal's reason. */
export function abortReason(signal: AbortSignal): AuthError {
  const reason: unknown = signal.reason;
  if (AuthError.is(reason)) return reason;
  const error = isTimeout(signal)
    ? new AuthError("timeout", "Timed out. Try again, or give a longer timeout.")
    : new AuthError("aborted", "Cancelled before it finished. Run it again when you are ready.");
  // The caller's own reason, unchanged.
  Object.defineProperty(error, "cause", { value: reason, writable: true, configurable: true });
  return error;
}

/** True if a signal ended because its time was over, as with `AbortSignal.timeout` (DOM). */
export function isTimeout({ reason }: AbortSignal): boolean {
  return isError(reason) && reason.name === "TimeoutError";
}

/**
 * Waits for a module that loads late. The first use downloads packages and may be offline. The
 * runtime's own message for that is for module authors.
 *
 * @throws {AuthError} `network` for a module that is not on this machine and cannot be downloaded;
 * `unsupported` for a package that has to be installed
 */
export async function loaded<T>(module: Promise<T>): Promise<T> {
  try {
    return await module;
  } catch (error) {
    if (!isError(error) || AuthError.is(error)) throw error;
    const { name, message, code } = error as Error & { code?: unknown };
    if (code !== "ERR_MODULE_NOT_FOUND" && name !== "ResolveMessage") throw error;
    throw missingModule(message);
  }
}

/** The error for a module that the runtime did not find, from the runtime's own message. */
function missingModule(message: string): AuthError {
  const [, name] = PACKAGE.exec(message) ?? [];
  const module = name === undefined ? "A part of this module" : `The package ${name}`;
  if (name !== undefined && message.includes("node_modules directory")) {
    return new AuthError(
      "unsupported",
      `${module} is not in the folder node_modules, where Deno looks because of a package.json. Run ` +
        `here: deno add jsr:@onecell/auth npm:${name}. Or set "nodeModulesDir": "auto" in deno.json.`,
    );
  }
  if (name !== undefined && message.startsWith("Cannot find package")) {
    return new AuthError("unsupported", `${module} is not installed. Run: npm install ${name}`);
  }
  return new AuthError(
    "network",
    `${module} is not on this machine, and could not be downloaded. Go online and run it again. Or ` +
      `download it before: deno cache jsr:@onecell/auth${name === undefined ? "" : ` npm:${name}`}`,
  );
}

/** How runtimes name a missing package. A version may come after the name. */
const PACKAGE = /package (?:not found in cache: |for )?["'](?:npm:)?(@?[\w.-]+(?:\/[\w.-]+)?)/;
