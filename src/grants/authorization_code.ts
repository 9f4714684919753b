import * as openid from "openid-client";
import { AuthError } from "../errors.ts";
import type { AuthorizationRequest, GrantParts, GrantRequest, TokenResponse } from "./grant.ts";
import { commonParameters, exchange, withClient } from "./exchange.ts";

/**
 * Begins the authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636, S256 only).
 *
 * @param redirectUri where the answer will arrive
 */
export function beginAuthorization(
  parts: GrantParts,
  redirectUri: string,
): Promise<AuthorizationRequest> {
  return withClient(
    parts,
    { resend: "always", grant: "authorization_code" },
    async ({ config }) => {
      const verifier = openid.randomPKCECodeVerifier();
      const state = openid.randomState();
      const scopes = parts.scope?.split(" ") ?? [];
      const nonce = scopes.includes("openid") ? openid.randomNonce() : undefined;
      if (config.serverMetadata().authorization_endpoint === undefined) {
        throw new AuthError(
          "unsupported",
          `${parts.system.provider.title} names no authorization endpoint. Give "endpoints.authorization".`,
        );
      }
      const url = openid.buildAuthorizationUrl(config, {
        // OpenID Connect Core section 11: without it the server may give no refresh token.
        ...(scopes.includes("offline_access") ? { prompt: "consent" } : {}),
        ...parts.system.provider.authorizationParameters,
        ...commonParameters(parts, parts.scope),
        redirect_uri: redirectUri,
        state,
        ...(nonce === undefined ? {} : { nonce }),
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      const issuer = parts.system.issuer && config.serverMetadata().issuer;
      return { url: url.href, redirectUri, state, issuer, nonce, verifier };
    },
  );
}

/** Exchanges the code. A code works once, so this is sent once. */
export function exchangeCode(
  parts: GrantParts,
  { answer, request }: Extract<GrantRequest, { grant: "authorization_code" }>,
): Promise<TokenResponse> {
  const settings = {
    resend: "refused",
    grant: "authorization_code",
    tokenEndpoint: answer.kind === "code" ? answer.tokenEndpoint : undefined,
  } as const;
  return exchange(parts, settings, ({ config, options }) => {
    if (answer.kind === "redirect" && request) {
      return openid.authorizationCodeGrant(
        config,
        answer.url,
        {
          expectedState: request.state,
          pkceCodeVerifier: request.verifier,
          ...(request.nonce === undefined ? {} : { expectedNonce: request.nonce }),
        },
        resources(parts),
        options,
      );
    }
    // A bare code was pasted by the person who started the request: there is no state to compare.
    return openid.genericGrantRequest(config, "authorization_code", {
      ...resources(parts),
      code: answer.kind === "code" ? answer.code : answer.url.searchParams.get("code") ?? "",
      ...(request ? { redirect_uri: request.redirectUri, code_verifier: request.verifier } : {}),
    }, options);
  });
}

/** RFC 8707 section 2.2: the resource is named at the token endpoint too. */
function resources(parts: GrantParts): Record<string, string> {
  const { resource } = parts.system.provider;
  return resource === undefined ? {} : { resource };
}
