import { createIssuer } from "../create_issuer.ts";
import { sendJson } from "../exchange.ts";
import { randomSecret } from "../random_secret.ts";
import { resourceApi } from "../resource_api.ts";
import { serveIssuer } from "../serve_issuer.ts";
import type { System } from "../system.ts";

/** OSIsoft Cloud Services: discovery below the resource, client credentials, one tenant. */
export const ocs: System = {
  name: "ocs",
  sameOrigin: true,
  async start({ state, auth }) {
    const client = { clientId: crypto.randomUUID(), clientSecret: randomSecret(30) };
    const tenantId = crypto.randomUUID();
    const issuer = await createIssuer({
      state,
      name: "ocs",
      issuer: `${auth.origin}/identity`,
      audience: auth.origin,
      scopes: ["ocsapi"],
      routes: { token: "/connect/token" },
      clients: [{ client_id: client.clientId, client_secret: client.clientSecret }],
    });
    serveIssuer(auth, issuer, {
      name: "ocs",
      endpoints: {
        "/identity/.well-known": "discovery",
        "/identity/connect/token": "token",
      },
      api: resourceApi(issuer, {
        [`/api/v1/Tenants/${tenantId}`]: ({ response }) =>
          sendJson(response, 200, { Id: tenantId, Name: "Sandbox tenant", State: "Active" }),
      }),
    });
    return {
      environment: { OCS_RESOURCE: auth.origin },
      clients: { ocs: { ...client, extra: { tenantId, apiVersion: "v1" } } },
    };
  },
};
