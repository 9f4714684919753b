import { AuthError } from "../errors.ts";
import { claimsOf } from "../token/token.ts";
import type { ServerMetadata } from "./openid.ts";
import type { GrantContext, TokenResponse } from "./grant.ts";

/** The allowed clock difference, after the server's known offset is subtracted, in seconds. */
const TOLERANCE = 300;

/** What an `id_token` is compared with. */
export interface IdTokenContext {
  /** The issuer, if it is known. */
  readonly issuer: string | undefined;
  readonly clientId: string;
  /** The nonce that was sent with the authorization request. */
  readonly nonce: string | undefined;
  /** The time on the server's clock, in epoch seconds. */
  readonly now: number;
}

/**
 * Checks an `id_token` (OpenID Connect Core section 3.1.3.7), which says who signed in. Its signature is
 * not checked, because it came from the token endpoint itself. If only endpoints are configured, the issuer
 * is unknown: wrong claims are refused, and missing ones are accepted.
 *
 * @returns what is wrong, or `undefined`
 */
function idTokenProblem(
  claims: Record<string, unknown> | undefined,
  { issuer, clientId, nonce, now }: IdTokenContext,
): string | undefined {
  if (claims === undefined) return issuer === undefined ? undefined : "it is not a JWT";
  const { iss, sub, aud, azp, exp, iat, nbf } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (nonce !== undefined && claims["nonce"] !== nonce) {
    if (claims["nonce"] !== undefined || issuer !== undefined) {
      return "it belongs to another sign-in (nonce)";
    }
  }
  if (aud !== undefined && !audiences.includes(clientId)) return "it is for another client (aud)";
  if (seconds(iat) > now + TOLERANCE) return "it was issued in the future (iat)";
  if (seconds(nbf) > now + TOLERANCE) return "it is not valid yet (nbf)";
  if (seconds(exp) < now - TOLERANCE) return "it has expired (exp)";
  if (issuer === undefined) return undefined;
  // The issuer in Entra's metadata is a template for all tenants.
  const tenant = claims["tid"];
  const expected = typeof tenant === "string" ? issuer.replace("{tenantid}", () => tenant) : issuer;
  if (iss !== expected) return "it is from another issuer (iss)";
  if (typeof sub !== "string" || sub === "") return "it has no subject (sub)";
  if (aud === undefined) return "it has no audience (aud)";
  if (typeof exp !== "number" || typeof iat !== "number") {
    return "it has no issue and expiry times (iat, exp)";
  }
  return azp !== undefined && azp !== clientId ? "it is for another client (azp)" : undefined;
}

/** A claim's time; `NaN`, which is neither early nor late, if there is none. Some servers send digits as text. */
function seconds(claim: unknown): number {
  const isTime = typeof claim === "number" || (typeof claim === "string" && /^\d+$/.test(claim));
  return isTime ? Number(claim) : NaN;
}

/** Refuses a token response whose `id_token` is not for this sign-in. */
export function checkIdToken(
  { system, values, clock, discovered, now }: GrantContext,
  token: TokenResponse,
  request: { readonly nonce: string | undefined } | null,
): void {
  if (token.id_token === undefined) return;
  const metadata = discovered.metadata as ServerMetadata | undefined;
  const problem = idTokenProblem(claimsOf(token.id_token), {
    issuer: metadata?.issuer ?? system.issuer,
    clientId: values["client_id"] ?? "",
    nonce: request?.nonce,
    now: (now() + clock.offset) / 1000,
  });
  if (problem === undefined) return;
  throw new AuthError(
    "bad_response",
    `The id_token from ${system.provider.title} is not valid: ${problem}. Sign in again; if it happens ` +
      "again, check the issuer and this machine's clock.",
  );
}
