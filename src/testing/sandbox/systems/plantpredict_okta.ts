import { createIssuer, type Issuer } from "../create_issuer.ts";
import { loadOidcProvider, type ProviderContext } from "../oidc_provider.ts";
import { randomSecret } from "../random_secret.ts";
import { resourceApi } from "../resource_api.ts";
import { serveIssuer } from "../serve_issuer.ts";
import { findUser, type SandboxUser, type System } from "../system.ts";

const MOUNT = "/oauth2/aus3jzhulkrINTdnc356";
const TOKEN = "/v1/token";
const REVOKE = "/v1/revoke";

/** PlantPredict, legacy (Okta): a password, then refresh tokens that rotate. */
export const plantpredictOkta: System = {
  name: "plantpredict-okta",
  async start({ state, users, auth, api }) {
    const client = { clientId: `0oa${randomSecret(12)}`, clientSecret: randomSecret(30) };
    const issuer = await createIssuer({
      state,
      name: "plantpredict-okta",
      issuer: auth.origin + MOUNT,
      audience: api.origin,
      scopes: ["plantpredict"],
      routes: { token: TOKEN, revocation: REVOKE },
      clients: [{
        client_id: client.clientId,
        client_secret: client.clientSecret,
        grant_types: ["password", "refresh_token"],
      }],
      configuration: {
        scopes: ["openid", "offline_access"],
        features: {
          clientCredentials: { enabled: false },
          revocation: { enabled: true, allowedPolicy: () => true },
        },
      },
    });
    await addPasswordGrant(issuer, users);
    serveIssuer(auth, issuer, {
      name: "plantpredict-okta",
      endpoints: { [MOUNT + TOKEN]: "token", [MOUNT + REVOKE]: "revoke" },
    });
    api.serve({ name: "plantpredict-okta", endpointOf: () => "api", handle: resourceApi(issuer) });
    return {
      environment: {
        PLANTPREDICT_OKTA_AUTH_URL: auth.origin + MOUNT,
        PLANTPREDICT_OKTA_API_URL: api.origin,
      },
      clients: { "plantpredict-okta": client },
    };
  },
};

/** The password grant of RFC 6749, section 4.3, which oidc-provider does not have. */
async function addPasswordGrant(issuer: Issuer, users: SandboxUser[]): Promise<void> {
  const { errors } = await loadOidcProvider();
  const { provider, audience } = issuer;
  const handler = async (context: ProviderContext): Promise<void> => {
    const { params, client } = context.oidc;
    const user = findUser(users, params.username, params.password);
    if (!user) throw new errors.InvalidGrant("The credentials provided were invalid.");
    const scope = params.scope ?? "";
    const asked = scope.split(" ");

    const grant = new provider.Grant({ accountId: user.username, clientId: client.clientId });
    grant.addOIDCScope(scope);
    const shared = {
      accountId: user.username,
      client,
      grantId: await grant.save(),
      gty: "password",
      expiresWithSession: false,
      scope,
    };
    const accessToken = new provider.AccessToken(shared);
    accessToken.resourceServer = new provider.ResourceServer(audience, {
      scope,
      audience,
      accessTokenFormat: "jwt",
      jwt: { sign: { alg: "ES256" } },
    });
    const answer: Record<string, unknown> = {
      access_token: await accessToken.save(),
      token_type: "Bearer",
      expires_in: accessToken.expiration,
      scope,
    };
    if (asked.includes("offline_access")) {
      const properties = { ...shared, resource: audience, rotations: 0 };
      answer.refresh_token = await new provider.RefreshToken(properties).save();
    }
    if (asked.includes("openid")) {
      const idToken = new provider.IdToken({ sub: user.username }, { ctx: context });
      idToken.scope = "openid";
      answer.id_token = await idToken.issue({ use: "idtoken" });
    }
    context.body = answer;
  };
  provider.registerGrantType("password", handler, ["username", "password", "scope"]);
}
