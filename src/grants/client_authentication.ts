import * as openid from "openid-client";
import { AuthError } from "../errors.ts";
import { basicCredentials } from "../http/token_fetch.ts";
import type { GrantParts } from "./grant.ts";

/** How the client of a provider proves who it is, as openid-client wants it. */
export async function clientAuthentication(
  parts: GrantParts,
  server: openid.ServerMetadata,
): Promise<openid.ClientAuth> {
  const { provider } = parts.system;
  const id = parts.values["client_id"] ?? "";
  const secret = parts.values["client_secret"] ?? "";
  const audience = provider.assertionAudience === "issuer" ? server.issuer : server.token_endpoint;
  const assertion: openid.ModifyAssertionOptions = {
    [openid.modifyAssertion]: (_header, payload) => {
      // RFC 7523 section 3: the token endpoint is the audience servers agree on, as one string.
      if (audience !== undefined) payload["aud"] = audience;
      // A server whose clock is behind refuses an assertion that is not valid yet.
      delete payload["nbf"];
      payload["exp"] = Number(payload["iat"]) + 300;
    },
  };
  switch (provider.clientAuthentication) {
    case "client_secret_post": {
      // RFC 8414: a server says what it takes; one that takes Basic alone would refuse.
      const taken = server.token_endpoint_auth_methods_supported;
      const basicOnly = taken?.includes("client_secret_basic") &&
        !taken.includes("client_secret_post");
      return basicOnly ? openid.ClientSecretBasic(secret) : openid.ClientSecretPost(secret);
    }
    case "client_secret_basic":
      return openid.ClientSecretBasic(secret);
    case "client_secret_basic_raw":
      return (_server, _client, _body, headers) => {
        headers.set("authorization", basicCredentials(id, secret));
      };
    case "client_secret_jwt":
      return openid.ClientSecretJwt(secret, assertion);
    case "private_key_jwt":
      return openid.PrivateKeyJwt(await privateKey(parts.values), assertion);
    case "none":
      return openid.None();
  }
}

const PEM_ALGORITHMS = ["RS256", "ES256", "ES384", "ES512", "EdDSA"];

/** Reads `private_key`: a JWK (RFC 7517) as JSON, or PKCS #8 in PEM. */
async function privateKey(
  values: Record<string, string>,
): Promise<openid.CryptoKey | openid.PrivateKey> {
  const text = (values["private_key"] ?? "").trim();
  const id = values["key_id"];
  const withId = (key: openid.CryptoKey, kid: string | undefined) =>
    kid === undefined ? key : { key, kid };
  if (text.startsWith("{")) {
    const { importJWK } = await import("jose/key/import");
    try {
      const jwk = JSON.parse(text);
      const key = await importJWK(jwk, jwk.alg ?? algorithmOf(jwk));
      if (key instanceof CryptoKey && key.type === "private") return withId(key, id ?? jwk.kid);
    } catch { /* the message below says what is wanted; the parser's would repeat the key */ }
  } else {
    const { importPKCS8 } = await import("jose/key/import");
    for (const algorithm of PEM_ALGORITHMS) {
      try {
        return withId(await importPKCS8(text.replaceAll("\\n", "\n"), algorithm), id);
      } catch { /* a key of another kind */ }
    }
  }
  throw new AuthError(
    "invalid_argument",
    'The private_key is not usable. Give a private JWK, or PKCS #8 in PEM ("-----BEGIN PRIVATE KEY-----"); ' +
      "convert an older PEM with: openssl pkcs8 -topk8 -nocrypt.",
  );
}

function algorithmOf(jwk: { kty?: string; crv?: string }): string {
  if (jwk.kty === "RSA") return "RS256";
  const curves: Record<string, string> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };
  return curves[jwk.crv ?? ""] ?? "EdDSA";
}
