import assert from "node:assert/strict";
import { obtainToken } from "../../src/grants/obtain_token.ts";
import { revokeToken } from "../../src/grants/revocation.ts";
import type { AuthErrorCode } from "../../src/errors.ts";
import type { ProviderInput } from "../../src/providers/define_provider.ts";
import { createDpopKey } from "../../src/token/dpop.ts";
import { claimsOf } from "../../src/token/token.ts";
import { fakeServer, json, tokenAnswer } from "../support/fake_server.ts";
import { grantParts, plainProvider } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const ISSUER = "https://auth.example.com";
const header = (jws: string) =>
  JSON.parse(atob((jws.split(".")[0] ?? "").replaceAll("-", "+").replaceAll("_", "/")));

/** A private key in PEM and as a JWK. */
async function keyOf(algorithm: RsaHashedKeyGenParams | EcKeyGenParams | Algorithm) {
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  const lines = der.toBase64().match(/.{1,64}/g)?.join("\n");
  const { alg: _, key_ops: __, ext: ___, ...jwk } = await crypto.subtle.exportKey(
    "jwk",
    privateKey,
  );
  return { pem: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`, jwk };
}

const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
};
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAQIDBA==\n-----END CERTIFICATE-----\n";

test("the key chooses the signing algorithm, then the server, then the provider", async () => {
  const rsa = await keyOf(RSA);
  const ed = await keyOf({ name: "Ed25519" });
  const ec = await keyOf({ name: "ECDSA", namedCurve: "P-384" });
  const lines = `Bag Attributes\n  friendlyName: x\nKey Attributes: <No Attributes>\n`;
  await eachRow<{
    name: string;
    values: Record<string, string>;
    supported?: string[];
    wanted?: string;
    alg: string;
    kid?: string;
    thumbprint?: boolean;
  }>([
    { name: "RSA in PEM", values: { private_key: rsa.pem }, alg: "RS256" },
    {
      name: "RSA in PEM, a server that requires PS256",
      values: { private_key: rsa.pem },
      supported: ["PS256", "ES256"],
      alg: "PS256",
    },
    {
      name: "RSA in PEM, PS256 configured",
      values: { private_key: rsa.pem },
      wanted: "PS256",
      alg: "PS256",
    },
    {
      name: "RSA as JWK, a server that wants PS256",
      values: { private_key: JSON.stringify(rsa.jwk) },
      supported: ["PS256"],
      alg: "PS256",
    },
    {
      name: "RSA as JWK with PS384",
      values: { private_key: JSON.stringify({ ...rsa.jwk, alg: "PS384" }) },
      alg: "PS384",
    },
    {
      name: "RSA in PEM after other lines (paramiko#1601)",
      values: { private_key: lines + rsa.pem },
      alg: "RS256",
    },
    {
      name: "RSA in PEM with CRLF",
      values: { private_key: rsa.pem.replaceAll("\n", "\r\n") },
      alg: "RS256",
    },
    {
      name: "RSA in PEM after its certificate",
      values: { private_key: CERTIFICATE + rsa.pem },
      alg: "RS256",
      thumbprint: true,
    },
    {
      name: "its own certificate (Entra)",
      values: { private_key: rsa.pem, certificate: CERTIFICATE },
      alg: "RS256",
      thumbprint: true,
    },
    { name: "Ed25519 in PEM", values: { private_key: ed.pem }, alg: "EdDSA" },
    {
      name: "Ed25519 in PEM, a server of RFC 9864",
      values: { private_key: ed.pem },
      supported: ["Ed25519"],
      alg: "Ed25519",
    },
    {
      name: "Ed25519 in PEM, a server that supports both",
      values: { private_key: ed.pem },
      supported: ["Ed25519", "EdDSA"],
      alg: "EdDSA",
    },
    { name: "Ed25519 as JWK", values: { private_key: JSON.stringify(ed.jwk) }, alg: "EdDSA" },
    {
      name: "Ed25519 as JWK with Ed25519",
      values: { private_key: JSON.stringify({ ...ed.jwk, alg: "Ed25519", kid: "k" }) },
      alg: "Ed25519",
      kid: "k",
    },
    {
      name: "P-384 in PEM",
      values: { private_key: ec.pem, key_id: "mine" },
      alg: "ES384",
      kid: "mine",
    },
  ], async ({ values, supported, wanted, alg, kid, thumbprint = false }) => {
    const server = fakeServer(({ url }, number) =>
      url.pathname === "/token" ? tokenAnswer(number) : json({
        issuer: ISSUER,
        token_endpoint: `${ISSUER}/token`,
        ...(supported ? { token_endpoint_auth_signing_alg_values_supported: supported } : {}),
      })
    );
    const provider = plainProvider({
      issuer: ISSUER,
      endpoints: {},
      clientAuthentication: "private_key_jwt",
      ...(wanted ? { assertionAlgorithm: wanted } : {}),
    });
    const context = grantParts(server.fetch, { provider, values: { client_id: "c", ...values } });
    await obtainToken(context, { grant: "client_credentials" });
    const assertion = server.arrivals.at(-1)?.form.get("client_assertion") ?? "";
    const head = header(assertion);
    assert.equal(head.alg, alg);
    assert.equal(head.kid, kid);
    if (!thumbprint) assert.equal(head.x5t, undefined);
    else {
      const sha1 = new Uint8Array(
        await crypto.subtle.digest("SHA-1", new Uint8Array([1, 2, 3, 4])),
      );
      assert.equal(head.x5t, sha1.toBase64({ alphabet: "base64url", omitPadding: true }));
      assert.match(head["x5t#S256"], /^[\w-]{43}$/);
    }
    assert.equal(claimsOf(assertion)?.["sub"], "c");
  });
});

test("an invalid certificate is refused, and the error does not repeat it", async () => {
  const { pem } = await keyOf({ name: "ECDSA", namedCurve: "P-256" });
  const server = fakeServer((_, number) => tokenAnswer(number));
  const values = { client_id: "c", private_key: pem, certificate: "nonsense-certificate" };
  const provider = plainProvider({ clientAuthentication: "private_key_jwt" });
  const error = await rejects(
    obtainToken(grantParts(server.fetch, { provider, values }), { grant: "client_credentials" }),
    "invalid_argument",
    /certificate is not usable/,
  );
  assert(!error.message.includes("nonsense"));
});

test("a client uses an authentication method that the server supports", () =>
  eachRow<
    { name: string; wanted: ProviderInput["clientAuthentication"]; methods: unknown; sent: string }
  >([
    {
      name: "post if the server lists nothing",
      wanted: "client_secret_post",
      methods: undefined,
      sent: "post",
    },
    {
      name: "basic if only that is supported",
      wanted: "client_secret_post",
      methods: ["client_secret_basic"],
      sent: "basic",
    },
    {
      name: "post if only that is supported",
      wanted: "client_secret_basic",
      methods: ["client_secret_post", "none"],
      sent: "post",
    },
    {
      name: "an assertion if only that is supported",
      wanted: "client_secret_post",
      methods: ["client_secret_jwt", "private_key_jwt"],
      sent: "jwt",
    },
    {
      name: "the configured one if both are supported",
      wanted: "client_secret_post",
      methods: ["client_secret_basic", "client_secret_post"],
      sent: "post",
    },
    {
      name: "raw stays raw",
      wanted: "client_secret_basic_raw",
      methods: ["client_secret_post"],
      sent: "basic",
    },
    {
      name: "methods that are not a list",
      wanted: "client_secret_post",
      methods: "client_secret_basic",
      sent: "post",
    },
    {
      name: "only unsupported methods",
      wanted: "client_secret_post",
      methods: ["tls_client_auth"],
      sent: "post",
    },
  ], async ({ wanted, methods, sent }) => {
    const server = fakeServer(({ url }, number) =>
      url.pathname === "/token" ? tokenAnswer(number) : json({
        issuer: ISSUER,
        token_endpoint: `${ISSUER}/token`,
        token_endpoint_auth_methods_supported: methods,
      })
    );
    const provider = plainProvider({
      issuer: ISSUER,
      endpoints: {},
      ...(wanted ? { clientAuthentication: wanted } : {}),
    });
    await obtainToken(grantParts(server.fetch, { provider }), { grant: "client_credentials" });
    const { headers, form } = server.arrivals.at(-1) ?? assert.fail();
    const way = headers.has("authorization")
      ? "basic"
      : form.has("client_assertion")
      ? "jwt"
      : form.has("client_secret")
      ? "post"
      : "none";
    assert.equal(way, sent);
  }));

test("HTTP Basic does not encode unreserved characters, and the error suggests the raw kind if it may help", () =>
  eachRow([
    {
      name: "a UUID and a secret with hyphens (oauth2-server#1305)",
      id: "1b9d-6bcd",
      secret: "AB20-Cde_4.~",
      same: true,
      hint: false,
    },
    { name: "a slash (openid-client#134)", id: "c", secret: "a/b+c=", same: false, hint: true },
    { name: "a colon (AppAuth-Android#337)", id: "a:b", secret: "s", same: false, hint: true },
  ], async ({ id, secret, same, hint }) => {
    const server = fakeServer(() => json({ error: "invalid_client" }, 401));
    const context = grantParts(server.fetch, {
      provider: plainProvider({ clientAuthentication: "client_secret_basic" }),
      values: { client_id: id, client_secret: secret },
    });
    const error = await rejects(
      obtainToken(context, { grant: "client_credentials" }),
      "client_refused",
      /client ID and secret/,
    );
    assert.equal(error.message.includes("client_secret_basic_raw"), hint);
    const [, sent = ""] = (server.arrivals[0]?.headers.get("authorization") ?? "").split(" ");
    assert.equal(atob(sent) === `${id}:${secret}`, same);
  }));

test("tokenParameters are sent with the token request, and a one-time code not with a refresh", async () => {
  const server = fakeServer((_, number) => tokenAnswer(number));
  const ask = async (
    input: Partial<ProviderInput>,
    values: Record<string, string>,
    refresh = false,
  ) => {
    const provider = plainProvider(input);
    const context = grantParts(server.fetch, { provider, values: { client_id: "c", ...values } });
    const grant = refresh
      ? { grant: "refresh_token", refreshToken: "r" } as const
      : { grant: provider.grant === "password" ? "password" : "client_credentials" } as const;
    await obtainToken(context, grant);
    return Object.fromEntries(server.arrivals.at(-1)?.form ?? []);
  };
  // Zoom
  const zoom = {
    tokenParameters: { grant_type: "account_credentials", account_id: "{account_id}" },
  };
  const sent = await ask(zoom, { client_secret: "s", account_id: "77" });
  assert.equal(sent["grant_type"], "account_credentials");
  assert.equal(sent["account_id"], "77");
  await rejects(ask(zoom, { client_secret: "s" }), "credentials_missing", /account_id/);
  // Auth0's organization, and a one-time code beside a password
  const otp = {
    grant: "password",
    tokenParameters: { organization: "org_1", otp: "{otp}" },
  } as const;
  const values = { client_secret: "s", username: "u", password: "p", otp: "123456" };
  const first = await ask(otp, values);
  assert.deepEqual([first["organization"], first["otp"], first["username"]], [
    "org_1",
    "123456",
    "u",
  ]);
  const later = await ask(otp, values, true);
  assert.deepEqual([later["organization"], later["otp"]], ["org_1", undefined]);
  assert.equal(later["grant_type"], "refresh_token");
  assert.throws(() => plainProvider({ tokenParameters: { client_secret: "x" } }), /already sent/);
});

test("several resources are sent with a token request (RFC 8707)", async () => {
  const server = fakeServer((_, number) => tokenAnswer(number));
  const resource = ["https://a.example", "https://b.example"];
  await obtainToken(grantParts(server.fetch, { provider: plainProvider({ resource }) }), {
    grant: "client_credentials",
  });
  assert.deepEqual(server.arrivals[0]?.form.getAll("resource"), resource);
});

test("revocation: responses of servers and their meaning", () =>
  eachRow<
    { name: string; answer: () => Response; done?: boolean; code?: AuthErrorCode; says?: RegExp }
  >([
    { name: "200", answer: () => new Response(null), done: true },
    { name: "204", answer: () => new Response(null, { status: 204 }), done: true },
    { name: "200 with a page", answer: () => new Response("<html>"), done: true },
    {
      name: "unsupported_token_type",
      answer: () => json({ error: "unsupported_token_type" }, 400),
      done: false,
    },
    { name: "404", answer: () => new Response(null, { status: 404 }), done: false },
    { name: "501", answer: () => new Response(null, { status: 501 }), done: false },
    {
      name: "revoked along with the first",
      answer: () => json({ error: "invalid_token" }, 400),
      done: true,
    },
    {
      name: "revoked along with the first, under another name",
      answer: () => json({ error: "invalid_grant" }, 400, { "www-authenticate": "Bearer" }),
      done: true,
    },
    {
      name: "invalid_client",
      answer: () => json({ error: "invalid_client" }, 401),
      code: "client_refused",
      says: /to end the session/,
    },
    {
      name: "403",
      answer: () => new Response(null, { status: 403 }),
      code: "grant_refused",
      says: /to end the session/,
    },
    {
      name: "400 with a page",
      answer: () => new Response("<html>", { status: 400 }),
      code: "bad_response",
      says: /^((?!token response).)*$/,
    },
    {
      name: "500",
      answer: () => new Response(null, { status: 500 }),
      code: "server_error",
      says: /may not have ended/,
    },
  ], async ({ answer, done, code, says }) => {
    const server = fakeServer(answer);
    const provider = plainProvider({ endpoints: { token: "/token", revocation: "/revoke" } });
    const outcome = revokeToken(
      grantParts(server.fetch, { provider }),
      "t",
      "access_token",
      undefined,
    );
    if (code === undefined) assert.equal(await outcome, done);
    else await rejects(outcome, code, says);
  }));

test("revocation uses its own authentication methods, and proves the key of a bound token", async () => {
  const server = fakeServer(({ url, headers }) =>
    url.pathname !== "/revoke"
      ? json({
        issuer: ISSUER,
        token_endpoint: `${ISSUER}/token`,
        revocation_endpoint: `${ISSUER}/revoke`,
        token_endpoint_auth_methods_supported: ["client_secret_post"],
        revocation_endpoint_auth_methods_supported: ["client_secret_basic"],
      })
      : headers.get("dpop") && server.count("/revoke") > 1
      ? new Response(null)
      : json({ error: "use_dpop_nonce" }, 400, { "dpop-nonce": "the-nonce" })
  );
  const provider = plainProvider({ issuer: ISSUER, endpoints: {} });
  const context = grantParts(server.fetch, { provider, dpopKey: await createDpopKey() });
  assert.equal(await revokeToken(context, "t", "refresh_token", undefined), true);
  const [first, second] = server.arrivals.filter(({ url }) => url.pathname === "/revoke");
  assert.match(first?.headers.get("authorization") ?? "", /^Basic /);
  const claims = claimsOf(second?.headers.get("dpop") ?? "");
  assert.equal(claims?.["nonce"], "the-nonce");
  assert.equal(claims?.["ath"], undefined);
  assert.equal(claims?.["htu"], `${ISSUER}/revoke`);
});

test("a one-time request is repeated only if it was refused for its time", () =>
  eachRow([
    { name: "invalid_grant by a server ahead", error: "invalid_grant", status: 400, sent: 1 },
    { name: "a 500 by a server ahead", error: "x", status: 500, sent: 1 },
    { name: "invalid_client by a server ahead", error: "invalid_client", status: 401, sent: 2 },
    { name: "invalid_dpop_proof without a key", error: "invalid_dpop_proof", status: 400, sent: 1 },
  ], async ({ error, status, sent }) => {
    const ahead = () => new Date(Date.now() + 600_000).toUTCString();
    const server = fakeServer(() => json({ error }, status, { date: ahead() }));
    const provider = plainProvider({ clientAuthentication: "client_secret_jwt" });
    const context = grantParts(server.fetch, { provider });
    await assert.rejects(obtainToken(context, { grant: "refresh_token", refreshToken: "r" }));
    assert.equal(server.arrivals.length, sent);
  }));

test("a server that sends another nonce each time does not cause endless retries", async () => {
  const server = fakeServer((_, number) =>
    json({ error: "use_dpop_nonce" }, 400, { "dpop-nonce": `nonce-${number}` })
  );
  const context = grantParts(server.fetch, { dpopKey: await createDpopKey() });
  await rejects(obtainToken(context, { grant: "client_credentials" }), "grant_refused");
  assert.equal(server.arrivals.length, 3);
});
