import { AuthError } from "../errors.ts";
import { claimsOf, fitsHeader, type Token } from "./token.ts";

/** The members of a token response (RFC 6749 section 5.1) this module reads. */
export interface TokenResponse {
  access_token: string;
  token_type: string;
  /** Lifetime in seconds. */
  expires_in?: number;
  /** Expiry in epoch seconds, as some servers give it instead. */
  expires_at?: unknown;
  scope?: string;
  refresh_token?: string;
  id_token?: string;
}

/** What a server that names no lifetime is taken to mean, in seconds; a 401 corrects it. */
const ASSUMED_LIFETIME = 3600;

/** Lifetimes are cut to ten years, in seconds, so that dates stay dates. */
const LONGEST_LIFETIME = 315_360_000;

/**
 * Makes what the store keeps of a token response.
 *
 * @param response the checked answer of the token endpoint
 * @param received when it was received, in epoch milliseconds
 * @param clockOffset how far the server's clock is ahead, in milliseconds; it matters for `expires_at`
 * @param previous the token this one replaces: a refresh token the server did not repeat stays valid
 * (RFC 6749 section 6)
 * @param renewable whether a new one can be had without a person. Where not, and where nothing says
 * how long this one lives, it is used until the API refuses it
 * @returns the token; {@linkcode checkAlive} says whether it is of any use
 */
export function storedToken(
  key: string,
  response: TokenResponse,
  received: number,
  clockOffset: number,
  previous?: Token | null,
  renewable = true,
): Token {
  const isRenewable = renewable ||
    (response.refresh_token ?? previous?.refresh_token) !== undefined;
  const lifetime = lifetimeOf(response, (received + clockOffset) / 1000) ??
    (isRenewable ? ASSUMED_LIFETIME : LONGEST_LIFETIME);
  const obtained = received / 1000;
  const token: Token = {
    version: 1,
    key,
    access_token: response.access_token,
    token_type: response.token_type,
    expires_at: obtained + Math.max(0, Math.min(lifetime, LONGEST_LIFETIME)),
    obtained_at: obtained,
  };
  const scope = response.scope ?? previous?.scope;
  const refreshToken = response.refresh_token ?? previous?.refresh_token;
  const idToken = response.id_token ?? previous?.id_token;
  if (scope !== undefined) token.scope = scope;
  if (refreshToken !== undefined) token.refresh_token = refreshToken;
  if (idToken !== undefined) token.id_token = idToken;
  if (previous?.account !== undefined) token.account = previous.account;
  if (previous?.token_endpoint !== undefined) token.token_endpoint = previous.token_endpoint;
  if (previous?.dpop_key !== undefined) token.dpop_key = previous.dpop_key;
  return token;
}

/** True for a token that can be sent as it must be: bound to its key (DPoP), or to none. */
export function isSendable({ token_type, dpop_key }: Token): boolean {
  return (token_type.toLowerCase() === "dpop") === (dpop_key !== undefined);
}

/**
 * Refuses a token that had expired when it came, or fits into no header.
 *
 * @throws {AuthError} `bad_response`
 */
export function checkAlive(token: Token): void {
  if (!fitsHeader(token.access_token)) {
    throw new AuthError(
      "bad_response",
      "The server sent an access token with invalid characters. Tell the server's administrator.",
    );
  }
  if (token.expires_at > token.obtained_at) return;
  if (!/^(bearer|dpop)$/i.test(token.token_type) || !isSendable(token)) {
    throw new AuthError(
      "bad_response",
      token.dpop_key
        ? "The server sent a token that is not bound to this machine's key (DPoP), although that was requested. " +
          "Tell the server's administrator, or define the provider without dpop."
        : "The server sent a token of a type this module cannot use (its token_type is not Bearer). " +
          "Tell the server's administrator.",
    );
  }
  throw new AuthError(
    "bad_response",
    "The server sent a token that has already expired. Try again. If that does not help, tell the server's administrator.",
  );
}

/** Seconds the token lives from now, as the answer, else the token itself, tells. */
function lifetimeOf(response: TokenResponse, serverNow: number): number | undefined {
  if (typeof response.expires_in === "number") return response.expires_in;
  const at = epochSeconds(response.expires_at);
  if (at !== undefined) return at - serverNow;
  const expiry = claimsOf(response.access_token)?.["exp"];
  return typeof expiry === "number" ? expiry - serverNow : undefined;
}

/** From here on a number counts milliseconds: as seconds it is the year 5138. */
const MILLISECONDS = 1e11;

/**
 * `expires_at` comes as epoch seconds or milliseconds, as digits in a string, or as a date. A date
 * without a zone is in UTC: that is what servers write, and what `Date.parse` does not take it for.
 */
export function epochSeconds(value: unknown): number | undefined {
  if (typeof value === "string" && !/^\s*\d+(\.\d+)?\s*$/.test(value)) {
    const text = value.trim().replace(/^(\d{4}-\d\d-\d\d)[ _]/, "$1T");
    const isLocal = /^\d{4}-\d\d-\d\dT[\d:.,]+$/.test(text);
    const time = Date.parse(isLocal ? `${text}Z` : text) / 1000;
    return Number.isFinite(time) ? time : undefined;
  }
  const number = typeof value === "number" || typeof value === "string" ? Number(value) : NaN;
  if (!Number.isFinite(number)) return undefined;
  return number > MILLISECONDS ? number / 1000 : number;
}

/** Whom a token was issued to, as its claims say (OpenID Connect Core section 5.1), for people. */
export function accountOf(token: Token): string | undefined {
  const claims = claimsOf(token.id_token ?? token.access_token);
  const names = ["preferred_username", "email", "upn", "unique_name", "name", "sub"];
  return names.map((name) => claims?.[name]).find((value): value is string =>
    typeof value === "string" && value !== ""
  );
}
