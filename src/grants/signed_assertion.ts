import { base64url } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import type { AssertionClaims, CredentialValues, Provider } from "../providers/provider.ts";
import { assertionAudience } from "./client_authentication.ts";
import type { GrantContext } from "./grant.ts";
import type { ServerMetadata } from "./openid.ts";
import { certificateThumbprints, readPrivateKey } from "./private_key.ts";

/** How long an assertion is good for unless told otherwise, in seconds. */
const LIFETIME = 300;

/**
 * Signs an assertion with the private key (RFC 7523 section 3): who signs in, and for which server, is
 * for the definition to say.
 *
 * @throws {AuthError} `credentials_missing` for a value that a claim names, `invalid_argument` for a key
 * that is not usable
 */
export async function signAssertion(
  context: GrantContext,
  server: ServerMetadata,
  claims: AssertionClaims,
): Promise<string> {
  const { values, clock, now, system: { provider, endpoints } } = context;
  const { key, alg, keyId } = await readPrivateKey(values, {
    wanted: provider.assertionAlgorithm,
    supported: server["token_endpoint_auth_signing_alg_values_supported"],
  });
  const seconds = Math.floor((now() + clock.offset) / 1000);
  const audience = assertionAudience(
    provider.assertionAudience,
    server,
    endpoints.token !== undefined,
  );
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
  // What a key's kind leaves open (RFC 7518 section 3); the rest is the key's own.
  const size = `SHA-${alg.slice(-3)}`;
  const how = { name: key.algorithm.name, hash: size, saltLength: Number(alg.slice(-3)) / 8 };
  const signature = await crypto.subtle.sign(how, key, new TextEncoder().encode(text));
  return `${text}.${base64url(new Uint8Array(signature))}`;
}

/**
 * The claims with their values. `{name}` stands for a credential value; what is empty, or names an
 * optional value that is not there, is left out. Pure.
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
