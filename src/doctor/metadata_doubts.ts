import type { Provider } from "../providers/provider.ts";

/** The grants by their names in metadata (RFC 8414, RFC 8628 section 4). */
const GRANT_NAMES: Readonly<Record<Provider["grant"], string>> = {
  client_credentials: "client_credentials",
  password: "password",
  authorization_code: "authorization_code",
  device_code: "urn:ietf:params:oauth:grant-type:device_code",
  token_exchange: "urn:ietf:params:oauth:grant-type:token-exchange",
  jwt_bearer: "urn:ietf:params:oauth:grant-type:jwt-bearer",
};

/**
 * Compares a server's metadata (RFC 8414) with a definition. Metadata is often incomplete, so a mismatch is
 * only a doubt, not a problem, and a missing member is ignored.
 *
 * @param who the server's name in messages
 */
export function doubtsOf(
  metadata: Readonly<Record<string, unknown>>,
  { grant, clientAuthentication, endpoints }: Pick<
    Provider,
    "grant" | "clientAuthentication" | "endpoints"
  >,
  who: string,
): string[] {
  const doubts: string[] = [];
  const lacks = (list: unknown, name: string): list is unknown[] =>
    Array.isArray(list) && list.length > 0 && !list.includes(name);
  const grants = metadata["grant_types_supported"];
  if (lacks(grants, GRANT_NAMES[grant])) {
    doubts.push(
      `${who} does not list the grant "${grant}" (it lists ${
        grants.join(", ")
      }). If the sign-in is ` +
        'refused, check "grant" and what the client may do.',
    );
  }
  const methods = metadata["token_endpoint_auth_methods_supported"];
  // There are two methods for Basic here. A server that accepts only Basic also works with post.
  // An external assertion is sent like our own, and metadata has the same name for both (RFC 7523).
  const wanted = clientAuthentication.replace(/_raw$/, "").replace(
    "federated_jwt",
    "private_key_jwt",
  );
  const isServed = wanted === "client_secret_post" && Array.isArray(methods) &&
    methods.includes("client_secret_basic");
  if (lacks(methods, wanted) && !isServed) {
    doubts.push(
      `${who} does not list the client authentication "${wanted}" (it lists ${
        methods.join(", ")
      }). ` +
        'If the client is refused, set "clientAuthentication" to one of these.',
    );
  }
  const needed = grant === "device_code"
    ? ["device_authorization_endpoint", endpoints.deviceAuthorization] as const
    : grant === "authorization_code"
    ? ["authorization_endpoint", endpoints.authorization] as const
    : ["token_endpoint", endpoints.token] as const;
  if (metadata[needed[0]] === undefined && needed[1] === undefined) {
    doubts.push(`${who} has no ${needed[0]}, which the grant "${grant}" needs.`);
  }
  return doubts;
}
