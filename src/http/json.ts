import { AuthError } from "../errors.ts";
import type { JsonInit } from "../interface/session.ts";
import { resolveUrl } from "./api_request.ts";
import { type Api, ask } from "./read_answer.ts";

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
