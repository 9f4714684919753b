import assert from "node:assert/strict";
import { type Sandbox, startSandbox } from "../../../examples/sandbox/mod.ts";
import { basic, get, need, post, read, secretJwtForm } from "./client.ts";

const BASIC = "/api/v1/auth/jwt/token/basic";
const TOKEN = "/api/v1/auth/jwt/token";

async function signIn(sandbox: Sandbox, index = 0) {
  const user = sandbox.users[index];
  assert(user);
  const url = need(sandbox.environment, "SPATIAFI_AUTH_URL") + BASIC;
  const headers = { authorization: basic(user.username, user.password) };
  return await read(await fetch(url, { headers }));
}

Deno.test("spatiafi goes from a password to an API response", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"], tokenLifetime: 900 });
  const auth = need(sandbox.environment, "SPATIAFI_AUTH_URL");
  const api = need(sandbox.environment, "SPATIAFI_API_URL");
  for (const index of [0, 1]) {
    const signedIn = await signIn(sandbox, index);
    assert.equal(signedIn.status, 200);
    const left = Number(signedIn.json.expires_at) - Date.now() / 1000;
    assert(left > 895 && left <= 900, String(left));
    assert.equal(signedIn.json.expires_in, undefined);

    const created = await read(
      await fetch(`${auth}/api/v1/clients/`, {
        method: "POST",
        headers: { authorization: `Bearer ${signedIn.json.access_token}` },
      }),
    );
    assert.equal(created.status, 200);
    const client = {
      clientId: String(created.json.client_id),
      clientSecret: String(created.json.client_secret),
    };
    const token = await post(auth + TOKEN, await secretJwtForm(client, auth + TOKEN));
    assert.equal(token.status, 200, JSON.stringify(token.json));
    assert.equal(token.json.token_type, "Bearer");
    assert.equal(token.json.expires_in, 900);

    const info = await get(`${api}/api/info?item_id=wildfire`, token.json.access_token);
    assert.equal(info.status, 200);
    assert.equal(info.json.item_id, "wildfire");
  }
  assert.equal(sandbox.count("spatiafi.basic"), 2);
  assert.equal(sandbox.count("spatiafi.clients"), 2);
  assert.equal(sandbox.count("spatiafi.token.client_credentials"), 2);
  assert.equal(sandbox.count("spatiafi.api"), 2);
  assert.deepEqual(sandbox.errors, []);
});

Deno.test("spatiafi refuses a wrong password, and tokens of another kind", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  const auth = need(sandbox.environment, "SPATIAFI_AUTH_URL");
  const api = need(sandbox.environment, "SPATIAFI_API_URL");
  const headers = { authorization: basic(sandbox.users[0]?.username ?? "", "wrong") };
  const refused = await read(await fetch(auth + BASIC, { headers }));
  assert.equal(refused.status, 401);
  assert.equal(typeof refused.json.detail, "string");

  const client = sandbox.client("spatiafi");
  const token = await post(auth + TOKEN, await secretJwtForm(client, auth + TOKEN));
  // A client's token cannot create another client.
  const created = await read(
    await fetch(`${auth}/api/v1/clients/`, {
      method: "POST",
      headers: { authorization: `Bearer ${token.json.access_token}` },
    }),
  );
  assert.equal(created.status, 401);
  for (const bad of [undefined, "garbage", `${token.json.access_token}x`]) {
    const answer = await get(`${api}/api/info`, bad);
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer .*invalid_token/);
  }
});

Deno.test("spatiafi is strict about the client assertion", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  const auth = need(sandbox.environment, "SPATIAFI_AUTH_URL");
  const client = sandbox.client("spatiafi");
  const url = auth + TOKEN;
  const now = Math.floor(Date.now() / 1000);
  const forms = {
    issuer: await secretJwtForm(client, auth),
    list: await secretJwtForm(client, url, { aud: [url] }),
    early: await secretJwtForm(client, url, { nbf: now + 30 }),
    late: await secretJwtForm(client, url, { exp: now - 1 }),
    secret: await secretJwtForm({ ...client, clientSecret: "x".repeat(64) }, url),
    unknown: await secretJwtForm({ ...client, clientId: "nobody" }, url),
  };
  for (const [name, form] of Object.entries(forms)) {
    const answer = await post(url, form);
    assert.equal(answer.status, 401, name);
    assert.equal(answer.json.error, "invalid_client", name);
  }
  const form = await secretJwtForm(client, url);
  assert.equal((await post(url, form)).status, 200);
  assert.equal((await post(url, form)).status, 401, "the same jti again");
});

Deno.test("spatiafi tokens expire, and can all be revoked", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"], tokenLifetime: 1 });
  const url = need(sandbox.environment, "SPATIAFI_AUTH_URL") + TOKEN;
  const api = need(sandbox.environment, "SPATIAFI_API_URL") + "/api/info";
  const client = sandbox.client("spatiafi");
  const first = await post(url, await secretJwtForm(client, url));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal((await get(api, first.json.access_token)).status, 401);

  sandbox.setTokenLifetime(60);
  const second = await post(url, await secretJwtForm(client, url));
  assert.equal((await get(api, second.json.access_token)).status, 200);
  sandbox.revokeAccessTokens();
  assert.equal((await get(api, second.json.access_token)).status, 401);
  const third = await post(url, await secretJwtForm(client, url));
  assert.equal((await get(api, third.json.access_token)).status, 200);
});

Deno.test("startSandbox() is quick for one system", async () => {
  const begin = performance.now();
  await using _sandbox = await startSandbox({ systems: ["spatiafi"] });
  assert(performance.now() - begin < 1500);
});
