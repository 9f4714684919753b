import assert from "node:assert/strict";
import type { AuthErrorCode } from "../../src/errors.ts";
import { obtainToken } from "../../src/grants/obtain_token.ts";
import { type FakeServer, fakeServer, json, tokenAnswer } from "../support/fake_server.ts";
import { grantParts, plainProvider } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const ISSUER = "https://login.example.com/tenant";
const METADATA = { issuer: ISSUER, token_endpoint: "https://login.example.com/tenant/token" };

const OPENID = "/tenant/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server/tenant";

/** A server that answers at these paths, and gives tokens. */
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

test("discovery finds the metadata of OpenID Connect, else that of RFC 8414, and asks once", async () => {
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

test("an endpoint that is given overrules the one that is discovered", async () => {
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

test("discovery: what is no metadata of this issuer gets no secret", () =>
  eachRow<Row>([
    {
      name: "nothing there",
      answer: () => json({}, 404),
      code: "bad_response",
      says: /metadata/,
      sent: 2,
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
      name: "a token endpoint that is no URL",
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
  ], async ({ answer, code, says = /./, sent = 1 }) => {
    const asked = server({ [OPENID]: answer });
    await rejects(ask(asked).token, code, says);
    assert.equal(asked.count("client_credentials"), 0);
    assert.equal(asked.arrivals.length, sent);
  }));
