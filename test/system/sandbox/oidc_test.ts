import assert from "node:assert/strict";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importPKCS8, SignJWT } from "jose";
import { type Sandbox, startSandbox } from "../../../examples/sandbox/mod.ts";
import { get, need, post, read, secretJwtForm } from "./client.ts";

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";
const REDIRECT = "http://127.0.0.1:49152/callback";
const SCOPE = "openid offline_access profile api:read";

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash).toBase64({ alphabet: "base64url", omitPadding: true });
}

async function authorizationUrl(issuer: string, parameters: Record<string, string> = {}) {
  const verifier = crypto.randomUUID() + crypto.randomUUID();
  const query = new URLSearchParams({
    client_id: "notebook",
    response_type: "code",
    redirect_uri: REDIRECT,
    scope: SCOPE,
    prompt: "consent",
    state: "abc",
    code_challenge: await sha256(verifier),
    code_challenge_method: "S256",
    ...parameters,
  });
  return { verifier, url: `${issuer}/authorize?${query}` };
}

async function signIn(sandbox: Sandbox, headers: Record<string, string> = {}) {
  const issuer = need(sandbox.environment, "OIDC_ISSUER");
  const { verifier, url } = await authorizationUrl(issuer);
  const redirect = new URL(await sandbox.completeSignIn(url));
  const token = await post(`${issuer}/token`, {
    grant_type: "authorization_code",
    client_id: "notebook",
    code: redirect.searchParams.get("code") ?? "",
    code_verifier: verifier,
    redirect_uri: REDIRECT,
  }, headers);
  return { issuer, redirect, token };
}

Deno.test("oidc signs in with code and PKCE, identifies itself, and rotates", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const { issuer, redirect, token } = await signIn(sandbox);
  assert.equal(redirect.origin + redirect.pathname, REDIRECT);
  assert.equal(redirect.searchParams.get("state"), "abc");
  assert.equal(redirect.searchParams.get("iss"), issuer);
  assert.equal(token.status, 200, JSON.stringify(token.json));
  assert.equal(typeof token.json.id_token, "string");

  const api = need(sandbox.environment, "OIDC_API_URL");
  assert.equal((await get(`${api}/api/info`, token.json.access_token)).status, 200);
  const userinfo = await get(`${issuer}/userinfo`, token.json.access_token);
  assert.equal(userinfo.json.sub, sandbox.users[0]?.username);

  const refresh = (value: unknown) =>
    post(`${issuer}/token`, {
      grant_type: "refresh_token",
      client_id: "notebook",
      refresh_token: String(value),
    });
  const second = await refresh(token.json.refresh_token);
  assert.equal(second.status, 200, JSON.stringify(second.json));
  assert.equal((await get(`${api}/api/info`, second.json.access_token)).status, 200);
  assert.equal((await refresh(token.json.refresh_token)).json.error, "invalid_grant");
  assert.equal((await refresh(second.json.refresh_token)).json.error, "invalid_grant");
  assert.equal(sandbox.count("oidc.families_revoked"), 1);
  assert.deepEqual(sandbox.errors, []);
});

Deno.test("oidc publishes its metadata", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const issuer = need(sandbox.environment, "OIDC_ISSUER");
  const { json } = await get(`${issuer}/.well-known/openid-configuration`);
  assert.equal(json.issuer, issuer);
  assert.deepEqual(json.code_challenge_methods_supported, ["S256"]);
  assert.equal(json.authorization_response_iss_parameter_supported, true);
  assert.equal(json.device_authorization_endpoint, `${issuer}/device_authorization`);
  assert.equal(json.revocation_endpoint, `${issuer}/revoke`);
  assert(Array.isArray(json.dpop_signing_alg_values_supported));
});

Deno.test("oidc refuses plain or no PKCE, a foreign redirect and a wrong verifier", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const issuer = need(sandbox.environment, "OIDC_ISSUER");
  const plain = await authorizationUrl(issuer, { code_challenge_method: "plain" });
  const redirect = new URL(await sandbox.completeSignIn(plain.url));
  assert.equal(redirect.searchParams.get("error"), "invalid_request");
  const foreign = await authorizationUrl(issuer, { redirect_uri: "http://127.0.0.1:1/other" });
  await assert.rejects(sandbox.completeSignIn(foreign.url), /redirect_uri/);

  const ipv6 = await authorizationUrl(issuer, { redirect_uri: "http://[::1]:5000/callback" });
  const signedIn = new URL(await sandbox.completeSignIn(ipv6.url));
  const token = await post(`${issuer}/token`, {
    grant_type: "authorization_code",
    client_id: "notebook",
    code: signedIn.searchParams.get("code") ?? "",
    code_verifier: "x".repeat(43),
    redirect_uri: "http://[::1]:5000/callback",
  });
  assert.equal(token.json.error, "invalid_grant");
});

Deno.test("oidc returns a refusal to the client", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const { url } = await authorizationUrl(need(sandbox.environment, "OIDC_ISSUER"));
  const redirect = new URL(await sandbox.denySignIn(url));
  assert.equal(redirect.searchParams.get("error"), "access_denied");
});

Deno.test("oidc connects a device that the user approves, and not one that the user refuses", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const issuer = need(sandbox.environment, "OIDC_ISSUER");
  const begin = async () =>
    (await post(`${issuer}/device_authorization`, { client_id: "notebook", scope: SCOPE })).json;
  const poll = (device: Record<string, unknown>) =>
    post(`${issuer}/token`, {
      grant_type: DEVICE_CODE,
      client_id: "notebook",
      device_code: String(device.device_code),
    });

  const device = await begin();
  assert.equal((await poll(device)).json.error, "authorization_pending");
  await sandbox.approveDevice(String(device.verification_uri_complete));
  const token = await poll(device);
  assert.equal(token.status, 200, JSON.stringify(token.json));
  assert.equal(typeof token.json.refresh_token, "string");
  const api = need(sandbox.environment, "OIDC_API_URL");
  assert.equal((await get(`${api}/api/info`, token.json.access_token)).status, 200);

  const refused = await begin();
  await sandbox.denyDevice(String(refused.verification_uri_complete));
  assert.equal((await poll(refused)).json.error, "access_denied");
  assert.equal(sandbox.count("oidc.token.device_code"), 3);
  assert.deepEqual(sandbox.errors, []);
});

Deno.test("oidc supports every client authentication", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const issuer = need(sandbox.environment, "OIDC_ISSUER");
  const url = `${issuer}/token`;
  const form = { grant_type: "client_credentials", scope: "api:read" };

  const { clientId, clientSecret = "" } = sandbox.client("oidc.client_secret_basic");
  const encoded = [clientId, clientSecret].map(encodeURIComponent).join(":");
  const basic = await post(url, form, { authorization: `Basic ${btoa(encoded)}` });
  const posted = sandbox.client("oidc.client_secret_post");
  const post_ = await post(url, {
    ...form,
    client_id: posted.clientId,
    client_secret: posted.clientSecret ?? "",
  });
  const secretJwt = await post(url, {
    ...form,
    ...await secretJwtForm(sandbox.client("oidc.client_secret_jwt"), issuer),
  });
  const { privateKeyPem = "", clientId: id } = sandbox.client("oidc.private_key_jwt");
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({ jti: crypto.randomUUID(), iat: now, exp: now + 60 })
    .setIssuer(id).setSubject(id).setAudience(issuer).setProtectedHeader({ alg: "ES256" })
    .sign(await importPKCS8(privateKeyPem, "ES256"));
  const keyJwt = await post(url, {
    ...form,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
  for (const answer of [basic, post_, secretJwt, keyJwt]) {
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    assert.equal(answer.json.scope, "api:read");
  }
  const wrong = await post(url, { ...form, client_id: posted.clientId, client_secret: "wrong" });
  assert.equal(wrong.json.error, "invalid_client");
  assert.equal((await post(url, { ...form, client_id: "notebook" })).status, 400);
});

Deno.test("oidc binds tokens to a key (DPoP), and the API requires it", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const issuer = need(sandbox.environment, "OIDC_ISSUER");
  const api = need(sandbox.environment, "OIDC_API_URL") + "/api/info";
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  const proof = (htm: string, htu: string, claims: Record<string, unknown> = {}) =>
    new SignJWT({ htm, htu, jti: crypto.randomUUID(), ...claims }).setIssuedAt()
      .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk }).sign(privateKey);

  const { token } = await signIn(sandbox, { dpop: await proof("POST", `${issuer}/token`) });
  assert.equal(token.json.token_type, "DPoP", JSON.stringify(token.json));
  const value = String(token.json.access_token);
  const claims = JSON.parse(atob(value.split(".")[1]?.replace(/-/g, "+").replace(/_/g, "/") ?? ""));
  assert.equal(claims.cnf.jkt, await calculateJwkThumbprint(jwk));

  const call = async (dpop: string) =>
    await read(await fetch(api, { headers: { authorization: `DPoP ${value}`, dpop } }));
  const good = await proof("GET", api, { ath: await sha256(value) });
  assert.equal((await call(good)).status, 200);
  assert.equal((await call(good)).status, 401, "the same proof again");
  assert.equal((await call(await proof("GET", api))).status, 401, "no ath");
  assert.equal((await get(api, value)).status, 401, "as a bearer token");
});

Deno.test("oidc revokes and introspects", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const { issuer, token } = await signIn(sandbox);
  const form = { client_id: "notebook", token: String(token.json.refresh_token) };
  assert.equal((await post(`${issuer}/introspect`, form)).json.active, true);
  assert.equal((await post(`${issuer}/revoke`, form)).status, 200);
  assert.equal((await post(`${issuer}/introspect`, form)).json.active, false);
});
