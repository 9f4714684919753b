import assert from "node:assert/strict";
import type { AuthErrorCode } from "../../src/errors.ts";
import { judgeMetadata } from "../../src/grants/discovery.ts";
import { obtainToken } from "../../src/grants/obtain_token.ts";
import type { ProviderInput } from "../../src/providers/define_provider.ts";
import { claimsOf } from "../../src/token/token.ts";
import { type FakeServer, fakeServer, json, tokenAnswer } from "../support/fake_server.ts";
import { grantParts, plainProvider } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const ISSUER = "https://login.example.com/tenant";
const METADATA = { issuer: ISSUER, token_endpoint: "https://login.example.com/tenant/token" };

const OPENID = "/tenant/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server/tenant";

/** A server that responds at these paths and issues tokens. */
function server(paths: Record<string, () => Response>): FakeServer {
  return fakeServer(({ url }, number) => {
    if (url.pathname.endsWith("/token")) return tokenAnswer(number);
    return paths[url.pathname]?.() ?? json({}, 404);
  });
}

const ask = (to: FakeServer, issuer = ISSUER) => {
  const provider = plainProvider({ issuer, endpoints: {} });
  const parts = grantParts(to.fetch, { provider });
  return { parts, token: obtainToken(parts, { grant: "client_credentials" }) };
};

test("discovery finds the metadata of OpenID Connect, else of RFC 8414, and reads it once", async () => {
  const openid = server({ [OPENID]: () => json(METADATA) });
  const { parts, token } = ask(openid);
  await token;
  await obtainToken(parts, { grant: "client_credentials" });
  assert.equal(openid.count(OPENID), 1);
  assert.equal(openid.count("client_credentials"), 2);

  const oauth = server({ [OAUTH]: () => json(METADATA) });
  await ask(oauth).token;
  assert.deepEqual([oauth.count(OPENID), oauth.count(OAUTH)], [1, 1]);
});

test("a given endpoint overrides the discovered one", async () => {
  const elsewhere = server({ [OPENID]: () => json(METADATA) });
  const provider = plainProvider({
    issuer: ISSUER,
    endpoints: { token: "https://other.example.com/token" },
  });
  await obtainToken(grantParts(elsewhere.fetch, { provider }), { grant: "client_credentials" });
  assert.equal(elsewhere.arrivals.at(-1)?.url.href, "https://other.example.com/token");
});

interface Row {
  name: string;
  answer: () => Response;
  code: AuthErrorCode;
  says?: RegExp;
  sent?: number;
}

test("discovery: metadata of another issuer receives no secret", () =>
  eachRow<Row>([
    {
      name: "nothing there",
      answer: () => json({}, 404),
      code: "bad_response",
      says: /metadata/,
      sent: 4,
    },
    {
      name: "another issuer",
      answer: () => json({ ...METADATA, issuer: "https://evil.example" }),
      code: "bad_response",
    },
    {
      name: "no issuer",
      answer: () => json({ ...METADATA, issuer: undefined }),
      code: "bad_response",
    },
    { name: "no token endpoint", answer: () => json({ issuer: ISSUER }), code: "bad_response" },
    {
      name: "a plain-http token endpoint",
      answer: () => json({ ...METADATA, token_endpoint: "http://login.example.com/token" }),
      code: "insecure_url",
    },
    {
      name: "a token endpoint that is not a URL",
      answer: () => json({ ...METADATA, token_endpoint: "token" }),
      code: "bad_response",
    },
    { name: "a page", answer: () => new Response("<html>"), code: "bad_response" },
    { name: "a list", answer: () => json([]), code: "bad_response" },
    { name: "broken JSON", answer: () => new Response("{"), code: "bad_response" },
    {
      name: "a redirect",
      answer: () =>
        new Response(null, { status: 302, headers: { location: "https://evil.example/" } }),
      code: "redirect_refused",
    },
    { name: "500", answer: () => json({}, 500), code: "server_error" },
    {
      name: "503",
      answer: () => json({}, 503, { "retry-after": "0" }),
      code: "server_error",
      sent: 3,
    },
    { name: "too large", answer: () => new Response("x".repeat(1_048_577)), code: "bad_response" },
    {
      name: "an issuer that differs by a slash, named in the error",
      answer: () => json({ ...METADATA, issuer: `${ISSUER}/` }),
      code: "bad_response",
      says:
        /its issuer is https:\/\/login\.example\.com\/tenant\/, not https:\/\/login\.example\.com\/tenant\./,
    },
    {
      name: "a local port",
      answer: () => json({ ...METADATA, token_endpoint: "http://127.0.0.1:8080/token" }),
      code: "insecure_url",
      says: /a loopback or link-local address/,
    },
    {
      name: "a local port over https",
      answer: () => json({ ...METADATA, token_endpoint: "https://localhost:8080/token" }),
      code: "insecure_url",
      says: /a loopback or link-local address/,
    },
    // trust 5, in other spellings: addresses that never leave this machine or its own network link.
    ...[
      "localhost.",
      "LOCALHOST.",
      "x.localhost",
      "127.1",
      "0x7f000001",
      "0.0.0.0",
      "0",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[::127.0.0.1]",
      "[64:ff9b::127.0.0.1]",
      "[64:ff9b:1::127.0.0.1]",
      "[2002:7f00:1::]",
      "[fe80::1]",
      "[fd00:ec2::254]",
      "169.254.169.254",
      // Own attack on trust 5.
      "①②⑦.⓪.⓪.①",
      "0x7f.1",
      "[fec0::1]",
      "[fd20:ce::254]",
      "168.63.129.16",
      "metadata.goog",
      "ip6-localhost",
      "100.100.100.200",
      "metadata.google.internal",
    ].flatMap((host) =>
      ["token_endpoint", "authorization_endpoint", "device_authorization_endpoint"].map((name) => ({
        name: `${name} at ${host}`,
        answer: () => json({ ...METADATA, [name]: `https://${host}/x` }),
        code: "insecure_url" as const,
      }))
    ),
    {
      name: "a token endpoint with a username",
      answer: () =>
        json({ ...METADATA, token_endpoint: "https://login.example.com@evil.example/" }),
      code: "insecure_url",
    },
    {
      name: "an authorization endpoint that is a program",
      answer: () => json({ ...METADATA, authorization_endpoint: "javascript:alert(1)" }),
      code: "insecure_url",
    },
    {
      name: "an authorization endpoint that is a file",
      answer: () => json({ ...METADATA, authorization_endpoint: "file:///etc/passwd" }),
      code: "insecure_url",
    },
    {
      name: "a device endpoint on this machine",
      answer: () => json({ ...METADATA, device_authorization_endpoint: "http://localhost/d" }),
      code: "insecure_url",
    },
    {
      name: "an alias for mutual TLS on this machine (RFC 8705)",
      answer: () =>
        json({
          ...METADATA,
          mtls_endpoint_aliases: { token_endpoint: "https://localhost:8080/token" },
        }),
      code: "insecure_url",
      says: /nothing is sent there/,
    },
    {
      name: "a redirect that never ends",
      answer: () => new Response(null, { status: 302, headers: { location: OPENID } }),
      code: "redirect_refused",
      sent: 5,
    },
    {
      name: "429",
      answer: () => json({}, 429, { "retry-after": "0" }),
      code: "rate_limited",
      sent: 3,
    },
  ], async ({ answer, code, says = /./, sent = 1 }) => {
    const asked = server({ [OPENID]: answer });
    await rejects(ask(asked).token, code, says);
    assert.equal(asked.count("client_credentials"), 0);
    assert.equal(asked.arrivals.length, sent);
  }));

test("discovery skips responses that are not metadata", () =>
  eachRow<{ name: string; issuer?: string; paths: Record<string, () => Response> }>([
    ...[400, 401, 403, 404, 405, 410].map((status) => ({
      name: `HTTP ${status}, then RFC 8414`,
      paths: { [OPENID]: () => json({}, status), [OAUTH]: () => json(METADATA) },
    })),
    {
      name: "RFC 8414 appended, as Keycloak and WSO2 do",
      paths: { "/tenant/.well-known/oauth-authorization-server": () => json(METADATA) },
    },
    {
      name: "a redirect of the same origin",
      paths: {
        [OPENID]: () => new Response(null, { status: 301, headers: { location: "/moved" } }),
        "/moved": () => json(METADATA),
      },
    },
    {
      name: "a byte order mark, and nulls",
      paths: {
        [OPENID]: () =>
          new Response(`\ufeff${JSON.stringify({ ...METADATA, authorization_endpoint: null })}`),
      },
    },
    {
      name: "an unsafe revocation endpoint",
      paths: { [OPENID]: () => json({ ...METADATA, revocation_endpoint: "http://x.example/r" }) },
    },
    {
      name: "the metadata's address instead of the issuer (pocket-id#285)",
      issuer: `${ISSUER}/.well-known/openid-configuration`,
      paths: { [OPENID]: () => json(METADATA) },
    },
    {
      name: "an endpoint elsewhere, over https (Google)",
      paths: {
        [OPENID]: () => json({ ...METADATA, token_endpoint: "https://oauth2.example/token" }),
      },
    },
  ], async ({ paths, issuer = ISSUER }) => {
    const asked = server(paths);
    assert.equal((await ask(asked, issuer).token).access_token.startsWith("access-token"), true);
  }));

test("a client assertion for a discovered server is valid nowhere else (trust 6)", () =>
  eachRow<{ name: string; input: Partial<ProviderInput>; audience: string }>([
    { name: "discovered", input: {}, audience: ISSUER },
    {
      name: "discovered, overridden by the definition",
      input: { assertionAudience: "token_endpoint" },
      audience: METADATA.token_endpoint,
    },
    {
      name: "given",
      input: { endpoints: { token: "https://a.example/token" } },
      audience: "https://a.example/token",
    },
    {
      name: "any URL",
      input: { assertionAudience: "https://aud.example/v2" },
      audience: "https://aud.example/v2",
    },
  ], async ({ input, audience }) => {
    const to = server({ [OPENID]: () => json(METADATA) });
    const provider = plainProvider({
      issuer: ISSUER,
      endpoints: {},
      clientAuthentication: "client_secret_jwt",
      ...input,
    });
    await obtainToken(grantParts(to.fetch, { provider }), { grant: "client_credentials" });
    const assertion = to.arrivals.at(-1)?.form.get("client_assertion") ?? "";
    const claims = claimsOf(assertion);
    assert.equal(claims?.["aud"], audience);
    // A server whose clock is a second behind refuses a token that is not valid yet.
    assert.equal(claims?.["nbf"], undefined);
    assert.equal(Number(claims?.["exp"]) - Number(claims?.["iat"]), 300);
  }));

test("an unsafe revocation endpoint is left out, also as an alias", () => {
  const revocation_endpoint = "https://127.0.0.1/revoke";
  const aliases = { revocation_endpoint, token_endpoint: "https://mtls.example.com/token" };
  const metadata = { ...METADATA, revocation_endpoint, mtls_endpoint_aliases: aliases };
  const judged = judgeMetadata(ISSUER, JSON.stringify(metadata), {});
  assert.equal(judged.revocation_endpoint, undefined);
  assert.deepEqual(judged.mtls_endpoint_aliases, { token_endpoint: aliases.token_endpoint });
});
