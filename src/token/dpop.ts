import type { JWK } from "jose";
import { base64url } from "../base/text.ts";
import type { CryptoKey, CryptoKeyPair } from "openid-client";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

/** Makes a key to bind tokens to (DPoP, RFC 9449), as a private JWK for the store. */
export async function createDpopKey(): Promise<JWK> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  return await crypto.subtle.exportKey("jwk", pair.privateKey);
}

/** The key pair of a stored key. */
export async function dpopKeyPair(jwk: JWK): Promise<CryptoKeyPair> {
  const load = (key: JWK, usage: KeyUsage): Promise<CryptoKey> =>
    crypto.subtle.importKey("jwk", key, ALGORITHM, usage === "verify", [usage]);
  return {
    privateKey: await load({ ...jwk, key_ops: ["sign"] }, "sign"),
    publicKey: await load({ ...publicPart(jwk), key_ops: ["verify"] }, "verify"),
  };
}

/**
 * Makes the proof for one API request (RFC 9449 section 4.2).
 *
 * @param nonce what the server asked for with `DPoP-Nonce`
 * @param now epoch milliseconds, by the server's clock
 */
export async function dpopProof(
  jwk: JWK,
  request: {
    method: string;
    url: URL;
    accessToken: string;
    nonce?: string | undefined;
    now: number;
  },
): Promise<string> {
  const { SignJWT } = await import("jose/jwt/sign");
  const { privateKey } = await dpopKeyPair(jwk);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(request.accessToken));
  return await new SignJWT({
    htm: request.method,
    htu: request.url.origin + request.url.pathname,
    ath: base64url(new Uint8Array(hash)),
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
  })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: publicPart(jwk) as { kty: string } })
    .setJti(crypto.randomUUID())
    .setIssuedAt(Math.floor(request.now / 1000))
    .sign(privateKey);
}

function publicPart({ kty, crv, x, y }: JWK): JWK {
  return { kty, crv, x, y } as JWK;
}
