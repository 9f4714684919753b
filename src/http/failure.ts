import { AuthError } from "../errors.ts";

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
