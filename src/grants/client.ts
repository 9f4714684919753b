import * as openid from "openid-client";
import { AuthError } from "../errors.ts";
import type { TokenFetch } from "../http/token_fetch.ts";
import { clientAuthentication } from "./client_authentication.ts";
import type { GrantParts } from "./grant.ts";

/** An openid-client configuration, ready for one exchange. It never leaves `src/grants`. */
export interface OpenClient {
  config: openid.Configuration;
  options: openid.DPoPOptions;
  /** An `id_token` that was set aside unjudged: to read, not to trust. */
  idToken(): string | undefined;
}

/** Configures openid-client for a system, by its endpoints or by discovery. */
export async function openClient(
  parts: GrantParts,
  fetch: TokenFetch,
  settings: { grant: string; tokenEndpoint?: string | undefined },
): Promise<OpenClient> {
  const { system, values } = parts;
  const clientId = values["client_id"] ?? "";
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
  config.timeout = parts.timeout / 1000 + 60;
  // Judged where it says who signed in. A refresh must not fail over it: the answer holds the next
  // refresh token, and would be lost. (OpenID Connect Core section 12.2 makes it optional there.)
  const judged = system.issuer !== undefined && settings.grant !== "refresh_token";
  let aside: string | undefined;
  config[openid.customFetch] = async (url, init) => {
    const response = await fetch(url, init as RequestInit);
    const tidied = await tidy(response, !judged);
    aside = tidied.idToken ?? aside;
    return tidied.response;
  };
  return { config, options: await dpopOptions(parts, config), idToken: () => aside };
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

/** Evens out what servers do with members that RFC 6749 lets them leave out. */
async function tidy(
  response: Response,
  setIdTokenAside: boolean,
): Promise<{ response: Response; idToken?: string }> {
  if (!/^application\/json\b/i.test(response.headers.get("content-type") ?? "")) {
    return { response };
  }
  const text = await response.text();
  const again = (body: string) =>
    new Response(body, { status: response.status, headers: response.headers });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { response: again(text) };
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return { response: again(text) };
  }
  const members = Object.entries(json).filter(([, value]) => value !== null);
  const answer: Record<string, unknown> = Object.fromEntries(members);
  // A token without a life is refused later: the answer may hold a refresh token that must be kept.
  if (Number(answer["expires_in"]) < 0) answer["expires_in"] = 0;
  const idToken = answer["id_token"];
  if (!setIdTokenAside || typeof idToken !== "string") {
    return { response: again(JSON.stringify(answer)) };
  }
  delete answer["id_token"];
  return { response: again(JSON.stringify(answer)), idToken };
}

async function dpopOptions(
  parts: GrantParts,
  config: openid.Configuration,
): Promise<openid.DPoPOptions> {
  if (parts.dpopKey === undefined) return {};
  const { dpopKeyPair } = await import("../dpop.ts");
  return { DPoP: openid.getDPoPHandle(config, await dpopKeyPair(parts.dpopKey)) };
}
