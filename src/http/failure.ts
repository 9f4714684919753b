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
    `No answer from ${what}: the connection failed or broke. Check the network, and HTTPS_PROXY if there is a proxy; then try again.`,
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
  if (!(error instanceof TypeError)) return;
  const { body, ...rest } = init;
  try {
    // Something else in the body's place: a stream would be used up.
    const stand = body instanceof ReadableStream ? new ReadableStream() : "";
    void new Request(url, body ? { ...rest, body: stand } : rest);
  } catch {
    throw new AuthError(
      "invalid_argument",
      "fetch cannot send this request: GET and HEAD take no body, and CONNECT, TRACE and TRACK are not allowed. " +
        'Check its method, headers and body; a stream needs duplex: "half".',
    );
  }
}

/** The names and messages of an error and its causes. */
function describeChain(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    parts.push(at.name, at.message, String((at as { code?: unknown }).code ?? ""));
  }
  return parts.join(" ");
}

function isNotCapable(error: unknown): boolean {
  return error instanceof Error &&
    (error.name === "NotCapable" || error.name === "PermissionDenied");
}

/** A fetch error repeats the URL, and a query may hold what the caller wants kept. */
function withoutQueries(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  const plain = new Error(error.message.replace(/\?[^\s)"']*/g, "?…"));
  plain.name = error.name;
  return plain;
}
