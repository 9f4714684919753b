import type * as openid from "openid-client";
import { createTokenFetch, type Resend, type TokenFetch } from "../http/token_fetch.ts";
import { type OpenClient, openClient } from "./client.ts";
import type { GrantParts, TokenResponse } from "./grant.ts";

/** What differs between one exchange and another. */
export interface ExchangeSettings {
  grant: string;
  /** Which failures may be sent again. */
  resend: Resend;
  /** Where to exchange, when the sign-in decided it. */
  tokenEndpoint?: string | undefined;
}

type Client = OpenClient & {
  fetch: TokenFetch;
  /** An `id_token` that was set aside unjudged: to read, not to trust. */
  idToken(): string | undefined;
};

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
  const { clock } = parts;
  // Judged where it says who signed in. A refresh must not fail over it: the answer holds the next
  // refresh token, and would be lost. (OpenID Connect Core section 12.2 makes it optional there.)
  const judged = parts.system.issuer !== undefined && settings.grant !== "refresh_token";
  let aside: string | undefined;
  const edit = (body: string, headers: Headers) => {
    const { text, idToken } = tidy(body, headers, !judged);
    aside = idToken ?? aside;
    return text;
  };
  const fetch = createTokenFetch(
    { ...parts, edit, onClockOffset: (milliseconds) => clock.offset = milliseconds },
    settings.resend,
    `${title}'s authorization server`,
  );
  let assumed = clock.offset;
  const attempt = async () => {
    try {
      const client = await openClient(parts, fetch, settings);
      assumed = clock.offset;
      return await action({ ...client, fetch, idToken: () => aside });
    } catch (error) {
      const { grantFailure } = await import("./grant_failure.ts");
      throw grantFailure(error, { title, grant: settings.grant, sent: fetch.sent });
    }
  };
  try {
    return await attempt();
  } catch (error) {
    const { code, error: name } = error as { code?: string; error?: string };
    const signs = /jwt$/.test(parts.system.provider.clientAuthentication);
    // Only what the server has refused for its time may be sent again: it was not carried out.
    const refused = (signs && code === "client_refused") || name === "invalid_dpop_proof";
    if (!refused || Math.abs(clock.offset - assumed) < CLOCK_TOLERANCE) throw error;
    return await attempt();
  }
}

/** An answer's text, evened out. */
interface Tidied {
  text: string;
  /** An `id_token` that was set aside unjudged: to read, not to trust. */
  idToken?: string;
}

/** Evens out what servers do with members that RFC 6749 lets them leave out. */
function tidy(text: string, headers: Headers, setIdTokenAside: boolean): Tidied {
  if (!/^application\/json\b/i.test(headers.get("content-type") ?? "")) return { text };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { text };
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return { text };
  const members = Object.entries(json).filter(([, value]) => value !== null);
  const answer: Record<string, unknown> = Object.fromEntries(members);
  // A token without a life is refused later: the answer may hold a refresh token that must be kept.
  if (Number(answer["expires_in"]) < 0) answer["expires_in"] = 0;
  const idToken = answer["id_token"];
  if (!setIdTokenAside || typeof idToken !== "string") return { text: JSON.stringify(answer) };
  delete answer["id_token"];
  return { text: JSON.stringify(answer), idToken };
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
