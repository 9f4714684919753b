import assert from "node:assert/strict";
import type { ProviderInput } from "../../src/providers/define_provider.ts";
import { createApiCall } from "../../src/http/api_call.ts";
import { createApiFetch } from "../../src/http/api_fetch.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import type { StoredToken } from "../../src/store/store.ts";
import { createDpopKey } from "../../src/token/dpop.ts";
import { fakeApi, redirect } from "../support/api.ts";
import { call } from "../support/call.ts";
import { fakeServer, json } from "../support/fake_server.ts";
import { fakeClock, plainProvider, savedTokenOf } from "../support/parts.ts";
import { rejects, throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

test("apiAuthorization sends the token in another header or with another scheme", () =>
  eachRow<{ name: string; given: ProviderInput["apiAuthorization"]; sent: [string, string] }>([
    { name: "neither", given: undefined, sent: ["authorization", "Bearer access-token-1"] },
    { name: "header", given: { header: "X-Api-Key" }, sent: ["x-api-key", "access-token-1"] },
    // GitHub, Gitea, Django REST framework.
    { name: "scheme", given: { scheme: "token" }, sent: ["authorization", "token access-token-1"] },
    {
      name: "both",
      given: { header: "X-Auth", scheme: "Bearer" },
      sent: ["x-auth", "Bearer access-token-1"],
    },
  ], async ({ given, sent }) => {
    const provider = plainProvider(given ? { apiAuthorization: given } : {});
    const { session, api } = fakeApi(
      ({ url }) => url.pathname === "/away" ? redirect("https://cdn.example/x") : json({}),
      { provider },
    );
    const headers = { [sent[0]]: "of the caller", "x-other": "1" };
    await call(session, "/x");
    await call(session, "/x", { method: "POST", headers });
    await call(session, "/away", { headers });
    for (const { headers } of api.arrivals.slice(0, 3)) assert.equal(headers.get(sent[0]), sent[1]);
    assert.equal(api.arrivals[1]?.headers.get("x-other"), "1");
    assert.equal(api.arrivals.at(-1)?.url.host, "cdn.example");
    assert.equal(api.arrivals.at(-1)?.headers.get(sent[0]), null);
  }));

test("apiAuthorization and renewStatuses are checked", () =>
  eachRow<{ name: string; given: Record<string, unknown> }>([
    { name: "empty", given: { apiAuthorization: {} } },
    { name: "unknown member", given: { apiAuthorization: { headr: "x" } } },
    { name: "two words", given: { apiAuthorization: { scheme: "a b" } } },
    { name: "a line break", given: { apiAuthorization: { header: "a\nb" } } },
    { name: "a header of fetch's own", given: { apiAuthorization: { header: "Host" } } },
    { name: "a proxy's", given: { apiAuthorization: { header: "Proxy-Authorization" } } },
    { name: "one that follows a redirect", given: { apiAuthorization: { header: "Accept" } } },
    { name: "with DPoP", given: { apiAuthorization: { scheme: "token" }, dpop: true } },
    { name: "no status", given: { renewStatuses: [200] } },
    { name: "no list", given: { renewStatuses: 498 } },
  ], ({ given }) => void throws(() => plainProvider(given), "invalid_argument")));

test("DPoP: a proof names its request, and uses the server's time", async () => {
  const clock = fakeClock();
  const key = await createDpopKey();
  const token = savedTokenOf(clock, { dpop_key: key, access_token: "abc" });
  const proofs: Record<string, unknown>[] = [];
  const api = fakeServer(({ headers }) => {
    const [, payload = ""] = (headers.get("dpop") ?? "").split(".");
    proofs.push(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))));
    assert.equal(headers.get("authorization"), "DPoP abc");
    return json({});
  });
  const fetch = apiFetchOf(api.fetch, clock, () => token, { offset: 3_600_000 });
  await call({ fetch }, "/a?b=c#d", { method: "PUT", body: "x" });
  await call({ fetch }, "/a");
  const [first, second] = proofs;
  assert.equal(first?.["htm"], "PUT");
  assert.equal(first?.["htu"], "https://api.example.com/a");
  assert.equal(first?.["iat"], Math.floor(clock() / 1000) + 3_600);
  // base64url(SHA-256("abc"))
  assert.equal(first?.["ath"], "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  assert.notEqual(first?.["jti"], second?.["jti"]);
});

test("DPoP: an unbound token is not used if tokens must be bound", async () => {
  const clock = fakeClock();
  const bound = savedTokenOf(clock, { dpop_key: await createDpopKey(), access_token: "bound" });
  const unbound = savedTokenOf(clock);
  for (const renewed of [bound, unbound]) {
    const api = fakeServer(() => json({}));
    const fetch = apiFetchOf(api.fetch, clock, () => unbound, { offset: 0 }, renewed);
    if (renewed === bound) {
      await call({ fetch }, "/a");
      assert.equal(api.arrivals[0]?.headers.get("authorization"), "DPoP bound");
    } else {
      await rejects(fetch("/a"), "bad_response", /DPoP/);
      assert.equal(api.arrivals.length, 0);
    }
  }
});

function apiFetchOf(
  fetch: typeof globalThis.fetch,
  now: () => number,
  current: () => StoredToken,
  clock: { offset: number },
  renewed = current(),
) {
  return createApiFetch({
    system: resolveSystem(plainProvider({ dpop: true }), {}, {}, []),
    tokens: {
      current,
      fresh: () => Promise.resolve(current()),
      renewAfterRefusal: () => Promise.resolve(renewed),
    },
    fetch,
    timeout: 1_000,
    now,
    clock,
    loadCall: () => Promise.resolve({ createApiCall }),
  });
}
