import assert from "node:assert/strict";
import { startSandbox } from "../../../examples/sandbox/mod.ts";
import { basic, get, need, post } from "./client.ts";

Deno.test("plantpredict issues a token for its two scopes, by form or Basic, and no refresh token", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict"] });
  const url = need(sandbox.environment, "PLANTPREDICT_AUTH_URL") + "/oauth2/token";
  const api = need(sandbox.environment, "PLANTPREDICT_API_URL");
  const { clientId, clientSecret = "" } = sandbox.client("plantpredict");
  const form = {
    grant_type: "client_credentials",
    scope: "transactions/post transactions/get",
  };
  const posted = await post(url, { ...form, client_id: clientId, client_secret: clientSecret });
  const sent = await post(url, form, { authorization: basic(clientId, clientSecret) });
  for (const token of [posted, sent]) {
    assert.equal(token.status, 200, JSON.stringify(token.json));
    assert.equal(token.json.refresh_token, undefined);
    assert.equal(token.json.expires_in, 900);
    assert.equal((await get(`${api}/api/info`, token.json.access_token)).status, 200);
  }
  const wrong = await post(url, { ...form, client_id: clientId, client_secret: "wrong" });
  assert.deepEqual([wrong.status, wrong.json.error], [401, "invalid_client"]);
  const other = { ...form, client_id: clientId, client_secret: clientSecret, scope: "everything" };
  assert.equal((await post(url, other)).json.error, "invalid_scope");
  assert.deepEqual(sandbox.errors, []);
});

Deno.test("fourinsight-client issues a token for its scope", async () => {
  await using sandbox = await startSandbox({ systems: ["fourinsight-client"] });
  const url = need(sandbox.environment, "FOURINSIGHT_CLIENT_AUTH_URL") + "/oauth2/v2.0/token";
  const api = need(sandbox.environment, "FOURINSIGHT_CLIENT_API_URL");
  const { clientId, clientSecret = "" } = sandbox.client("fourinsight-client");
  const form = {
    grant_type: "client_credentials",
    scope: "https://4subseaid.onmicrosoft.com/4insight-api-prod/.default",
    client_id: clientId,
    client_secret: clientSecret,
  };
  const token = await post(url, form);
  assert.equal(token.status, 200, JSON.stringify(token.json));
  assert.equal((await get(`${api}/api/info`, token.json.access_token)).status, 200);
  assert.equal(sandbox.count("fourinsight-client.token.client_credentials"), 1);
  assert.equal((await post(url, { ...form, client_secret: "wrong" })).status, 401);
});

Deno.test("ocs is discovered below the resource, and responds for its tenant", async () => {
  await using sandbox = await startSandbox({ systems: ["ocs"] });
  const resource = need(sandbox.environment, "OCS_RESOURCE");
  const found = await get(`${resource}/identity/.well-known/openid-configuration`);
  assert.equal(found.json.issuer, `${resource}/identity`);
  const url = String(found.json.token_endpoint);
  assert.equal(url, `${resource}/identity/connect/token`);

  const { clientId, clientSecret = "", extra = {} } = sandbox.client("ocs");
  const form = { grant_type: "client_credentials", client_id: clientId };
  const token = await post(url, { ...form, client_secret: clientSecret });
  assert.equal(token.status, 200, JSON.stringify(token.json));
  const tenant = `${resource}/api/v1/Tenants/${extra.tenantId}`;
  assert.equal((await get(tenant, token.json.access_token)).json.Id, extra.tenantId);
  assert.equal((await get(tenant)).status, 401);
  assert.equal((await get(`${tenant}x`, token.json.access_token)).status, 404);
  assert.equal((await post(url, { ...form, client_secret: "wrong" })).status, 401);
  assert.equal(sandbox.count("ocs.discovery"), 1);
  assert.equal(sandbox.count("ocs.token"), 2);
  assert.equal(sandbox.count("ocs.api"), 3);
});
