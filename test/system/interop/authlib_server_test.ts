/** Tests the authorization server itself with openid-client alone: it must really check requests. */
import assert from "node:assert/strict";
import * as oidc from "openid-client";
import { type AuthlibServer, authlibTest } from "./authlib_server.ts";
import { answerDevice, signIn } from "./browser.ts";

async function discover(server: AuthlibServer, clientId: string, authentication: oidc.ClientAuth) {
  return await oidc.discovery(new URL(server.url), clientId, undefined, authentication, {
    execute: [oidc.allowInsecureRequests],
    algorithm: "oauth2",
  });
}

async function me(server: AuthlibServer, token: string): Promise<Record<string, unknown> | number> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${server.url}/api/me`, { headers });
  const text = await response.text();
  return response.ok ? JSON.parse(text) : response.status;
}

interface Answer {
  status: number;
  error?: string;
  access_token: string;
  refresh_token: string;
}

async function postToken(
  server: AuthlibServer,
  form: Record<string, string>,
  basic?: string,
): Promise<Answer> {
  const headers = basic === undefined ? {} : { authorization: `Basic ${btoa(basic)}` };
  const body = new URLSearchParams(form);
  const response = await fetch(`${server.url}/token`, { method: "POST", body, headers });
  return { ...await response.json(), status: response.status };
}

/** The audience that most servers of this kind require, as one string. */
const forTokenEndpoint: oidc.ModifyAssertionOptions = {
  [oidc.modifyAssertion]: (_header, payload) => {
    payload.aud = `${payload.aud}/token`;
  },
};

await authlibTest(
  "the server accepts every client authentication, and nothing less",
  async (server) => {
    const { clients } = server;
    const key = async (name: "rsa" | "ec") => {
      const jwk = clients[name].private_jwk!;
      const algorithm = name === "rsa"
        ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
        : { name: "ECDSA", namedCurve: "P-256" };
      return await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
    };
    const methods: [string, oidc.ClientAuth][] = [
      ["post", oidc.ClientSecretPost(clients.post.client_secret)],
      ["basic", oidc.ClientSecretBasic(clients.basic.client_secret)],
      ["jwt", oidc.ClientSecretJwt(clients.jwt.client_secret!, forTokenEndpoint)],
      ["rsa", oidc.PrivateKeyJwt(await key("rsa"), forTokenEndpoint)],
      ["ec", oidc.PrivateKeyJwt(await key("ec"), forTokenEndpoint)],
    ];
    for (const [clientId, authentication] of methods) {
      const config = await discover(server, clientId, authentication);
      const token = await oidc.clientCredentialsGrant(config, { scope: "read" }).catch(
        (error) => {
          throw new Error(`${clientId}: ${error.error ?? error}`);
        },
      );
      const answer = await me(server, token.access_token);
      assert.deepEqual(answer, { client: clientId, user: null, scope: "read" });
    }
    const grant = { grant_type: "client_credentials" };
    const raw = clients["basic+raw"];
    const basic = `${raw.client_id}:${raw.client_secret}`;
    assert.equal((await postToken(server, grant, basic)).status, 200);
    const encoded = basic.replace(raw.client_secret!, encodeURIComponent(raw.client_secret!));
    assert.equal((await postToken(server, grant, encoded)).status, 401);
    const wrongAudience = await discover(
      server,
      "jwt",
      oidc.ClientSecretJwt(clients.jwt.client_secret!),
    );
    await assert.rejects(oidc.clientCredentialsGrant(wrongAudience), { error: "invalid_client" });
    assert.equal(await me(server, "at_made-up"), 401);
  },
);

await authlibTest("the server rotates refresh tokens and notices reuse", async (server) => {
  await server.configure({ lifetime: 2, jwt: true });
  const { client_id, client_secret } = server.clients.password;
  const client = { client_id, client_secret: client_secret! };
  const form = { ...client, username: "ada", password: server.users.ada, scope: "read" };
  const first = await postToken(server, { ...form, grant_type: "password" });
  assert.equal(first.status, 200);
  assert.deepEqual(await me(server, first.access_token), {
    client: client_id,
    user: "ada",
    scope: "read",
  });
  assert.equal(first.access_token.split(".").length, 3);
  const again = { ...client, grant_type: "refresh_token", refresh_token: first.refresh_token };
  const second = await postToken(server, again);
  assert.equal(second.status, 200);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal((await postToken(server, again)).error, "invalid_grant");
  const late = await postToken(server, { ...again, refresh_token: second.refresh_token });
  assert.equal(late.error, "invalid_grant", "the whole family ends with a reuse");
  const counters = await server.counters();
  assert.equal(counters["reuse"], 1);
});

await authlibTest("the server gives a code for S256 only, once, and revokes", async (server) => {
  const config = await discover(server, "code", oidc.None());
  const verifier = oidc.randomPKCECodeVerifier();
  const parameters = {
    redirect_uri: "http://127.0.0.1:1/callback",
    scope: "openid read",
    state: "s",
    nonce: "n",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  const visitor = { username: "grace@example.com", password: server.users["grace@example.com"] };
  const url = oidc.buildAuthorizationUrl(config, parameters).href;
  await assert.rejects(signIn(url.replace("S256", "plain"), visitor), /400/);
  await assert.rejects(signIn(url, { ...visitor, password: "wrong" }), /403/);
  const denied = await signIn(url, { ...visitor, answer: "deny" });
  assert.equal(denied.searchParams.get("error"), "access_denied");
  const callback = await signIn(url, visitor);
  const checks = { pkceCodeVerifier: verifier, expectedState: "s", expectedNonce: "n" };
  const token = await oidc.authorizationCodeGrant(config, callback, checks);
  assert.equal(token.claims()?.sub, visitor.username);
  await assert.rejects(oidc.authorizationCodeGrant(config, callback, checks), {
    error: "invalid_grant",
  });
  await oidc.tokenRevocation(config, token.refresh_token!);
  assert.equal(await me(server, token.access_token), 401);
});

await authlibTest("the server runs the device grant", async (server) => {
  await server.configure({ interval: 1 });
  const config = await discover(server, "device", oidc.None());
  const device = await oidc.initiateDeviceAuthorization(config, { scope: "read" });
  const visitor = { username: "ada", password: server.users.ada };
  const poll = oidc.pollDeviceAuthorizationGrant(config, device);
  await answerDevice(device.verification_uri_complete!, visitor);
  const token = await poll;
  assert.deepEqual(await me(server, token.access_token), {
    client: "device",
    user: "ada",
    scope: "read",
  });
  const refused = await oidc.initiateDeviceAuthorization(config, {});
  await answerDevice(refused.verification_uri_complete!, { ...visitor, answer: "deny" });
  await assert.rejects(oidc.pollDeviceAuthorizationGrant(config, refused), {
    error: "access_denied",
  });
});
