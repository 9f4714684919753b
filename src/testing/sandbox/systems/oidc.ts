import { createIssuer } from "../create_issuer.ts";
import { devicePages } from "../device_pages.ts";
import { type Handler, sendJson } from "../exchange.ts";
import { INTERACTION, interactionHandler } from "../interactions.ts";
import { checkBearer } from "../check_bearer.ts";
import { createOidcClients } from "./oidc_clients.ts";
import { resourceApi } from "../resource_api.ts";
import { serveIssuer } from "../serve_issuer.ts";
import type { System } from "../system.ts";

const METADATA = "/.well-known/oauth-protected-resource";

const routes = {
  authorization: "/authorize",
  code_verification: "/device",
  device_authorization: "/device_authorization",
  introspection: "/introspect",
  jwks: "/jwks",
  registration: "/register",
  revocation: "/revoke",
  token: "/token",
  userinfo: "/userinfo",
};

const SCOPES = ["api:read", "api:write"];

/**
 * An OpenID provider: discovery, code with PKCE, device flow, every client authentication, DPoP,
 * client registration (RFC 7591). Its API names its authorization server (RFC 9728).
 */
export const oidc: System = {
  name: "oidc",
  async start({ state, users, auth, api }) {
    const { clients, metadata } = await createOidcClients();
    const issuer = await createIssuer({
      state,
      name: "oidc",
      issuer: auth.origin,
      audience: api.origin,
      scopes: SCOPES,
      routes,
      clients: metadata,
      configuration: {
        scopes: ["openid", "offline_access", "profile", "email"],
        claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
        responseTypes: ["code"],
        pkce: { required: () => true },
        interactions: {
          url: (_context: unknown, { uid }: { uid: string }) => `${INTERACTION}/${uid}`,
        },
        features: {
          deviceFlow: { enabled: true, ...devicePages },
          revocation: { enabled: true, allowedPolicy: () => true },
          introspection: { enabled: true, allowedPolicy: () => true },
          registration: { enabled: true },
        },
      },
    });
    const interact = interactionHandler(issuer, users);
    const userinfo = userinfoHandler(checkBearer(issuer), issuer.handle);
    serveIssuer(auth, issuer, {
      name: "oidc",
      endpoints: {
        ...Object.fromEntries(Object.entries(routes).map(([, path]) => [path, path.slice(1)])),
        "/.well-known": "discovery",
        [INTERACTION]: "interaction",
      },
      own: {
        "GET /userinfo": userinfo,
        "POST /userinfo": userinfo,
        [`GET ${INTERACTION}/*`]: interact,
        [`POST ${INTERACTION}/*`]: interact,
      },
    });
    const resource = {
      resource: api.origin,
      authorization_servers: [auth.origin],
      scopes_supported: ["openid", ...SCOPES],
      bearer_methods_supported: ["header"],
    };
    const answer = resourceApi(issuer, undefined, `${api.origin}${METADATA}`);
    api.serve({
      name: "oidc",
      endpointOf: (path) => path.startsWith(METADATA) ? "resource_metadata" : "api",
      handle: (exchange) =>
        exchange.url.pathname === METADATA
          ? sendJson(exchange.response, 200, resource)
          : answer(exchange),
    });
    return { environment: { OIDC_ISSUER: auth.origin, OIDC_API_URL: api.origin }, clients };
  },
};

/** oidc-provider's own endpoint takes only opaque tokens, and these tokens are JWTs. */
function userinfoHandler(check: ReturnType<typeof checkBearer>, otherwise: Handler): Handler {
  return async (exchange) => {
    const verdict = await check(exchange);
    if ("refusal" in verdict) return await otherwise(exchange);
    const { sub } = verdict.claims;
    sendJson(exchange.response, 200, { sub, name: "Test User", email: sub });
  };
}
