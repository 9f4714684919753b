import * as openid from "openid-client";
import type { GrantParts, GrantRequest, TokenResponse } from "./grant.ts";
import { commonParameters, exchange } from "./exchange.ts";

/**
 * The refresh, RFC 6749 section 6. It is sent once: where refresh tokens rotate, a second use is
 * taken for a theft and ends the session.
 */
export function refreshToken(
  parts: GrantParts,
  request: Extract<GrantRequest, { grant: "refresh_token" }>,
): Promise<TokenResponse> {
  const { refreshScope } = parts.system.provider;
  return exchange(
    parts,
    { resend: "refused", grant: "refresh_token", tokenEndpoint: request.tokenEndpoint },
    ({ config, options }) =>
      openid.refreshTokenGrant(
        config,
        request.refreshToken,
        commonParameters(parts, refreshScope),
        options,
      ),
  );
}
