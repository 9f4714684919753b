import assert from "node:assert/strict";
import type { ProviderInput } from "../../src/providers/define_provider.ts";
import { challengesOf } from "../../src/http/failure.ts";
import { fakeApi } from "../support/api.ts";
import { call } from "../support/call.ts";
import { json } from "../support/fake_server.ts";
import { plainProvider } from "../support/parts.ts";
import { eachRow, test } from "../support/tests.ts";

test("challengesOf() reads as much of WWW-Authenticate as it can", () =>
  eachRow<{ name: string; schemes: string[]; error?: string }>([
    { name: "Bearer", schemes: ["bearer"] },
    { name: 'Bearer realm="a, b", error="x"', schemes: ["bearer"], error: "x" },
    { name: 'Basic realm="x", Bearer error=y', schemes: ["basic", "bearer"], error: "y" },
    { name: 'Negotiate, Bearer realm="", error="z"', schemes: ["negotiate", "bearer"], error: "z" },
    {
      name: 'DPoP algs="ES256", ERROR="use_dpop_nonce"',
      schemes: ["dpop"],
      error: "use_dpop_nonce",
    },
    { name: 'Bearer error = "a\\"b"', schemes: ["bearer"], error: 'a"b' },
    { name: "", schemes: [] },
    { name: ",,;", schemes: [] },
    { name: `Bearer ${'a="'.repeat(20_000)}`, schemes: ["bearer"] },
    { name: ",".repeat(50_000), schemes: [] },
  ], ({ name, schemes, error }) => {
    const started = performance.now();
    const found = challengesOf(name);
    assert.deepEqual(found.map(({ scheme }) => scheme), schemes);
    assert.equal(found.at(-1)?.parameters.get("error"), error);
    assert(performance.now() - started < 500, "it took too long");
  }));

interface Refusal {
  name: string;
  status?: number;
  header?: string;
  provider?: Partial<ProviderInput>;
  renewed: boolean;
}

test("fetch: a token is renewed only if a new one may help", () =>
  eachRow<Refusal>([
    { name: "no challenge", renewed: true },
    { name: "RFC 6750", header: 'Bearer error="invalid_token"', renewed: true },
    { name: "a plain one", header: "Bearer", renewed: true },
    { name: "beside another", header: 'Basic realm="x", Bearer realm="x"', renewed: true },
    { name: "django-rest-framework-jwt", header: 'JWT realm="api"', renewed: true },
    { name: "what cannot be read", header: ",;", renewed: true },
    {
      name: "RFC 9470: sign in with more",
      header: 'Bearer error="insufficient_user_authentication", acr_values="mfa"',
      renewed: false,
    },
    { name: "a scope, as 401", header: 'Bearer error="insufficient_scope"', renewed: false },
    { name: "RFC 9449: a wrong proof", header: 'DPoP error="invalid_dpop_proof"', renewed: false },
    { name: "a proxy's Basic", header: 'Basic realm="proxy"', renewed: false },
    { name: "Kerberos", header: "Negotiate", renewed: false },
    { name: "403", status: 403, renewed: false },
    {
      name: "403, a scope",
      status: 403,
      header: 'Bearer error="insufficient_scope"',
      renewed: false,
    },
    // Spring and several gateways respond to an expired token like this (wild.md F).
    { name: "403, the token", status: 403, header: 'Bearer error="invalid_token"', renewed: true },
    { name: "498 by itself", status: 498, renewed: false },
    // ArcGIS: 498 is an invalid token.
    { name: "498 of the provider", status: 498, provider: { renewStatuses: [498] }, renewed: true },
    {
      name: "the provider's own status, with step-up authentication",
      status: 440,
      header: 'Bearer error="insufficient_user_authentication"',
      provider: { renewStatuses: [440] },
      renewed: false,
    },
    {
      name: "the provider's own scheme",
      header: 'ApiToken realm="x"',
      provider: { apiAuthorization: { scheme: "ApiToken" } },
      renewed: true,
    },
  ], async ({ status = 401, header, provider = {}, renewed }) => {
    const { session, auth, api, keeper } = fakeApi(
      (_, number) =>
        number === 1 ? json({}, status, header ? { "www-authenticate": header } : {}) : json({}),
      { provider: plainProvider(provider) },
    );
    await keeper.fresh();
    assert.equal((await call(session, "/x")).status, renewed ? 200 : status);
    assert.equal(api.arrivals.length, renewed ? 2 : 1);
    assert.equal(auth.arrivals.length, renewed ? 2 : 1);
  }));

test("fetch: paths that always return 401 cost one token request, not one per call", async () => {
  const { session, auth, clock, keeper } = fakeApi(({ url }) =>
    url.pathname.startsWith("/bad") ? json({}, 401) : json({})
  );
  await keeper.fresh();
  for (let round = 0; round < 10; round++) {
    assert.equal((await call(session, "/bad")).status, 401);
    assert.equal((await call(session, "/good")).status, 200);
    assert.equal((await call(session, `/bad/${round}`)).status, 401);
  }
  assert.equal(auth.arrivals.length, 2);
  // Much later, a path that was not tried with this token may request once more.
  clock.move(60_000);
  await call(session, "/bad");
  assert.equal(auth.arrivals.length, 2);
  await call(session, "/bad/new");
  await call(session, "/bad/newer");
  assert.equal(auth.arrivals.length, 3);
});

test("fetch: a token that is really revoked is renewed even after useless renewals", async () => {
  let good = "access-token-1";
  const { session, auth, clock, keeper } = fakeApi(({ url, headers }) =>
    url.pathname === "/bad" || headers.get("authorization") !== `Bearer ${good}`
      ? json({}, 401)
      : json({})
  );
  await keeper.fresh();
  good = "access-token-2";
  assert.equal((await call(session, "/good")).status, 200);
  good = "access-token-3";
  assert.equal((await call(session, "/bad")).status, 401);
  assert.equal((await call(session, "/good")).status, 200);
  clock.move(60_000);
  good = "access-token-4";
  assert.equal((await call(session, "/good")).status, 200);
  assert.equal(auth.arrivals.length, 4);
});
