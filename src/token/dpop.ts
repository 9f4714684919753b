import type { DpopKey } from "./token.ts";
import { base64url } from "../base/text.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

/** Creates a key to bind tokens to (DPoP, RFC 9449), as a private JWK for the store. */
export async function createDpopKey(): Promise<DpopKey> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  return await crypto.subtle.exportKey("jwk", pair.privateKey);
}

/** The request that a proof is for. */
export interface DpopRequest {
  method: string;
  url: URL;
  /** The server's `DPoP-Nonce`. */
  nonce?: string | undefined;
  /** Epoch milliseconds, by the server's clock. */
  now: number;
}

/** Creates the proof for one request (RFC 9449 section 4.2). */
export type DpopProver = (request: DpopRequest) => Promise<string>;

/**
 * Creates the function that proves possession of a token's key. Key, header and hash are the same for
 * every request and are made once, so a proof costs little more than its signature.
 *
 * @param accessToken the token for an API; a proof for an authorization server has none
 */
export async function createDpopProver(jwk: DpopKey, accessToken?: string): Promise<DpopProver> {
  const key = await privateKeyOf(jwk);
  const ath = accessToken === undefined
    ? undefined
    : base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", encode(accessToken))));
  const header = { alg: "ES256", typ: "dpop+jwt", jwk: publicPart(jwk) };
  const start = `${base64url(encode(JSON.stringify(header)))}.`;

  return async function prove({ method, url, nonce, now }) {
    const iat = Math.floor(now / 1000);
    const htu = url.origin + url.pathname;
    const claims = { htm: method, htu, ath, nonce, jti: crypto.randomUUID(), iat };
    const text = start + base64url(encode(JSON.stringify(claims)));
    // Web Crypto gives an ECDSA signature in the form of RFC 7518 section 3.4.
    const signature = await crypto.subtle.sign(SIGNATURE, key, encode(text));
    return `${text}.${base64url(new Uint8Array(signature))}`;
  };
}

function privateKeyOf(jwk: DpopKey): Promise<CryptoKey> {
  return crypto.subtle.importKey("jwk", { ...jwk, key_ops: ["sign"] }, ALGORITHM, false, ["sign"]);
}

function publicPart({ kty, crv, x, y }: DpopKey): DpopKey {
  return { kty, crv, x, y } as DpopKey;
}

const encoder = new TextEncoder();

function encode(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}
