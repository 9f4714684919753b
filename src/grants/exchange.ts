import type * as openid from "openid-client";
import { createTokenFetch, type Resend, type TokenFetch } from "../http/token_fetch.ts";
import { type OpenClient, openClient } from "./client.ts";
import { grantFailure } from "./grant_failure.ts";
import type { GrantParts, TokenResponse } from "./grant.ts";

/** What differs between one exchange and another. */
export interface ExchangeSettings {
  grant: string;
  /** Which failures may be sent again. */
  resend: Resend;
  /** Where to exchange, when the sign-in decided it. */
  tokenEndpoint?: string | undefined;
}

type Client = OpenClient & { fetch: TokenFetch };

/** Runs one exchange with the token endpoint and gives back a plain token response. */
export function exchange(
  parts: GrantParts,
  settings: ExchangeSettings,
  send: (client: Client) => Promise<openid.TokenEndpointResponse>,
): Promise<TokenResponse> {
  return withClient(parts, settings, async (client) => {
    const response = await send(client);
    const idToken = response.id_token ?? client.idToken();
    // Only plain values leave this room: openid-client's own objects show secrets when inspected.
    const plain: TokenResponse = {
      access_token: response.access_token,
      token_type: response.token_type,
      expires_at: response["expires_at"],
    };
    if (response.expires_in !== undefined) plain.expires_in = response.expires_in;
    if (response.scope !== undefined) plain.scope = response.scope;
    if (response.refresh_token !== undefined) plain.refresh_token = response.refresh_token;
    if (idToken !== undefined) plain.id_token = idToken;
    return plain;
  });
}

/**
 * Opens a client for one exchange. A client that is refused while its clock is off is tried once more
 * with the server's time: an assertion (RFC 7523) or a DPoP proof that seems old is refused.
 */
export async function withClient<T>(
  parts: GrantParts,
  settings: ExchangeSettings,
  action: (client: Client) => Promise<T>,
): Promise<T> {
  const { title } = parts.system.provider;
  let offset = parts.clock.offset;
  const fetch = createTokenFetch(
    { ...parts, onClockOffset: (milliseconds) => offset = milliseconds },
    settings.resend,
    `${title}'s authorization server`,
  );
  const attempt = async () => {
    try {
      return await action({ ...await openClient(parts, fetch, settings.tokenEndpoint), fetch });
    } catch (error) {
      throw grantFailure(error, { title, grant: settings.grant, secrets: fetch.secrets });
    }
  };
  try {
    return await attempt();
  } catch (error) {
    const drift = Math.abs(offset - parts.clock.offset);
    parts.clock.offset = offset;
    const signs = /jwt$/.test(parts.system.provider.clientAuthentication) || parts.dpopKey;
    const refused = (error as { code?: string }).code === "client_refused" || parts.dpopKey;
    if (!signs || !refused || drift < CLOCK_TOLERANCE) throw error;
    return await attempt();
  } finally {
    parts.clock.offset = offset;
  }
}

/** A drift the answer's `Date`, whole seconds and a slow network could explain, in milliseconds. */
const CLOCK_TOLERANCE = 5_000;

/** Parameters that go into both the authorization and the token request. */
export function commonParameters(
  parts: GrantParts,
  scope: string | undefined,
): Record<string, string> {
  const { audience, resource } = parts.system.provider;
  const parameters: Record<string, string> = {};
  if (scope !== undefined) parameters["scope"] = scope;
  if (audience !== undefined) parameters["audience"] = audience;
  if (resource !== undefined) parameters["resource"] = resource;
  return parameters;
}
