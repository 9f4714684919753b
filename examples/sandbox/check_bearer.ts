import type { JWTPayload } from "jose";
import type { Issuer } from "./create_issuer.ts";
import type { Exchange } from "./exchange.ts";

const REMEMBERED = 500;

/** Judges the `Authorization` header of API requests; the answer says what is wrong, if anything. */
export function checkBearer(issuer: Issuer): (exchange: Exchange) => Promise<string | undefined> {
  // Signatures are checked once per token, to keep the API cheap when calls are measured.
  const known = new Map<string, JWTPayload>();
  return async ({ request }) => {
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    if (!token || scheme?.toLowerCase() !== "bearer") return "no bearer token";
    try {
      const claims = known.get(token) ?? await issuer.verify(token);
      if (known.size >= REMEMBERED) known.clear();
      known.set(token, claims);
      return issuer.isCurrent(claims) ? undefined : "the token has expired or was revoked";
    } catch {
      return "the token is not valid here";
    }
  };
}
