import type { IssuerOptions } from "./create_issuer.ts";
import { escapeHtml, page } from "./html_page.ts";
import type { MemoryStore } from "./memory_store.ts";
import type { ClientModel, ProviderContext, ProviderModule } from "./oidc_provider.ts";
import { randomSecret } from "./random_secret.ts";

const DAY = 24 * 60 * 60;

interface Options extends IssuerOptions {
  store: MemoryStore;
  errors: ProviderModule["errors"];
  jwks: { keys: object[] };
}

/** The configuration of oidc-provider that all systems share, and a system's own. */
export function providerConfiguration(options: Options): Record<string, unknown> {
  const { state, store, audience, scopes, errors } = options;
  const lifetime = (): number => state.tokenLifetime;
  const own = options.configuration ?? {};
  const ownFeatures = own.features && typeof own.features === "object" ? own.features : {};
  return {
    adapter: (model: string) => store.adapter(model),
    jwks: options.jwks,
    cookies: { keys: [randomSecret()] },
    // Tokens with a short lifetime must expire on time.
    clockTolerance: 0,
    clientDefaults: {
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: "ES256",
      token_endpoint_auth_method: "client_secret_post",
    },
    routes: options.routes ?? {},
    clientBasedCORS: () => false,
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, name: "Test User", email: sub }),
    }),
    issueRefreshToken: (_context: unknown, client: ClientModel, source: { scopes: Set<string> }) =>
      client.grantTypeAllowed("refresh_token") &&
      (source.scopes.has("offline_access") || client.applicationType === "native"),
    expiresWithSession: () => false,
    rotateRefreshToken: () => state.rotateRefreshToken,
    renderError,
    formats: {
      customizers: {
        jwt: (_context: unknown, _token: unknown, jwt: { payload: Record<string, unknown> }) => {
          jwt.payload.gen = state.generation;
        },
      },
    },
    ttl: {
      AccessToken: lifetime,
      ClientCredentials: lifetime,
      AuthorizationCode: 60,
      DeviceCode: 600,
      IdToken: 3600,
      Interaction: 3600,
      Grant: 14 * DAY,
      RefreshToken: 14 * DAY,
      Session: 14 * DAY,
    },
    ...own,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (context: ProviderContext, resource: string) => {
          const { params } = context.oidc;
          const asked = params.scope?.split(" ") ?? [];
          const unknown = asked.some((scope) => !scopes.includes(scope));
          if (params.grant_type === "client_credentials" && unknown) {
            throw new errors.InvalidScope("the client may not ask for this scope");
          }
          if (resource.replace(/\/$/, "") !== audience) throw new errors.InvalidTarget();
          return {
            scope: scopes.join(" "),
            audience,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: "ES256" } },
          };
        },
      },
      ...ownFeatures,
    },
  };
}

function renderError(context: ProviderContext, out: Record<string, string>): void {
  const lines = Object.entries(out).map(([key, value]) =>
    `<p><strong>${escapeHtml(key)}</strong>: ${escapeHtml(value)}</p>`
  );
  context.type = "html";
  context.body = page("Something went wrong", lines.join(""));
}
