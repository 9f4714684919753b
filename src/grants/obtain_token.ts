import type { ServerMetadata } from "./openid.ts";
import { AuthError } from "../errors.ts";
import { exchangeCode } from "./authorization_code.ts";
import { assertionAudience, getExternal } from "./client_authentication.ts";
import { commonParameters, exchange, withTokenParameters } from "./exchange.ts";
import type { GrantContext, GrantRequest, TokenResponse } from "./grant.ts";
import { checkIdToken } from "./id_token.ts";
import { signAssertion } from "./private_key.ts";

/** RFC 8693 section 3: the default type of a subject token. */
const JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt";

/**
 * Runs any grant that needs no prompt. This module and openid-client are loaded only when a token is
 * needed; a session whose token is still valid loads neither.
 *
 * @throws {AuthError} the server's refusal, or a network error
 */
export async function obtainToken(
  context: GrantContext,
  request: GrantRequest,
): Promise<TokenResponse> {
  const { grant } = request;
  const send = (parameters: URLSearchParams, more?: Parameters<typeof exchange>[3]) =>
    exchange(
      context,
      { resend: "always", grant },
      withTokenParameters(context, grant, parameters),
      more,
    );
  switch (grant) {
    // RFC 6749 section 4.4
    case "client_credentials":
      return await send(commonParameters(context, context.scope));
    // RFC 6749 section 4.3
    case "password": {
      const { username, password } = context.values;
      const parameters = commonParameters(context, context.scope);
      parameters.set("username", username ?? "");
      parameters.set("password", password ?? "");
      const token = await send(parameters);
      checkIdToken(context, token, null);
      return token;
    }
    // RFC 8693. The subject token is requested every time.
    case "token_exchange": {
      const { subjectTokenType, requestedTokenType } = context.system.provider;
      const parameters = commonParameters(context, context.scope);
      parameters.set("subject_token", await getExternal(context, "subjectToken", "subject token"));
      parameters.set("subject_token_type", subjectTokenType ?? JWT_TYPE);
      if (requestedTokenType) parameters.set("requested_token_type", requestedTokenType);
      return await send(parameters);
    }
    // RFC 7523 section 2.1
    case "jwt_bearer": {
      const { assertionClaims } = context.system.provider;
      const parameters = commonParameters(context, context.scope);
      // If the claims name the scope, do not request it twice.
      if (assertionClaims?.["scope"] !== undefined) parameters.delete("scope");
      return await send(
        parameters,
        async (server) => ({ assertion: await assertionFor(context, server) }),
      );
    }
    // RFC 6749 section 6. Send it only once: if refresh tokens rotate, a second use looks like a theft.
    // Do not check its id_token: refusing the response would lose the next refresh token.
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

/** An external assertion, or one that this module signs. */
async function assertionFor(context: GrantContext, server: ServerMetadata): Promise<string> {
  const { external, system: { provider, endpoints } } = context;
  const { assertionClaims } = provider;
  if (assertionClaims === undefined || external?.subjectToken !== undefined) {
    return await getExternal(context, "subjectToken", "assertion");
  }
  const isGiven = endpoints.token !== undefined;
  return await signAssertion(context, {
    audience: assertionAudience(provider.assertionAudience, server, isGiven),
    supported: server["token_endpoint_auth_signing_alg_values_supported"],
  }, assertionClaims);
}
