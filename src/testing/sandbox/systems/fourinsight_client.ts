import { createIssuer } from "../create_issuer.ts";
import { randomSecret } from "../random_secret.ts";
import { resourceApi } from "../resource_api.ts";
import { serveIssuer } from "../serve_issuer.ts";
import type { System } from "../system.ts";

const TENANT = "/4subseaid.onmicrosoft.com";

/** 4insight for a service account: client credentials at the tenant's Microsoft endpoint. */
export const fourinsightClient: System = {
  name: "fourinsight-client",
  async start({ state, auth, api }) {
    const client = { clientId: crypto.randomUUID(), clientSecret: randomSecret(30) };
    const issuer = await createIssuer({
      state,
      name: "fourinsight-client",
      issuer: auth.origin + TENANT,
      audience: api.origin,
      scopes: ["https://4subseaid.onmicrosoft.com/4insight-api-prod/.default"],
      routes: { token: "/oauth2/v2.0/token" },
      clients: [{ client_id: client.clientId, client_secret: client.clientSecret }],
    });
    const endpoints = { [`${TENANT}/oauth2/v2.0/token`]: "token" };
    serveIssuer(auth, issuer, { name: "fourinsight-client", endpoints });
    api.serve({ name: "fourinsight-client", endpointOf: () => "api", handle: resourceApi(issuer) });
    return {
      environment: {
        FOURINSIGHT_CLIENT_AUTH_URL: auth.origin + TENANT,
        FOURINSIGHT_CLIENT_API_URL: api.origin,
      },
      clients: { "fourinsight-client": client },
    };
  },
};
