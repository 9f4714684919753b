import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import { resolveUrl } from "./api_request.ts";
import { apiError } from "./verify.ts";

/**
 * Follows the pages of an API; see `Session.pages`.
 *
 * @param timeout how long a page may take once its headers are there, in milliseconds
 */
export async function* pages<T>(
  system: System,
  apiFetch: typeof fetch,
  first: string | URL,
  init: RequestInit | undefined,
  timeout: number,
): AsyncGenerator<T> {
  const { title } = system.provider;
  const seen = new Set<string>();
  let url: URL | undefined = resolveUrl(system, first);
  while (url) {
    if (seen.has(url.href)) {
      throw new AuthError(
        "bad_response",
        "The API's pages link in a circle. Stop at the first page.",
      );
    }
    seen.add(url.href);
    const late = new AbortController();
    const signal = init?.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal;
    const response: Response = await apiFetch(url, { ...init, signal });
    if (!response.ok) {
      await response.body?.cancel();
      throw apiError(response, `${title} (page ${seen.size})`);
    }
    const alarm = setTimeout(() => late.abort(), timeout);
    let page: unknown;
    try {
      page = await response.json();
    } catch (error) {
      if (init?.signal?.aborted) throw error;
      throw late.signal.aborted ? tooSlow(title, timeout) : pageError(error, title);
    } finally {
      clearTimeout(alarm);
    }
    const link: string | undefined = odataNext(page) ?? relNext(response.headers.get("link"));
    yield page as T;
    url = link === undefined ? undefined : nextUrl(link, url);
  }
}

function pageError(error: unknown, title: string): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof SyntaxError) {
    return new AuthError("bad_response", `${title} sent a page that is not JSON. Check the URL.`);
  }
  return new AuthError("network", `A page of ${title} broke off before its end. Try again.`, {
    cause: error,
  });
}

function tooSlow(title: string, timeout: number): AuthError {
  return new AuthError(
    "timeout",
    `A page of ${title} did not end within ${timeout / 1000} s. Try again, or give getSession a ` +
      "longer timeout (milliseconds).",
  );
}

function nextUrl(link: string, base: URL): URL {
  if (!URL.canParse(link, base)) {
    throw new AuthError("bad_response", "The API links to a next page that is no URL.");
  }
  return new URL(link, base);
}

function odataNext(page: unknown): string | undefined {
  const next = (page as Record<string, unknown> | null)?.["@odata.nextLink"];
  return typeof next === "string" && next !== "" ? next : undefined;
}

/** The target of `rel="next"` in a `Link` header (RFC 8288 section 3). */
export function relNext(header: string | null): string | undefined {
  if (header === null) return undefined;
  // Targets stand in <…>, where commas and semicolons mean nothing; parameters may be quoted.
  const links = header.matchAll(
    /<([^<>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)/g,
  );
  for (const [, target, parameters = ""] of links) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))/i.exec(parameters);
    const names = (relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\s+/);
    if (names.includes("next") && target) return target;
  }
  return undefined;
}
