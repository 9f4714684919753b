import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import { checkTransport, entersLoopback } from "../trust.ts";
import { type ApiRequest, checkTarget } from "./api_request.ts";

/** Headers that may follow a redirect out of the API: they describe the request, not the user. */
const OPEN_HEADERS = ["accept", "accept-language", "range", "if-range", "user-agent"];

/**
 * Decides about a redirect (RFC 9110 section 15.4). `fetch` itself would send custom authentication
 * headers to other origins and send a 307's body again, so it never follows redirects here.
 *
 * @returns the next request and whether it may carry the token; `null` to return the response
 * @throws {AuthError} `redirect_refused` when following would send a body or a secret elsewhere
 */
export function nextHop(
  system: System,
  request: ApiRequest,
  response: Response,
): { request: ApiRequest; trusted: boolean } | null {
  const { status } = response;
  const location = response.headers.get("location");
  const isRedirect = [301, 302, 303, 307, 308].includes(status);
  if (!isRedirect || location === null || request.redirect === "manual") return null;
  if (request.redirect === "error") {
    throw new AuthError(
      "redirect_refused",
      `The API returned a redirect (HTTP ${status}), and the request has redirect: "error".`,
    );
  }
  if (!URL.canParse(location, request.url)) throw refused("The API redirects to an invalid URL.");
  const from = new URL(request.url);
  const url = new URL(location, from);
  if (url.hash === "") url.hash = from.hash;

  const becomesGet = (status === 303 && request.method !== "HEAD") ||
    ((status === 301 || status === 302) && request.method === "POST");
  let next: ApiRequest = { ...request, url: url.href };
  if (becomesGet) {
    const { body: _, ...init } = request.init;
    next = {
      ...next,
      method: "GET",
      init: { ...init, method: "GET" },
      replayable: true,
      headers: only(request.headers, (name) => !name.startsWith("content-")),
    };
  } else if (!request.replayable) {
    throw refused(`The API redirects (HTTP ${status}) a body that can be sent only once.`);
  }
  if (system.origins.has(url.origin)) {
    checkTarget(system, url);
    return { request: next, trusted: true };
  }
  checkTransport(url, "redirect's target");
  if (entersLoopback(from, url)) {
    throw refused("The API redirects to a loopback or link-local address.");
  }
  if (next.method !== "GET" && next.method !== "HEAD") {
    throw refused(`The API redirects a ${next.method} to ${url.origin}, another origin.`);
  }
  // A download from elsewhere is common and fine, without anything that identifies the user.
  const { body: _, ...init } = next.init;
  next = {
    ...next,
    init: { ...init, credentials: "omit" },
    headers: only(request.headers, (name) => OPEN_HEADERS.includes(name)),
  };
  return { request: next, trusted: false };
}

function only(
  headers: ApiRequest["headers"],
  keep: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => keep(name)));
}

function refused(what: string): AuthError {
  return new AuthError(
    "redirect_refused",
    `${what} It was not followed. If the target belongs to the API, name it in the option origins.`,
  );
}
