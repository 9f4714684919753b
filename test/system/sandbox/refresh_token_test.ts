import assert from "node:assert/strict";
import { type Sandbox, startSandbox } from "../../../examples/sandbox/mod.ts";
import { get, need, post } from "./client.ts";

function okta(sandbox: Sandbox) {
  const base = need(sandbox.environment, "PLANTPREDICT_OKTA_AUTH_URL");
  const { clientId, clientSecret = "" } = sandbox.client("plantpredict-okta");
  const client = { client_id: clientId, client_secret: clientSecret };
  const { username = "", password = "" } = sandbox.users[0] ?? {};
  const refresh = (token: unknown) =>
    post(`${base}/v1/token`, {
      ...client,
      grant_type: "refresh_token",
      refresh_token: String(token),
      scope: "offline_access",
    });
  const signIn = (form: Record<string, string> = {}) =>
    post(`${base}/v1/token`, {
      ...client,
      grant_type: "password",
      scope: "openid offline_access",
      username,
      password,
      ...form,
    });
  return { base, client, refresh, signIn };
}

Deno.test("plantpredict-okta accepts a password and rotates the refresh token", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict-okta"] });
  const api = need(sandbox.environment, "PLANTPREDICT_OKTA_API_URL");
  const { refresh, signIn } = okta(sandbox);
  const first = await signIn();
  assert.equal(first.status, 200, JSON.stringify(first.json));
  assert.equal(typeof first.json.id_token, "string");
  assert.equal((await get(`${api}/api/info`, first.json.access_token)).status, 200);

  const second = await refresh(first.json.refresh_token);
  assert.equal(second.status, 200, JSON.stringify(second.json));
  assert.notEqual(second.json.refresh_token, first.json.refresh_token);
  assert.equal((await get(`${api}/api/info`, second.json.access_token)).status, 200);

  // Reusing a spent token also revokes its successors.
  assert.equal((await refresh(first.json.refresh_token)).json.error, "invalid_grant");
  assert.equal((await refresh(second.json.refresh_token)).json.error, "invalid_grant");
  assert.equal(sandbox.count("plantpredict-okta.token.refresh_token"), 3);
  assert.equal(sandbox.count("plantpredict-okta.token.password"), 1);
  assert.equal(sandbox.count("invalid_grant"), 2);
  assert.equal(sandbox.count("families_revoked"), 1);
  assert.deepEqual(sandbox.errors, []);
});

Deno.test("plantpredict-okta accepts at most one of two refreshes at the same time", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict-okta"] });
  const { refresh, signIn } = okta(sandbox);
  const token = (await signIn()).json.refresh_token;
  const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(token)));
  assert(answers.filter(({ status }) => status === 200).length <= 1);
  assert.equal(sandbox.count("families_revoked"), 1);
  const winner = answers.find(({ status }) => status === 200);
  if (winner) assert.equal((await refresh(winner.json.refresh_token)).status, 400);
});

Deno.test("plantpredict-okta keeps the refresh token without rotation", async () => {
  await using sandbox = await startSandbox({
    systems: ["plantpredict-okta"],
    rotateRefreshToken: false,
  });
  const { refresh, signIn } = okta(sandbox);
  const token = (await signIn()).json.refresh_token;
  assert.equal((await refresh(token)).status, 200);
  assert.equal((await refresh(token)).status, 200);
});

Deno.test("plantpredict-okta refuses a wrong password, and secrets in the query", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict-okta"] });
  const { base, client, signIn } = okta(sandbox);
  assert.equal((await signIn({ password: "wrong" })).json.error, "invalid_grant");
  assert.equal((await signIn({ client_secret: "wrong" })).json.error, "invalid_client");
  const query = new URLSearchParams({ ...client, grant_type: "password", password: "x" });
  const answer = await post(`${base}/v1/token?${query}`, {});
  assert.deepEqual([answer.status, answer.json.error], [400, "invalid_request"]);
  assert(sandbox.requests.some(({ url }) => url.includes("password=x")));
});

Deno.test("plantpredict-okta revokes a refresh token on request (RFC 7009)", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict-okta"] });
  const { base, client, refresh, signIn } = okta(sandbox);
  const token = String((await signIn()).json.refresh_token);
  const revoked = await post(`${base}/v1/revoke`, { ...client, token });
  assert.equal(revoked.status, 200);
  assert.equal((await refresh(token)).json.error, "invalid_grant");
  assert.equal(sandbox.count("plantpredict-okta.revoke"), 1);
  assert.equal(sandbox.count("families_revoked"), 0);
});

Deno.test("fourinsight shows a sign-in code, which works once", async () => {
  await using sandbox = await startSandbox({ systems: ["fourinsight"] });
  const api = need(sandbox.environment, "FOURINSIGHT_API_URL");
  const { clientId, clientSecret = "" } = sandbox.client("fourinsight");
  const client = { client_id: clientId, client_secret: clientSecret };
  const { endpoint, code } = JSON.parse(await sandbox.signInForPackage());
  assert(endpoint.startsWith(need(sandbox.environment, "FOURINSIGHT_AUTH_URL")));
  const form = { ...client, grant_type: "authorization_code", code };
  const token = await post(endpoint, form);
  assert.equal(token.status, 200, JSON.stringify(token.json));
  assert.equal((await get(`${api}/api/info`, token.json.access_token)).status, 200);

  const refreshed = await post(endpoint, {
    ...client,
    grant_type: "refresh_token",
    refresh_token: String(token.json.refresh_token),
  });
  assert.equal(refreshed.status, 200, JSON.stringify(refreshed.json));
  assert.equal((await get(`${api}/api/info`, refreshed.json.access_token)).status, 200);
  assert.equal((await post(endpoint, form)).json.error, "invalid_grant");
  assert.equal(sandbox.count("fourinsight.page"), 2);
  assert.deepEqual(sandbox.errors, []);
});

Deno.test("fourinsight refuses a wrong password", async () => {
  await using sandbox = await startSandbox({ systems: ["fourinsight"] });
  const page = need(sandbox.environment, "FOURINSIGHT_AUTH_URL") + "/auth";
  const answer = await post(page, { username: "nobody", password: "wrong" });
  assert.equal(answer.status, 401);
  assert.match(String(answer.json.text), /role="alert"/);
});
