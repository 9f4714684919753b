/**
 * What a session reads from its API besides `fetch`: one JSON response, all pages of a list, and whether it
 * works at all.
 *
 * @module
 */
import { AuthError } from "../errors.ts";
import type { JsonInit } from "../interface/session.ts";
import { resolveUrl } from "./api_request.ts";
import { type Api, apiError, ask, stoppable } from "./read_answer.ts";
import { isObject } from "../base/text.ts";

/**
 * Calls the API and returns the response's JSON; `undefined` for an empty response.
 *
 * @throws {AuthError} `api_error` for an HTTP error, with `status`, `retryAfter` and the beginning of
 * the body; `bad_response` when it is not JSON; `invalid_argument`; else as `fetch`
 */
export async function json<T = unknown>(
  api: Api,
  url: string | URL,
  init: JsonInit = {},
): Promise<T> {
  const { json: value, query, ...rest } = init;
  const target = query === undefined ? url : withQuery(resolveUrl(api.system, url), query);
  const what = api.system.provider.title;
  const answer = await ask(api, { url: target, init: withJson(rest, value), what });
  return answer.value as T;
}

function withJson(init: RequestInit, value: unknown): RequestInit {
  const headers = new Headers(init.headers);
  if (!headers.has("accept")) headers.set("accept", "application/json");
  if (value === undefined) return { ...init, headers };
  if (init.body !== undefined && init.body !== null) {
    throw invalid('give either "json" or "body".');
  }
  const method = init.method ?? "POST";
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  return { ...init, method, headers, body: stringify(value) };
}

function stringify(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch { /* a circular value or a BigInt: refused below */ }
  if (text === undefined) throw invalid('"json" cannot be written as JSON.');
  return text;
}

function withQuery(url: URL, query: Record<string, unknown>): URL {
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) url.searchParams.append(name, textOf(name, one));
    }
  }
  return url;
}

function textOf(name: string, value: unknown): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (["string", "number", "boolean", "bigint"].includes(typeof value)) return String(value);
  throw invalid(`the query's "${name}" must be a string, number, boolean or Date.`);
}

function invalid(what: string): AuthError {
  return new AuthError("invalid_argument", `session.json: ${what}`);
}

/** The members that hold a page's rows in common APIs, the most common first. */
const ROWS = ["value", "items", "results", "features", "data"];

/**
 * Follows the pages of an API: `@odata.nextLink` (OData 4.01), and `Link` with `rel="next"` (RFC 8288).
 *
 * @param init the options of every request
 * @param limit the largest size of a page, in bytes
 * @throws {AuthError} `api_error`, `bad_response`; `foreign_origin` when a page links elsewhere;
 * `aborted`, `timeout`; else as `fetch`
 */
export async function* pages<T = unknown>(
  api: Api,
  first: string | URL,
  init?: RequestInit,
  limit?: number,
): AsyncGenerator<T, void, void> {
  const { title } = api.system.provider;
  const seen = new Set<string>();
  let url: URL | undefined = resolveUrl(api.system, first);
  while (url) {
    if (seen.has(url.href)) {
      throw new AuthError(
        "bad_response",
        "The API's pages link in a circle: a page links back to an earlier one.",
      );
    }
    seen.add(url.href);
    const what = `${title} (page ${seen.size})`;
    const { value, headers } = await ask(api, { url, init, what, limit });
    if (value === undefined) {
      throw new AuthError("bad_response", `${what} is empty, not JSON. Check the URL.`);
    }
    const link: string | undefined = odataNext(value) ?? relNext(headers.get("link"));
    yield value as T;
    url = link === undefined ? undefined : nextUrl(link, url);
  }
}

/**
 * The rows of pages, one by one: the page itself when it is a list, else its `value`, `items`,
 * `results`, `features` or `data`, or what `of` returns.
 *
 * @throws {AuthError} `bad_response` for a page without rows; the errors of `pages`
 */
export async function* items<T = unknown>(
  pages: AsyncIterable<unknown>,
  of?: (page: unknown) => Iterable<T>,
): AsyncGenerator<T, void, void> {
  for await (const page of pages) {
    const rows: unknown = of === undefined ? rowsOf(page) : of(page);
    const isIterable = typeof rows === "object" && rows !== null && Symbol.iterator in rows;
    if (!isIterable) {
      throw new AuthError(
        of === undefined ? "bad_response" : "invalid_argument",
        of === undefined
          ? `A page has no list called ${
            ROWS.map((name) => `"${name}"`).join(", ")
          }. Pass the option of to pick ` +
            "its rows, such as { of: (page) => page.rows }."
          : "The function in the option of must return the page's rows as a list.",
      );
    }
    yield* rows as Iterable<T>;
  }
}

function rowsOf(page: unknown): unknown {
  if (!isObject(page)) return Array.isArray(page) ? page : undefined;
  return ROWS.map((name) => Object.hasOwn(page, name) ? page[name] : undefined)
    .find(Array.isArray);
}

function nextUrl(link: string, base: URL): URL {
  if (!URL.canParse(link, base)) {
    throw new AuthError("bad_response", "The API's link to the next page is not a valid URL.");
  }
  return new URL(link, base);
}

function odataNext(page: unknown): string | undefined {
  const next = isObject(page) ? page["@odata.nextLink"] : undefined;
  return typeof next === "string" && next !== "" ? next : undefined;
}

/** The target of `rel="next"` in a `Link` header (RFC 8288 section 3). */
export function relNext(header: string | null): string | undefined {
  if (header === null) return undefined;
  // A target stands in <…>, where commas and semicolons are plain text, as they are in quotes.
  // So this reads one parameter after another and never searches for one.
  const link = /[\s,]*<([^<>]*)>/y;
  const parameter = /\s*;\s*(?:([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?/y;
  for (let at = 0; at < header.length;) {
    link.lastIndex = at;
    const target = link.exec(header)?.[1];
    if (target === undefined) {
      // Skip anything that is not a link.
      at = header.indexOf("<", at + 1);
      if (at < 0) return undefined;
      continue;
    }
    at = link.lastIndex;
    let relation: string | undefined;
    for (;;) {
      parameter.lastIndex = at;
      const match = parameter.exec(header);
      if (match === null) break;
      at = parameter.lastIndex;
      const [, name, quoted, plain] = match;
      // The first one counts (RFC 8288 section 3.3).
      if (name?.toLowerCase() === "rel") relation ??= quoted ?? plain ?? "";
    }
    if (target !== "" && relation?.toLowerCase().split(/\s+/).includes("next")) return target;
  }
  return undefined;
}

/**
 * Calls the provider's probe, or another URL of the API, to check that the session works. Any 2xx is
 * a good response.
 *
 * @throws {AuthError} `api_error` with the status, `unsupported` without a URL; `aborted`, `timeout`;
 * else as `fetch`
 */
export async function verify(
  api: Api,
  options: { url?: string | URL | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { probe, provider } = api.system;
  const url = options.url ?? probe;
  if (url === undefined) {
    throw new AuthError(
      "unsupported",
      `${provider.title} has no probe. Give verify a small URL of the API, as { url: "/…" }.`,
    );
  }
  await stoppable(api, options.signal, async (signal) => {
    const response = await api.fetch(url, signal ? { signal } : undefined);
    if (!response.ok) {
      const what = options.url === undefined ? `${provider.title}'s probe` : provider.title;
      throw await apiError(api, response, what);
    }
    await response.body?.cancel();
  });
}
