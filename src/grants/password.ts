import * as openid from "openid-client";
import type { GrantParts, TokenResponse } from "./grant.ts";
import { commonParameters, exchange } from "./exchange.ts";

/** The resource owner password credentials grant, RFC 6749 section 4.3. */
export function password(parts: GrantParts): Promise<TokenResponse> {
  const { username = "", password = "" } = parts.values;
  return exchange(
    parts,
    { resend: "always", grant: "password" },
    ({ config, options }) =>
      openid.genericGrantRequest(
        config,
        "password",
        { ...commonParameters(parts, parts.scope), username, password },
        options,
      ),
  );
}
