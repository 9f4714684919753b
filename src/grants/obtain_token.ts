import { AuthError } from "../errors.ts";
import { exchangeCode } from "./authorization_code.ts";
import { commonParameters, exchange, withTokenParameters } from "./exchange.ts";
import type { GrantContext, GrantRequest, TokenResponse } from "./grant.ts";
import { checkIdToken } from "./id_token.ts";

/**
 * The one switch between the grants that ask nobody. It is loaded when a token is needed, and
 * openid-client with it: a session whose token is still good loads neither.
 *
 * @throws {AuthError} what the server or the network said
 */
export async function obtainToken(
  context: GrantContext,
  request: GrantRequest,
): Promise<TokenResponse> {
  const { grant } = request;
  switch (grant) {
    // RFC 6749 section 4.4
    case "client_credentials": {
      const parameters = commonParameters(context, context.scope);
      return await exchange(
        context,
        { resend: "always", grant },
        withTokenParameters(context, grant, parameters),
      );
    }
    // RFC 6749 section 4.3
    case "password": {
      const { username, password } = context.values;
      const parameters = commonParameters(context, context.scope);
      parameters.set("username", username ?? "");
      parameters.set("password", password ?? "");
      const token = await exchange(
        context,
        { resend: "always", grant },
        withTokenParameters(context, grant, parameters),
      );
      checkIdToken(context, token, null);
      return token;
    }
    // RFC 6749 section 6. Sent once: where refresh tokens rotate, a second use is taken for a theft.
    // Its id_token is not judged: the answer holds the next refresh token, and would be lost.
    case "refresh_token": {
      const parameters = commonParameters(context, context.system.provider.refreshScope);
      parameters.set("refresh_token", request.refreshToken);
      return await exchange(
        context,
        { resend: "refused", grant, tokenEndpoint: request.tokenEndpoint },
        withTokenParameters(context, grant, parameters),
      );
    }
    case "authorization_code":
      return await exchangeCode(context, request);
    default:
      throw new AuthError("unsupported", `There is no grant "${String(grant satisfies never)}".`);
  }
}
