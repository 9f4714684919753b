import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import { checkTransport, isLoopback } from "../base/url.ts";
import { type ApiRequest, checkTarget } from "./api_request.ts";

/** Headers that may follow a redirect out of the API: they say what is wanted, not who asks. */
const OPEN_HEADERS = ["accept", "accept-language", "range", "if-range", "user-agent"];

/**
 * Decides about a redirect (RFC 9110 section 15.4). `fetch` itself would keep custom authentication
 * headers across origins and send a 307's body again, so it is told not to follow.
 *
 * @returns the next request and whether the token may go along; `null` to give back the answer
 * @throws {AuthError} `redirect_refused` when following would carry a body or a secret elsewhere
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
      `The API answered with a redirect (HTTP ${status}), and the request says redirect: "error".`,
    );
  }
  if (!URL.canParse(location, request.url)) throw refused("The API redirects to what is no URL.");
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
  if (isNear(url.hostname) && !isNear(from.hostname)) {
    throw refused("The API redirects to this machine or its own network link.");
  }
  if (next.method !== "GET" && next.method !== "HEAD") {
    throw refused(`The API redirects a ${next.method} to ${url.origin}, which is not its own.`);
  }
  // A download elsewhere is common and fine, without anything that says who asks.
  const { body: _, ...init } = next.init;
  next = {
    ...next,
    init: { ...init, credentials: "omit" },
    headers: only(request.headers, (name) => OPEN_HEADERS.includes(name)),
  };
  return { request: next, trusted: false };
}

/**
 * True for this machine and what only it can reach: loopback by any name, unspecified and link-local
 * addresses (a cloud's metadata service), and those addresses inside an IPv6 one.
 */
export function isNear(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  if (isLoopback(name) || name.endsWith(".localhost")) return true;
  if (isNearV4(name)) return true;
  if (!name.startsWith("[")) return false;
  // The URL parser has written it in its shortest form.
  const address = name.slice(1, -1);
  if (address === "::" || address === "::1" || /^fe[89ab]/.test(address)) return true;
  if (address === "fd00:ec2::254") return true; // the metadata service of EC2
  const inside = /^(?:::(?:ffff:(?:0:)?)?|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (inside === null) return false;
  const [high = 0, low = 0] = inside.slice(1).map((part) => parseInt(part, 16));
  return isNearV4([high >> 8, high & 255, low >> 8, low & 255].join("."));
}

function isNearV4(address: string): boolean {
  return /^(?:127|0)(?:\.\d{1,3}){3}$|^169\.254(?:\.\d{1,3}){2}$/.test(address);
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
