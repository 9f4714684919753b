import type { JWTPayload } from "jose";
import { checkDpop } from "./check_dpop.ts";
import type { Issuer } from "./create_issuer.ts";
import type { Exchange } from "./exchange.ts";

const REMEMBERED = 500;

/** The claims of a valid token, or what is wrong with the request. */
export type Verdict = { claims: JWTPayload } | { refusal: string };

/** Checks the `Authorization` header of API requests. */
export function checkBearer(issuer: Issuer): (exchange: Exchange) => Promise<Verdict> {
  // Check a signature only once per token, so that the API stays fast when calls are measured.
  const known = new Map<string, JWTPayload>();
  return async (exchange) => {
    const [scheme, token] = (exchange.request.headers.authorization ?? "").split(" ");
    if (!token || !/^(bearer|dpop)$/i.test(scheme ?? "")) return { refusal: "no bearer token" };
    try {
      const claims = known.get(token) ?? await issuer.verify(token);
      if (known.size >= REMEMBERED) known.clear();
      known.set(token, claims);
      if (!issuer.isCurrent(claims)) return { refusal: "the token has expired or was revoked" };
      const isDpop = scheme?.toLowerCase() === "dpop";
      if (isDpop !== (claims.cnf !== undefined)) return { refusal: "wrong scheme for this token" };
      if (isDpop) await checkDpop(exchange, token, claims);
      return { claims };
    } catch {
      return { refusal: "the token is not valid here" };
    }
  };
}
