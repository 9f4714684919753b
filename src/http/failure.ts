import { AuthError } from "../errors.ts";

const TLS =
  /certificate|\bCA file\b|\btls\b|\bssl\b|handshake|UnknownIssuer|SELF_SIGNED|CERT_|UNABLE_TO_/i;

/**
 * Turns what a runtime's `fetch` throws into an {@linkcode AuthError}.
 *
 * @param error what was thrown
 * @param what who did not answer, such as "SpatiaFi's token endpoint (auth.spatiafi.com)"
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
 * Tells whether `fetch` refused a request before it sent anything: what it throws looks the same as
 * when the network fails.
 *
 * @throws {AuthError} `invalid_argument` when it did
 */
export function checkSendable(error: unknown, url: string, init: RequestInit): void {
  if ((error as Partial<Error> | null)?.name !== "TypeError") return;
  const { body, ...rest } = init;
  try {
    // Something else in the body's place: a stream would be used up.
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

/** A fetch error repeats the URL, and a query may hold what the caller wants kept. */
function withoutQueries(error: unknown): unknown {
  // Not by its class: under some test runners it comes from another realm.
  const { name, message } = (error ?? {}) as Partial<Error>;
  if (typeof message !== "string") return undefined;
  const plain = new Error(message.replace(/\?[^\s)"']*/g, "?…"));
  if (typeof name === "string") plain.name = name;
  return plain;
}
