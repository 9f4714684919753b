import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from "jose";
import type { Exchange } from "./exchange.ts";

const MAX_AGE = 60;
const REMEMBERED = 10_000;
const seen = new Set<unknown>();

/** Checks the DPoP proof (RFC 9449) of a bound access token; throws when it does not match. */
export async function checkDpop(
  { request, url }: Exchange,
  token: string,
  claims: JWTPayload,
): Promise<void> {
  const proof = request.headers.dpop;
  if (typeof proof !== "string") throw new Error("no DPoP proof");
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt" });
  const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk ?? {});
  const bound = claims.cnf;
  const expected = bound && typeof bound === "object" && "jkt" in bound ? bound.jkt : undefined;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  const fits = thumbprint === expected && payload.htm === request.method &&
    payload.htu === url.origin + url.pathname &&
    payload.ath === new Uint8Array(hash).toBase64({ alphabet: "base64url", omitPadding: true }) &&
    Math.abs(Date.now() / 1000 - (payload.iat ?? 0)) < MAX_AGE;
  if (!fits || seen.has(payload.jti)) throw new Error("the DPoP proof does not match");
  if (seen.size >= REMEMBERED) seen.clear();
  seen.add(payload.jti);
}
