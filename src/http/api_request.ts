import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import { checkApiUrl } from "../trust.ts";

/** One API request, which can be sent as often as its body allows. */
export interface ApiRequest {
  /** Absolute. */
  readonly url: string;
  readonly method: string;
  /** The caller's headers, with names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The method, the body, and everything else in the caller's `init`. */
  readonly init: RequestInit;
  readonly signal: AbortSignal | undefined;
  /** False for a body that can be read only once. */
  readonly replayable: boolean;
  /** What the caller wants to happen on a redirect. */
  readonly redirect: RequestRedirect;
}

/**
 * Reads the caller's `fetch` arguments, and refuses URLs that must not get the token.
 *
 * @param stop ends the request, in addition to the caller's own signal
 * @throws {AuthError} `foreign_origin`, `insecure_url` or `invalid_argument`
 */
export async function prepareRequest(
  { system, fetch }: { system: System; fetch: unknown },
  input: string | URL | Request,
  init: RequestInit | undefined,
  stop?: AbortSignal,
): Promise<ApiRequest> {
  // Do not check the class: a program may use another `Request` than the runtime's own.
  const given = typeof input === "object" && input !== null && "url" in input ? input : undefined;
  const url = resolveUrl(system, given ? given.url : input as string | URL);
  checkTarget(system, url);
  const { headers: extra, signal: own, redirect, body: ownBody, ...rest } = init ?? {};
  const method = String(rest.method ?? given?.method ?? "GET").toUpperCase();
  const headers = readHeaders(extra ?? given?.headers);
  const signal = own ?? given?.signal ?? undefined;
  let body: unknown = ownBody ?? undefined;
  if (body === undefined && given?.body) {
    checkUnread(given, given.bodyUsed);
    // A Request's body can be read only once. Read it now, so that it can be sent again after a renewal.
    body = await given.arrayBuffer();
  }
  const content = await contentOf(body, fetch !== globalThis.fetch);
  if (content.type !== undefined) headers["content-type"] ??= content.type;
  return {
    url: url.href,
    method,
    headers,
    init: { ...rest, method, ...(body === undefined ? {} : { body: content.body }) },
    signal: stop && signal ? AbortSignal.any([signal, stop]) : signal ?? stop,
    replayable: content.replayable,
    redirect: redirect ?? given?.redirect ?? "follow",
  };
}

/** A body in the form in which it is sent. */
interface Content {
  body: BodyInit;
  /** True when every read gives the same content. */
  replayable: boolean;
  /** The media type, when `fetch` cannot tell it from the body. */
  type?: string | undefined;
}

/**
 * Makes a body that can be sent again, if possible. `fetch` reads a body when it is called, so a later
 * attempt must not send what the caller changed since then. Bodies that may not be readable twice
 * (streams, generators, other packages' forms) are sent once.
 *
 * @param foreign true for another package's `fetch`, which does not know this runtime's `FormData`
 */
async function contentOf(body: unknown, foreign: boolean): Promise<Content> {
  const again = (body: BodyInit) => ({ body, replayable: true });
  if (body === undefined || typeof body === "string") return again(body as string);
  if (body instanceof ArrayBuffer) return again(body.slice(0));
  if (ArrayBuffer.isView(body)) {
    return again(
      new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength).slice(),
    );
  }
  if (body instanceof Blob) return again(body);
  if (body instanceof URLSearchParams) return again(new URLSearchParams(body));
  if (body instanceof FormData) {
    const form = new FormData();
    for (const [name, value] of body) form.append(name, value);
    if (!foreign) return again(form);
    const whole = new Response(form);
    const type = whole.headers.get("content-type") ?? undefined;
    return { body: await whole.arrayBuffer(), replayable: true, type };
  }
  const { locked, readableDidRead } = body as { locked?: unknown; readableDidRead?: unknown };
  checkUnread(body, locked === true || readableDidRead === true);
  return { body: body as BodyInit, replayable: false };
}

/** Refuses a body that was already read, because it would be sent empty. */
function checkUnread(body: unknown, wasRead: boolean): void {
  if (!wasRead) return;
  const what = body instanceof Request ? "Request" : "body";
  throw new AuthError(
    "invalid_argument",
    `This ${what} was already sent or read. Make a new one.`,
  );
}

function readHeaders(headers: HeadersInit | undefined): Record<string, string> {
  if (headers === undefined) return {};
  try {
    return Object.fromEntries(new Headers(headers));
  } catch {
    // The runtime's own message repeats the value, which may be a secret.
    throw new AuthError(
      "invalid_argument",
      "A header is not valid: its name takes letters, digits and hyphens, its value one line of Latin-1.",
    );
  }
}

/** Resolves a URL against the API, as a browser resolves one against a page. */
export function resolveUrl(system: System, input: string | URL): URL {
  // Any other value would be converted to a string, such as "null".
  const isUrl = typeof input === "string" || input instanceof URL;
  if (isUrl && URL.canParse(input, system.apiUrl)) return new URL(input, system.apiUrl);
  throw new AuthError(
    "invalid_argument",
    `This is not a URL. Give a path such as "/api/…" or a URL below ${system.apiUrl.origin}.`,
  );
}

/** Refuses a URL that must not get the session's token. */
export function checkTarget(system: System, url: URL): void {
  checkApiUrl({ title: system.provider.title, origins: system.origins }, url);
  const { refusedPaths } = system.provider;
  if (refusedPaths === undefined) return;
  const paths = spellingsOf(url.pathname);
  const refused = refusedPaths.find((path) =>
    paths.some((spelling) => spelling.includes(`${path.toLowerCase().replace(/\/+$/, "")}/`))
  );
  if (refused !== undefined) {
    throw new AuthError(
      "invalid_argument",
      `${system.provider.title} does not allow calls to its internal API ("${refused}"). Use a documented URL.`,
    );
  }
}

/** How often a path is decoded, because a server and each proxy before it may decode it once. */
const MOST_DECODINGS = 5;

/** The paths a server may read: decoded repeatedly, and without the characters that servers drop. */
function spellingsOf(path: string): string[] {
  const found = new Set<string>();
  for (let text = path, times = 0; times <= MOST_DECODINGS; times++) {
    // Through upper case, because some servers compare this way and treat other letters as ASCII ones.
    const plain = withoutUnseen(text).normalize("NFKC").toUpperCase().toLowerCase()
      .replace(/\\/g, "/").replace(/[?#][^]*$/, "")
      .replace(/;[^/]*/g, "");
    const tidy = plain.split("/").map(withoutEnd).join("/");
    for (const one of [plain, tidy]) {
      found.add(`${one.replace(/\/{2,}/g, "/")}/`);
      found.add(`${withoutDots(one)}/`);
    }
    const decoded = decodeOnce(text);
    if (decoded === text) break;
    text = decoded;
  }
  return [...found];
}

/** Removes characters that are not seen, which some servers drop. Most paths are ASCII. */
function withoutUnseen(text: string): string {
  return /^[\x20-\x7e]*$/.test(text)
    ? text
    : text.replace(/[\p{Default_Ignorable_Code_Point}\ufffd]/gu, "");
}

/** Removes dots and white space at the end of a name, as some servers do. */
function withoutEnd(segment: string): string {
  if (segment === "." || segment === "..") return segment;
  let end = segment.length;
  while (end > 0 && /[\s.\p{Cc}]/u.test(segment.charAt(end - 1))) end--;
  return segment.slice(0, end);
}

/** Follows `.` and `..` (RFC 3986 section 5.2.4). */
function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

/** Decodes every valid escape: one invalid escape must not hide the others. */
function decodeOnce(path: string): string {
  // Some Windows servers decode "%u0069", and old ones a slash or dot in two bytes (CVE-2000-0884).
  const plain = path.replace(
    /%u([0-9a-f]{4})/gi,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)),
  ).replace(/%c0%([89ab][0-9a-f])/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16) - 0x80))
    .replace(/%c1%([89ab][0-9a-f])/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16) - 0x40));
  return plain.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run.replace(/%([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    }
  });
}
