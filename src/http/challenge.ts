import type { Provider } from "../providers/provider.ts";

/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1), with names in lower case. */
export interface Challenge {
  scheme: string;
  parameters: ReadonlyMap<string, string>;
}

/** Schemes that ask for a token: the standard ones, and others that servers use instead. */
const TOKEN_SCHEMES = ["bearer", "dpop", "jwt", "oauth", "token"];
/** Errors that a new token does not fix (RFC 6750 section 3.1, RFC 9470, RFC 9449 section 7.1). */
const NOT_THE_TOKEN = [
  "insufficient_scope",
  "insufficient_user_authentication",
  "invalid_dpop_proof",
  "use_dpop_nonce",
];

/**
 * Whether a response refuses the token and another token may help: a 401, one of the provider's own
 * statuses, or a 403 that says so, without a challenge that asks for something else.
 */
export function refusesToken(response: Response, provider: Provider): boolean {
  const { status } = response;
  const isRefusal = status === 401 || provider.renewStatuses?.includes(status) === true;
  if (!isRefusal && status !== 403) return false;
  const own = provider.apiAuthorization?.scheme?.toLowerCase();
  const all = challengesOf(response.headers.get("www-authenticate"));
  const ours = all.filter(({ scheme }) => TOKEN_SCHEMES.includes(scheme) || scheme === own);
  const errors = ours.map(({ parameters }) => parameters.get("error"));
  if (!isRefusal) return errors.includes("invalid_token");
  if (status === 401 && all.length > 0 && ours.length === 0) return false;
  return !errors.some((error) => error !== undefined && NOT_THE_TOKEN.includes(error));
}

/** Reads the valid part of a `WWW-Authenticate` header. */
export function challengesOf(header: string | null): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  if (header === null) return found;
  // A parameter or a scheme's name.
  const part = /[\s,]*(?:([^\s,;="()<>@]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|([^\s,;="]+))/y;
  for (let match = part.exec(header); match !== null; match = part.exec(header)) {
    const [, name, quoted, plain, scheme] = match;
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else {
      const value = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "";
      found.at(-1)?.parameters.set((name ?? "").toLowerCase(), value);
    }
  }
  return found;
}
