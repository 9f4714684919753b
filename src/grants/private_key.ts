import type { CryptoKey } from "./openid.ts";
import { base64url } from "../base/text.ts";
import { AuthError, loaded } from "../errors.ts";
import type { AssertionClaims, CredentialValues, Provider } from "../providers/provider.ts";
import type { GrantContext } from "./grant.ts";

/** A private key, and the algorithm that signs with it (RFC 7518). */
export interface SigningKey {
  readonly key: CryptoKey;
  readonly alg: string;
  readonly keyId: string | undefined;
}

/** What decides the algorithm if the key allows several. */
export interface AlgorithmChoice {
  /** The provider's algorithm. */
  readonly wanted: string | undefined;
  /** The algorithms that the server's metadata lists. */
  readonly supported: unknown;
}

const RSA = ["RS256", "PS256", "RS384", "PS384", "RS512", "PS512"];
const ED25519 = ["EdDSA", "Ed25519"];
const CURVES = ["ES256", "ES384", "ES512"];

/** Reads `private_key`: a JWK (RFC 7517) as JSON, or PKCS #8 in PEM. Other text around the PEM is ignored. */
export async function readPrivateKey(
  values: CredentialValues,
  choice: AlgorithmChoice,
): Promise<SigningKey> {
  const text = (values["private_key"] ?? "").trim();
  const keyId = values["key_id"];
  const { importJWK, importPKCS8 } = await loaded(import("jose"));
  if (text.startsWith("{")) {
    try {
      const jwk = JSON.parse(text);
      const alg = algorithmOf(jwk, choice);
      const key = await importJWK(jwk, alg);
      if (key instanceof CryptoKey && key.type === "private") {
        return { key, alg, keyId: keyId ?? jwk.kid };
      }
    } catch { /* reported below, because the parser's message would repeat the key */ }
  } else {
    const pem = /-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----/.exec(
      text.replaceAll("\\n", "\n").replaceAll("\\r", ""),
    )?.[0];
    for (const alg of pem ? [pick(RSA, choice), ...CURVES, pick(ED25519, choice)] : []) {
      try {
        return { key: await importPKCS8(pem ?? "", alg), alg, keyId };
      } catch { /* a key of another kind */ }
    }
  }
  throw new AuthError(
    "invalid_argument",
    'The private_key is not usable. Give a private JWK, or PKCS #8 in PEM ("-----BEGIN PRIVATE KEY-----"); ' +
      "convert an older or encrypted PEM with: openssl pkcs8 -topk8 -nocrypt.",
  );
}

function algorithmOf(
  jwk: { kty?: string; crv?: string; alg?: string },
  choice: AlgorithmChoice,
): string {
  if (typeof jwk.alg === "string") return jwk.alg;
  if (jwk.kty === "RSA") return pick(RSA, choice);
  const curves: Record<string, string> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };
  return curves[jwk.crv ?? ""] ?? pick(ED25519, choice);
}

/** The provider's algorithm, else the first that the server lists, else the first. */
function pick(candidates: string[], { wanted, supported }: AlgorithmChoice): string {
  if (wanted !== undefined && candidates.includes(wanted)) return wanted;
  const listed = Array.isArray(supported) ? supported : [];
  return candidates.find((name) => listed.includes(name)) ?? candidates[0] as string;
}

/**
 * The thumbprints of the key's certificate (RFC 7515 section 4.1.7), which Entra requires. The certificate
 * is the credential value `certificate`, or is in the same PEM as the key.
 */
export async function certificateThumbprints(
  values: CredentialValues,
): Promise<{ x5t: string; "x5t#S256": string } | undefined> {
  const given = values["certificate"];
  const text = (given ?? values["private_key"] ?? "").replaceAll("\\n", "\n");
  const body = /-----BEGIN CERTIFICATE-----([^]*?)-----END CERTIFICATE-----/.exec(text)?.[1];
  try {
    if (body !== undefined) {
      const der = Uint8Array.from(atob(body.replace(/\s+/g, "")), (byte) => byte.charCodeAt(0));
      const hash = async (algorithm: string) =>
        base64url(new Uint8Array(await crypto.subtle.digest(algorithm, der)));
      return { x5t: await hash("SHA-1"), "x5t#S256": await hash("SHA-256") };
    }
  } catch { /* reported below */ }
  if (given === undefined) return undefined;
  throw new AuthError(
    "invalid_argument",
    'The certificate is not usable. Give it in PEM ("-----BEGIN CERTIFICATE-----").',
  );
}

/** How long an assertion is valid by default, in seconds. */
const LIFETIME = 300;

/**
 * Signs an assertion with the private key (RFC 7523 section 3). The provider's definition sets the issuer,
 * subject and audience.
 *
 * @throws {AuthError} `credentials_missing` if a claim names a missing value, `invalid_argument` if the key
 * is not usable
 */
export async function signAssertion(
  context: GrantContext,
  { audience, supported }: { audience: string; supported: unknown },
  claims: AssertionClaims,
): Promise<string> {
  const { values, clock, now, system: { provider } } = context;
  const { key, alg, keyId } = await readPrivateKey(values, {
    wanted: provider.assertionAlgorithm,
    supported,
  });
  const seconds = Math.floor((now() + clock.offset) / 1000);
  const payload = {
    aud: audience,
    ...filledClaims(provider, claims, values),
    iat: seconds,
    exp: seconds + (provider.assertionLifetime ?? LIFETIME),
    jti: crypto.randomUUID(),
  };
  const header = {
    alg,
    typ: "JWT",
    ...(keyId === undefined ? {} : { kid: keyId }),
    ...await certificateThumbprints(values),
  };
  const encode = (part: unknown) => base64url(new TextEncoder().encode(JSON.stringify(part)));
  const text = `${encode(header)}.${encode(payload)}`;
  // Parameters that some keys leave open (RFC 7518 section 3).
  const size = `SHA-${alg.slice(-3)}`;
  const how = { name: key.algorithm.name, hash: size, saltLength: Number(alg.slice(-3)) / 8 };
  const signature = await crypto.subtle.sign(how, key, new TextEncoder().encode(text));
  return `${text}.${base64url(new Uint8Array(signature))}`;
}

/**
 * Fills in the claims. `{name}` stands for a credential value. A claim is left out if it is empty or names
 * a missing optional value. Pure.
 *
 * @throws {AuthError} `credentials_missing`
 */
export function filledClaims(
  { title, optional = [] }: Pick<Provider, "title" | "optional">,
  claims: AssertionClaims,
  values: CredentialValues,
): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  const client = values["client_id"] ?? "";
  const all: AssertionClaims = { iss: client, sub: claims["iss"] ?? client, ...claims };
  for (const [name, claim] of Object.entries(all)) {
    let isWhole = true;
    const fill = (text: string) =>
      text.replace(/\{([a-z][a-z0-9_]*)\}/g, (_, field: string) => {
        const value = Object.hasOwn(values, field) ? values[field] : undefined;
        if (value !== undefined) return value;
        isWhole = false;
        if (optional.includes(field)) return "";
        throw new AuthError(
          "credentials_missing",
          `${title} needs the credential value "${field}" for the claim "${name}" of its assertion.`,
        );
      });
    const value = typeof claim === "string"
      ? fill(claim)
      : typeof claim === "object"
      ? claim.map(fill)
      : claim;
    if (isWhole && value !== "") filled[name] = value;
  }
  return filled;
}
