import * as openid from "openid-client";
import type { GrantParts, TokenResponse } from "./grant.ts";
import { commonParameters, exchange } from "./exchange.ts";

/** The client credentials grant, RFC 6749 section 4.4. */
export function clientCredentials(parts: GrantParts): Promise<TokenResponse> {
  return exchange(
    parts,
    { resend: "always", grant: "client_credentials" },
    ({ config, options }) =>
      openid.clientCredentialsGrant(config, commonParameters(parts, parts.scope), options),
  );
}
