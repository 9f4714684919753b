import { AuthError } from "../errors.ts";

/**
 * True for hosts that never leave this machine (RFC 8252 section 7.3). A name below `.localhost` is
 * none: where no resolver treats it specially, DNS decides where it leads.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Refuses URLs a secret must not travel to: plain `http` beyond loopback, other schemes, and URLs
 * that carry user information.
 *
 * @param url an absolute URL
 * @param what what the URL is, for the message
 * @throws {AuthError} `insecure_url`, or `invalid_argument` when it is no URL
 */
export function checkTransport(url: string | URL, what: string): URL {
  const parsed = parseUrl(url, what);
  if (parsed.username !== "" || parsed.password !== "") {
    throw new AuthError(
      "invalid_argument",
      `The ${what} carries a user name or password. Give those as credentials, never in a URL.`,
    );
  }
  if (parsed.protocol === "https:") return parsed;
  if (parsed.protocol === "http:" && isLoopback(parsed.hostname)) return parsed;
  throw new AuthError(
    "insecure_url",
    `The ${what} (${parsed.protocol}//${parsed.host}) is not https. Plain http is for loopback only; use https.`,
  );
}

/** Parses an absolute URL, or says which one is not. The URL itself is not repeated: it may hold a secret. */
export function parseUrl(url: string | URL, what: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new AuthError(
      "invalid_argument",
      `The ${what} is not an absolute URL. Give one such as "https://auth.example.com/token".`,
    );
  }
}

/** Puts a path below a base URL, keeping the base's own path; an absolute URL stands for itself. */
export function joinUrl(base: string, path: string): string {
  if (!path.startsWith("/")) return path;
  let end = base.length;
  while (base.charAt(end - 1) === "/") end--;
  return base.slice(0, end) + path;
}

/** True when a URL's host is the pattern's; `*.` stands for one or more labels. */
export function matchesHost(url: URL, pattern: string): boolean {
  return pattern.startsWith("*.")
    ? url.port === "" && url.hostname.endsWith(pattern.slice(1)) && !/^\.|\.\./.test(url.hostname)
    : url.host === pattern;
}
