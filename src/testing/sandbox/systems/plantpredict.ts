import { createIssuer } from "../create_issuer.ts";
import { randomSecret } from "../random_secret.ts";
import { resourceApi } from "../resource_api.ts";
import { serveIssuer } from "../serve_issuer.ts";
import type { System } from "../system.ts";

/** PlantPredict on Amazon Cognito: client credentials, no refresh token. */
export const plantpredict: System = {
  name: "plantpredict",
  async start({ state, auth, api }) {
    const client = { clientId: randomSecret(15), clientSecret: randomSecret(36) };
    const issuer = await createIssuer({
      state,
      name: "plantpredict",
      issuer: auth.origin,
      audience: api.origin,
      scopes: ["transactions/post", "transactions/get"],
      routes: { token: "/oauth2/token" },
      clients: [{ client_id: client.clientId, client_secret: client.clientSecret }],
    });
    const endpoints = { "/oauth2/token": "token" };
    serveIssuer(auth, issuer, { name: "plantpredict", endpoints });
    api.serve({ name: "plantpredict", endpointOf: () => "api", handle: resourceApi(issuer) });
    return {
      environment: { PLANTPREDICT_AUTH_URL: auth.origin, PLANTPREDICT_API_URL: api.origin },
      clients: { plantpredict: client },
    };
  },
};
