import { AuthError } from "../errors.ts";
import { claimsOf, fitsHeader, type Token } from "./token.ts";

/** The members of a token response (RFC 6749 section 5.1) that this module reads. */
export interface TokenResponse {
  access_token: string;
  token_type: string;
  /** Lifetime in seconds. */
  expires_in?: number;
  /** Expiry in epoch seconds, which some servers send instead. */
  expires_at?: unknown;
  scope?: string;
  refresh_token?: string;
  id_token?: string;
}

/** The assumed lifetime when a server names none, in seconds; a 401 corrects it. */
const ASSUMED_LIFETIME = 3600;

/** The longest lifetime, ten years in seconds, so that dates stay valid. */
const LONGEST_LIFETIME = 315_360_000;

/**
 * Turns a token response into the token that the store keeps.
 *
 * @param response the token endpoint's checked response
 * @param received when it was received, in epoch milliseconds
 * @param clockOffset how far the server's clock is ahead, in milliseconds; needed for `expires_at`
 * @param previous the token this one replaces: its refresh token stays valid if the server sends no
 * new one (RFC 6749 section 6)
 * @param renewable whether a new token can be obtained without a person. If not, and if its lifetime
 * is unknown, this one is used until the API refuses it
 * @returns the token; {@linkcode checkAlive} says whether it is usable
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
  const idToken = isOfSamePerson(response.id_token, previous?.id_token)
    ? response.id_token
    : previous?.id_token;
  if (scope !== undefined) token.scope = scope;
  if (refreshToken !== undefined) token.refresh_token = refreshToken;
  if (idToken !== undefined) token.id_token = idToken;
  if (previous?.account !== undefined) token.account = previous.account;
  if (previous?.token_endpoint !== undefined) token.token_endpoint = previous.token_endpoint;
  if (previous?.dpop_key !== undefined) token.dpop_key = previous.dpop_key;
  return token;
}

/** False for an `id_token` of a refresh that names somebody else (OpenID Connect Core section 12.2). */
function isOfSamePerson(next: string | undefined, known: string | undefined): next is string {
  if (next === undefined || known === undefined) return next !== undefined;
  const [after, before] = [claimsOf(next), claimsOf(known)];
  return ["iss", "sub"].every((name) => after?.[name] === before?.[name]);
}

/** True for a token that can be sent correctly: bound to its key (DPoP), or to none. */
export function isSendable({ token_type, dpop_key }: Token): boolean {
  return (token_type.toLowerCase() === "dpop") === (dpop_key !== undefined);
}

/**
 * Refuses a token that was already expired on arrival, or does not fit into a header.
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

/** How many seconds the token lives from now, as the response, or else the token itself, says. */
function lifetimeOf(response: TokenResponse, serverNow: number): number | undefined {
  if (typeof response.expires_in === "number") return response.expires_in;
  const at = epochSeconds(response.expires_at);
  if (at !== undefined) return at - serverNow;
  const expiry = claimsOf(response.access_token)?.["exp"];
  return typeof expiry === "number" ? expiry - serverNow : undefined;
}

/** Larger numbers count milliseconds: as seconds they would be in the year 5138 or later. */
const MILLISECONDS = 1e11;

/**
 * Reads `expires_at`: epoch seconds or milliseconds, digits in a string, or a date. A date without a
 * zone is in UTC, because servers mean UTC, while `Date.parse` would read local time.
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

/** The account a token was issued to, from its claims (OpenID Connect Core section 5.1), for people. */
export function accountOf(token: Token): string | undefined {
  const claims = claimsOf(token.id_token ?? token.access_token);
  const names = ["preferred_username", "email", "upn", "unique_name", "name", "sub"];
  return names.map((name) => claims?.[name]).find((value): value is string =>
    typeof value === "string" && value !== ""
  );
}
