import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import { checkTransport } from "../base/url.ts";

/** One API request, ready to be sent as often as its body allows. */
export interface ApiRequest {
  /** Absolute. */
  url: string;
  method: string;
  /** The caller's headers, or `undefined` when there are none. */
  headers: Headers | undefined;
  /** Everything else of the caller's `init`. */
  init: RequestInit;
  signal: AbortSignal | undefined;
  /** False for a body that can be read only once. */
  replayable: boolean;
  /** What the caller wants done with a redirect. */
  redirect: RequestRedirect;
}

/**
 * Reads what a caller gave `fetch`, and refuses what the token must not go to.
 *
 * @throws {AuthError} `foreign_origin`, `insecure_url` or `invalid_argument`
 */
export async function prepareRequest(
  system: System,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<ApiRequest> {
  // Not by its class: a program may bring another `Request` than the runtime's own.
  const given = typeof input === "object" && input !== null && "url" in input ? input : undefined;
  const url = resolveUrl(system, given ? given.url : input as string | URL);
  checkTarget(system, url);
  const { headers: extra, signal, redirect, ...rest } = init ?? {};
  const method = String(rest.method ?? given?.method ?? "GET").toUpperCase();
  const headers = given || extra ? readHeaders(extra ?? given?.headers) : undefined;
  const request: ApiRequest = {
    url: url.href,
    method,
    headers,
    init: { ...rest, method },
    signal: signal ?? given?.signal ?? undefined,
    replayable: !(rest.body instanceof ReadableStream),
    redirect: redirect ?? given?.redirect ?? "follow",
  };
  if (given?.body && rest.body === undefined) {
    if (given.bodyUsed) {
      throw new AuthError(
        "invalid_argument",
        "This Request was sent or read before. Make another.",
      );
    }
    // A Request's body can be read once; read now, it can be sent again after a renewal.
    request.init.body = await given.arrayBuffer();
  }
  return request;
}

function readHeaders(headers: HeadersInit | undefined): Headers {
  try {
    return new Headers(headers);
  } catch {
    // The runtime's own words repeat the value, which may be a secret.
    throw new AuthError(
      "invalid_argument",
      "A header is not valid: its name takes letters, digits and hyphens, its value one line of Latin-1.",
    );
  }
}

/** Resolves a URL against the API, as a browser would against a page. */
export function resolveUrl(system: System, input: string | URL): URL {
  // What is neither a text nor a URL would be made one, such as "null".
  const isUrl = typeof input === "string" || input instanceof URL;
  if (isUrl && URL.canParse(input, system.apiUrl)) return new URL(input, system.apiUrl);
  throw new AuthError(
    "invalid_argument",
    `This is not a URL. Give a path such as "/api/…" or a URL below ${system.apiUrl.origin}.`,
  );
}

/** Refuses a URL the session's token does not belong to. */
export function checkTarget(system: System, url: URL): void {
  if (!system.origins.has(url.origin)) {
    checkTransport(url, "URL to fetch");
    throw new AuthError(
      "foreign_origin",
      `${url.origin} is not ${system.provider.title}'s API (${
        [...system.origins].join(", ")
      }), so the ` +
        `token is not sent there. If it belongs there, pass getSession the option origins: ["${url.origin}"].`,
    );
  }
  // The origin of a `blob:` URL is that of the page it was made for.
  const isPlain = /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!isPlain) checkTransport(url, "URL to fetch");
  const { refusedPaths } = system.provider;
  if (refusedPaths === undefined) return;
  const path = `${decodePath(url.pathname).toLowerCase()}/`;
  const refused = refusedPaths.find((part) => path.includes(`${part.toLowerCase()}/`));
  if (refused !== undefined) {
    throw new AuthError(
      "invalid_argument",
      `${system.provider.title} does not allow calls to its internal API ("${refused}"). Use a documented URL.`,
    );
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path).replace(/\/{2,}/g, "/");
  } catch {
    return path;
  }
}
