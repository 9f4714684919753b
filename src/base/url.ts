import { AuthError } from "../errors.ts";

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
