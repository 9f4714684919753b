import type { GrantParts, GrantRequest, TokenResponse } from "./grant.ts";

/**
 * The one switch between the grants. Each is loaded when it is used, and openid-client with it: a
 * session whose token is still good loads neither.
 *
 * @throws {AuthError} what the server or the network said
 */
export async function obtainToken(
  parts: GrantParts,
  request: GrantRequest,
): Promise<TokenResponse> {
  switch (request.grant) {
    case "client_credentials":
      return (await import("./client_credentials.ts")).clientCredentials(parts);
    case "password":
      return (await import("./password.ts")).password(parts);
    case "refresh_token":
      return (await import("./refresh_token.ts")).refreshToken(parts, request);
    case "authorization_code":
      return (await import("./authorization_code.ts")).exchangeCode(parts, request);
  }
}
