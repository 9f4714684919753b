import * as openid from "./openid.ts";
import { AuthError } from "../errors.ts";
import { basicCredentials } from "../http/token_fetch.ts";
import type { ClientAuthentication } from "../providers/provider.ts";
import type { GrantContext } from "./grant.ts";
import { getExternalToken } from "./external_token.ts";
import { certificateThumbprints, readPrivateKey } from "./private_key.ts";

/** What a client is used for. */
export interface ClientSettings {
  /** The token endpoint, if the sign-in chose it. */
  readonly tokenEndpoint?: string | undefined;
  /** The endpoint that authenticates the client. */
  readonly endpoint: "token" | "revocation";
}

/** Creates a provider's client authentication for openid-client. */
export async function clientAuthentication(
  context: GrantContext,
  server: openid.ServerMetadata,
  settings: ClientSettings,
): Promise<openid.ClientAuth> {
  const { system, values } = context;
  const { provider } = system;
  const id = values["client_id"] ?? "";
  const secret = values["client_secret"] ?? "";
  const isGiven = settings.tokenEndpoint !== undefined || system.endpoints.token !== undefined;
  const audience = assertionAudience(provider.assertionAudience, server, isGiven);
  const editPayload = (payload: Record<string, openid.JsonValue | undefined>) => {
    payload["aud"] = audience;
    // A server whose clock is behind would refuse an assertion that is not valid yet.
    delete payload["nbf"];
    payload["exp"] = Number(payload["iat"]) + 300;
  };
  const method = methodFor(provider.clientAuthentication, supportedMethods(server, settings));
  switch (method) {
    case "client_secret_post":
      return openid.ClientSecretPost(secret);
    case "client_secret_basic":
      return (_server, _client, _body, headers) => {
        headers.set("authorization", basicCredentials(formEncode(id), formEncode(secret)));
      };
    case "client_secret_basic_raw":
      return (_server, _client, _body, headers) => {
        headers.set("authorization", basicCredentials(id, secret));
      };
    case "client_secret_jwt":
      return openid.ClientSecretJwt(secret, {
        [openid.modifyAssertion]: (_header, payload) => editPayload(payload),
      });
    case "private_key_jwt": {
      const { key, alg, keyId } = await readPrivateKey(values, {
        wanted: provider.assertionAlgorithm,
        supported: server["token_endpoint_auth_signing_alg_values_supported"],
      });
      const thumbprints = await certificateThumbprints(values);
      return openid.PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, {
        [openid.modifyAssertion]: (header, payload) => {
          Object.assign(header, { alg, ...thumbprints });
          editPayload(payload);
        },
      });
    }
    case "federated_jwt": {
      checkOwnEndpoint(server, settings);
      const assertion = await getExternal(context, "clientAssertion", "client assertion");
      return (_server, _client, body) => {
        body.set("client_id", id);
        body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        body.set("client_assertion", assertion);
      };
    }
    // The connection's certificate authenticates the client.
    case "tls_client_auth":
    case "none":
      // A sign-in with an external token may have no client (Google's STS).
      return id === "" ? () => {} : openid.None();
  }
}

/**
 * Gets an external token, which is requested every time.
 *
 * @throws {AuthError} the same errors as `getExternalToken`
 */
export async function getExternal(
  context: GrantContext,
  name: "subjectToken" | "clientAssertion",
  what: string,
): Promise<string> {
  const { external, system: { provider: { title } } } = context;
  const source = external?.[name];
  if (external === undefined || source === undefined) {
    throw new AuthError("invalid_argument", `${title} needs the option "${name}".`);
  }
  const { runtime } = external;
  return (await getExternalToken(source, `The ${what} for ${title}`, { ...context, runtime }))
    .token;
}

/** Allows only the token endpoint's server, because anyone who gets the client assertion can use it. */
function checkOwnEndpoint(server: openid.ServerMetadata, { endpoint }: ClientSettings): void {
  if (endpoint === "token") return;
  const [token, other] = [server.token_endpoint, server.revocation_endpoint].map((url) =>
    url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined
  );
  if (token === other) return;
  throw new AuthError(
    "unsupported",
    `The client assertion is only for ${token}, so it was not sent to ${other}.`,
  );
}

/**
 * The audience of an assertion (RFC 7523 section 3). Servers agree on the token endpoint. If discovery found
 * that endpoint, the audience is the issuer, so that no server can get an assertion that is valid at another
 * server.
 */
export function assertionAudience(
  said: string | undefined,
  server: openid.ServerMetadata,
  isGiven: boolean,
): string {
  const tokenEndpoint = server.token_endpoint ?? server.issuer;
  if (said === "token_endpoint") return tokenEndpoint;
  if (said === "issuer") return server.issuer;
  return said ?? (isGiven ? tokenEndpoint : server.issuer);
}

/** The methods that the metadata lists (RFC 8414). A revocation endpoint may have its own list. */
function supportedMethods(server: openid.ServerMetadata, { endpoint }: ClientSettings): string[] {
  const own = endpoint === "revocation"
    ? server["revocation_endpoint_auth_methods_supported"]
    : undefined;
  const list = own ?? server.token_endpoint_auth_methods_supported;
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}

const SECRET_METHODS = ["client_secret_post", "client_secret_basic", "client_secret_jwt"] as const;

/** The provider's method, or another one with the same secret if the server does not support it. */
function methodFor(
  wanted: ClientAuthentication,
  supported: readonly string[],
): ClientAuthentication {
  if (wanted !== "client_secret_post" && wanted !== "client_secret_basic") return wanted;
  if (supported.length === 0 || supported.includes(wanted)) return wanted;
  return SECRET_METHODS.find((method) => supported.includes(method)) ?? wanted;
}

/**
 * Form-encodes a value (RFC 6749 section 2.3.1), but only the characters that need it. Half of all servers
 * do not decode, and a UUID with its hyphens works with those too.
 */
function formEncode(text: string): string {
  return encodeURIComponent(text).replaceAll("%20", "+");
}

/** What to try after HTTP Basic was refused, if a server that does not decode would read other values. */
export function basicHint({ system, values }: GrantContext): string | undefined {
  if (system.provider.clientAuthentication !== "client_secret_basic") return undefined;
  const { client_id = "", client_secret = "" } = values;
  return formEncode(client_id) === client_id && formEncode(client_secret) === client_secret
    ? undefined
    : ' If they are right, the server may not decode them: try clientAuthentication "client_secret_basic_raw".';
}
