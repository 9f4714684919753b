import { exportJWK, exportPKCS8, generateKeyPair } from "jose";
import type { StoredModel } from "../oidc_provider.ts";
import { randomSecret } from "../random_secret.ts";
import type { SandboxClient } from "../system.ts";

type Metadata = StoredModel & { client_id: string };

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

/** One client for each way to authenticate; each may use every grant. */
export async function createOidcClients(): Promise<
  { clients: Record<string, SandboxClient>; metadata: Metadata[] }
> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const privateKeyJwk = await exportJWK(privateKey);
  const kid = randomSecret(6);
  const secret = (): string => randomSecret(36);
  const clients: Record<string, SandboxClient> = {
    "oidc": { clientId: "notebook" },
    // Not URL-safe: RFC 6749 form-encodes it for the Basic header.
    "oidc.client_secret_basic": { clientId: "basic", clientSecret: `+%/ :${secret()}` },
    "oidc.client_secret_post": { clientId: "post", clientSecret: secret() },
    "oidc.client_secret_jwt": { clientId: "secret-jwt", clientSecret: secret() },
    "oidc.private_key_jwt": {
      clientId: "key-jwt",
      privateKeyPem: await exportPKCS8(privateKey),
      privateKeyJwk: { ...privateKeyJwk, kid, alg: "ES256" },
    },
  };
  const jwks = { keys: [{ ...await exportJWK(publicKey), kid, alg: "ES256", use: "sig" }] };
  const metadata = Object.entries(clients).map(([name, client]): Metadata => {
    const method = name.split(".")[1] ?? "none";
    const grants = ["authorization_code", "refresh_token", DEVICE_CODE];
    return {
      client_id: client.clientId,
      client_name: `Sandbox ${client.clientId}`,
      ...(client.clientSecret ? { client_secret: client.clientSecret } : {}),
      ...(client.privateKeyPem ? { jwks } : {}),
      token_endpoint_auth_method: method,
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/callback", "http://[::1]/callback"],
      response_types: ["code"],
      // A public client has no secret, so it cannot use client credentials.
      grant_types: method === "none" ? grants : [...grants, "client_credentials"],
    };
  });
  return { clients, metadata };
}
