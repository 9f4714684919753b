import * as openid from "openid-client";
import type { GrantParts } from "./grant.ts";
import { withClient } from "./exchange.ts";

/**
 * Tells the server that a token is no longer needed (RFC 7009).
 *
 * @returns false when the server has no revocation endpoint, or none for this kind of token
 */
export function revokeToken(
  parts: GrantParts,
  token: string,
  hint: "access_token" | "refresh_token",
  tokenEndpoint: string | undefined,
): Promise<boolean> {
  const settings = { resend: "always", grant: "revocation", tokenEndpoint } as const;
  return withClient(parts, settings, async ({ config }) => {
    if (config.serverMetadata().revocation_endpoint === undefined) return false;
    try {
      await openid.tokenRevocation(config, token, { token_type_hint: hint });
      return true;
    } catch (error) {
      // RFC 7009 section 2.2.1: such a token, often a JWT, ends by itself.
      const { error: name } = error as { error?: unknown };
      if (name === "unsupported_token_type") return false;
      throw error;
    }
  });
}
