import { createIssuer, type Issuer } from "../create_issuer.ts";
import { type Exchange, send, sendJson } from "../exchange.ts";
import { loadOidcProvider } from "../oidc_provider.ts";
import { randomSecret } from "../random_secret.ts";
import { resourceApi } from "../resource_api.ts";
import { serveIssuer } from "../serve_issuer.ts";
import { findUser, type SandboxClient, type System, type SystemContext } from "../system.ts";

const BASIC = "/api/v1/auth/jwt/token/basic";
const CLIENTS = "/api/v1/clients/";
const TOKEN = "/api/v1/auth/jwt/token";

/** SpatiaFi: HTTP Basic sign-in, app credentials on request, then `client_secret_jwt`. */
export const spatiafi: System = {
  name: "spatiafi",
  async start(context) {
    const { state, auth, api } = context;
    const tokenUrl = auth.origin + TOKEN;
    const { errors } = await loadOidcProvider();
    const issuer = await createIssuer({
      state,
      name: "spatiafi",
      issuer: auth.origin,
      audience: api.origin,
      scopes: [],
      routes: { token: TOKEN },
      configuration: {
        clientAuthMethods: ["client_secret_jwt"],
        // Like the real server, stricter than oidc-provider: one audience, as a string.
        assertJwtClientAuthClaimsAndHeader: (_context: unknown, claims: { aud?: unknown }) => {
          if (claims.aud !== tokenUrl) throw new errors.InvalidClientAuth("wrong audience");
        },
      },
    });
    serveIssuer(auth, issuer, {
      name: "spatiafi",
      endpoints: { [BASIC]: "basic", [CLIENTS.slice(0, -1)]: "clients", [TOKEN]: "token" },
      own: {
        [`GET ${BASIC}`]: (exchange) => answerBasic(context, issuer, exchange),
        [`POST ${CLIENTS}`]: (exchange) => answerClients(issuer, exchange),
        [`POST ${CLIENTS.slice(0, -1)}`]: ({ response }) =>
          send(response, 307, "", { location: CLIENTS }),
      },
    });
    api.serve({ name: "spatiafi", endpointOf: () => "api", handle: resourceApi(issuer) });
    return {
      environment: { SPATIAFI_AUTH_URL: auth.origin, SPATIAFI_API_URL: api.origin },
      clients: { spatiafi: addClient(issuer) },
    };
  },
};

function addClient(issuer: Issuer): Required<Pick<SandboxClient, "clientId" | "clientSecret">> {
  const client = { clientId: crypto.randomUUID(), clientSecret: randomSecret(48) };
  issuer.addClient({
    client_id: client.clientId,
    client_secret: client.clientSecret,
    token_endpoint_auth_method: "client_secret_jwt",
    token_endpoint_auth_signing_alg: "HS256",
  });
  return client;
}

async function answerBasic(
  { state, users }: SystemContext,
  issuer: Issuer,
  { request, response }: Exchange,
): Promise<void> {
  const [username, password] = readBasic(request.headers.authorization);
  const user = findUser(users, username, password);
  if (!user) {
    return sendJson(response, 401, { detail: "Incorrect user name or password" }, {
      "www-authenticate": 'Basic realm="spatiafi", charset="UTF-8"',
    });
  }
  const now = Math.floor(Date.now() / 1000);
  const exp = now + state.tokenLifetime;
  const aud = [issuer.audience, issuer.issuer];
  const token = await issuer.sign({ sub: user.username, aud, iat: now, exp });
  sendJson(response, 200, { access_token: token, token_type: "bearer", expires_at: exp });
}

/** RFC 7617: UTF-8, split at the first colon, nothing decoded further. */
function readBasic(header = ""): [string?, string?] {
  const [scheme, value] = header.split(" ");
  if (scheme?.toLowerCase() !== "basic" || !value) return [];
  try {
    const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const colon = text.indexOf(":");
    return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
  } catch {
    return [];
  }
}

async function answerClients(issuer: Issuer, { request, response }: Exchange): Promise<void> {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  try {
    if (scheme?.toLowerCase() !== "bearer") throw new Error("no bearer token");
    const claims = await issuer.verify(token ?? "");
    // Only a person can create app credentials; a client's token is refused.
    const forPeople = Array.isArray(claims.aud) && claims.aud.includes(issuer.issuer);
    if (!forPeople || !issuer.isCurrent(claims)) throw new Error("not a person's token");
  } catch {
    return sendJson(response, 401, { detail: "Could not validate credentials" }, {
      "www-authenticate": "Bearer",
    });
  }
  const { clientId, clientSecret } = addClient(issuer);
  sendJson(response, 200, {
    client_id: clientId,
    client_secret: clientSecret,
    name: `app-${clientId.slice(0, 8)}`,
    created_at: new Date().toISOString(),
    disabled: false,
  });
}
