import { isObject } from "../base/json.ts";
import { AuthError } from "../errors.ts";
import { resolveUrl } from "./api_request.ts";
import { type Api, ask } from "./read_answer.ts";

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
