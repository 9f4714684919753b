import * as openid from "openid-client";
import { AuthError } from "../errors.ts";
import type { TokenFetch } from "../http/token_fetch.ts";
import { clientAuthentication } from "./client_authentication.ts";
import type { GrantParts } from "./grant.ts";

/** An openid-client configuration, ready for one exchange. It never leaves `src/grants`. */
export interface OpenClient {
  config: openid.Configuration;
  options: openid.DPoPOptions;
}

/** Configures openid-client for a system, by its endpoints or by discovery. */
export async function openClient(
  parts: GrantParts,
  fetch: TokenFetch,
  settings: { grant: string; tokenEndpoint?: string | undefined },
): Promise<OpenClient> {
  const clientId = parts.values["client_id"] ?? "";
  const server = await serverMetadata(parts, fetch, settings.tokenEndpoint);
  const config = new openid.Configuration(
    server,
    clientId,
    { [openid.clockSkew]: Math.round(parts.clock.offset / 1000) },
    await clientAuthentication(parts, server),
  );
  // Every URL is checked by the fetch below: https, or http on loopback.
  openid.allowInsecureRequests(config);
  // The deadline is the fetch's; openid-client's own must not end an exchange sooner.
  config.timeout = undefined;
  config[openid.customFetch] = (url, init) => fetch(url, init as RequestInit);
  return { config, options: await dpopOptions(parts, config) };
}

/** The server's metadata (RFC 8414): what the provider says, completed by discovery. */
async function serverMetadata(
  parts: GrantParts,
  fetch: TokenFetch,
  tokenEndpoint: string | undefined,
): Promise<openid.ServerMetadata> {
  const { endpoints, issuer, apiUrl } = parts.system;
  const token = tokenEndpoint ?? endpoints.token;
  const known = {
    ...(token && { token_endpoint: token }),
    ...(endpoints.authorization && { authorization_endpoint: endpoints.authorization }),
    ...(endpoints.deviceAuthorization &&
      { device_authorization_endpoint: endpoints.deviceAuthorization }),
    ...(endpoints.revocation && { revocation_endpoint: endpoints.revocation }),
  };
  if (issuer === undefined) return { issuer: token ?? apiUrl.origin, ...known };
  parts.discovered.metadata ??= await discover(issuer, fetch);
  return { ...parts.discovered.metadata as openid.ServerMetadata, ...known };
}

/** OpenID Connect Discovery first, then RFC 8414, which servers without OpenID Connect use. */
async function discover(issuer: string, fetch: TokenFetch): Promise<openid.ServerMetadata> {
  const options = (algorithm: "oidc" | "oauth2"): openid.DiscoveryRequestOptions => ({
    algorithm,
    [openid.customFetch]: fetch as unknown as openid.CustomFetch,
    execute: [openid.allowInsecureRequests],
  });
  const ask = async (algorithm: "oidc" | "oauth2") => {
    const config = await openid.discovery(
      new URL(issuer),
      "-",
      {},
      openid.None(),
      options(algorithm),
    );
    const { supportsPKCE: _, ...metadata } = config.serverMetadata();
    return metadata;
  };
  try {
    return await ask("oidc");
  } catch (error) {
    const response = (error as { cause?: unknown }).cause;
    if (!(response instanceof Response) || response.status !== 404) throw error;
  }
  try {
    return await ask("oauth2");
  } catch (error) {
    const response = (error as { cause?: unknown }).cause;
    if (!(response instanceof Response) || response.status !== 404) throw error;
    throw new AuthError(
      "bad_response",
      `${issuer} publishes no metadata (/.well-known/openid-configuration). Check the issuer, or give the endpoints.`,
      { status: 404 },
    );
  }
}

async function dpopOptions(
  parts: GrantParts,
  config: openid.Configuration,
): Promise<openid.DPoPOptions> {
  if (parts.dpopKey === undefined) return {};
  const { dpopKeyPair } = await import("../token/dpop.ts");
  return { DPoP: openid.getDPoPHandle(config, await dpopKeyPair(parts.dpopKey)) };
}
