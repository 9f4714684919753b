import * as openid from "./openid.ts";
import type { TokenFetch } from "../http/token_fetch.ts";
import { clientAuthentication, type ClientSettings } from "./client_authentication.ts";
import { discover } from "./discovery.ts";
import type { GrantContext } from "./grant.ts";

/**
 * Configures openid-client for a system. Keep the result inside `src/grants`, because it shows secrets when
 * it is inspected.
 */
export async function openClient(
  context: GrantContext,
  server: openid.ServerMetadata,
  settings: ClientSettings,
  fetch: openid.CustomFetch,
): Promise<openid.Configuration> {
  const config = new openid.Configuration(
    server,
    // openid-client requires one. If the system has none, it is not sent.
    context.values["client_id"] || "none",
    { [openid.clockSkew]: Math.round(context.clock.offset / 1000) },
    await clientAuthentication(context, server, settings),
  );
  // The fetch below checks every URL: https, or http on loopback.
  openid.allowInsecureRequests(config);
  // The fetch has its own timeout. openid-client's must not end an exchange sooner.
  config.timeout = undefined;
  config[openid.customFetch] = fetch;
  return config;
}

/** Returns the server's metadata (RFC 8414): the provider's settings, completed by discovery. */
export async function serverMetadata(
  { system, discovered }: GrantContext,
  fetch: TokenFetch,
  tokenEndpoint: string | undefined,
): Promise<openid.ServerMetadata> {
  const { endpoints, issuer, apiUrl, provider } = system;
  const token = tokenEndpoint ?? endpoints.token;
  const given = {
    ...(token && { token_endpoint: token }),
    ...(endpoints.authorization && { authorization_endpoint: endpoints.authorization }),
    ...(endpoints.deviceAuthorization &&
      { device_authorization_endpoint: endpoints.deviceAuthorization }),
    ...(endpoints.revocation && { revocation_endpoint: endpoints.revocation }),
    ...(endpoints.pushedAuthorization &&
      { pushed_authorization_request_endpoint: endpoints.pushedAuthorization }),
  };
  if (issuer === undefined || provider.discovery === false) {
    return { issuer: issuer ?? token ?? apiUrl.origin, ...given };
  }
  discovered.metadata ??= await discover(issuer, given, fetch);
  const metadata = discovered.metadata as openid.ServerMetadata;
  const aliases = provider.clientAuthentication === "tls_client_auth"
    ? metadata.mtls_endpoint_aliases
    : undefined;
  // RFC 8705 section 5: the endpoints that request a client certificate.
  return { ...metadata, ...aliases as Partial<openid.ServerMetadata>, ...given };
}
