import assert from "node:assert/strict";
import { AuthError, type AuthErrorCode } from "../../src/errors.ts";
import { logout } from "../../src/renewal/logout.ts";
import { fakeServer, json, tokenAnswer } from "../support/fake_server.ts";
import { makeKeeper, plainProvider, savedTokenOf } from "../support/parts.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

// Each of these covers a fault that no test noticed on 2026-11-26.

test("a renewal reports a token that cannot be saved, until it is saved", async () => {
  const { keeper, store, clock } = makeKeeper(fakeServer((_, n) => tokenAnswer(n)).fetch);
  const full = new AuthError("store_unavailable", "the disk is full");
  store.writeError = full;
  await keeper.fresh();
  assert.equal(keeper.storeProblem, full);
  store.writeError = undefined;
  clock.move(3_600_000);
  await keeper.fresh();
  assert.equal(keeper.storeProblem, undefined);
});

test("a session logged out during a failing renewal returns no token", async () => {
  const release = Promise.withResolvers<void>();
  const server = fakeServer(async () => {
    await release.promise;
    return json({}, 500);
  });
  const { keeper, store, clock } = makeKeeper(server.fetch);
  // In its last minute, a token survives a failed renewal.
  const saved = savedTokenOf(clock, { expires_at: clock() / 1000 + 30 });
  store.tokens.set("key", { ...saved, obtained_at: clock() / 1000 - 870 });
  await keeper.adopt();
  const fresh = keeper.fresh();
  await Promise.resolve();
  keeper.end();
  release.resolve();
  const error = await fresh.then(() => null, (error: unknown) => error);
  assert(error instanceof AuthError, "a token of a session that is logged out was handed out");
});

test("the token from a person's sign-in is saved under the lock", async () => {
  const { keeper, store, setup } = makeKeeper(fakeServer(() => json({}, 500)).fetch, {
    silent: null,
  });
  setup.signIn = () => Promise.resolve({ response: { access_token: "a", token_type: "bearer" } });
  await keeper.fresh();
  const { log } = store;
  const write = log.indexOf("write");
  assert(write > 0, "it was not saved");
  assert.deepEqual(log.slice(write - 1, write + 2), ["lock", "write", "unlock"]);
});

test("a person's sign-in is saved without the lock if locking fails", async () => {
  const { keeper, store, setup } = makeKeeper(fakeServer(() => json({}, 500)).fetch, {
    silent: null,
  });
  store.lockError = new AuthError("store_unavailable", "no place for a lock");
  setup.signIn = () => Promise.resolve({ response: { access_token: "a", token_type: "bearer" } });
  await keeper.fresh();
  assert.equal(store.tokens.get("key")?.access_token, "a");
});

test("a logout without a lock still revokes and removes", async () => {
  const revoked: string[] = [];
  const server = fakeServer(({ form, url }, number) => {
    if (url.pathname === "/token") return tokenAnswer(number);
    revoked.push(form.get("token") ?? "");
    return new Response(null, { status: 200 });
  });
  const { keeper, store, clock, setup } = makeKeeper(server.fetch);
  const provider = plainProvider({ endpoints: { token: "/token", revocation: "/revoke" } });
  const grants = { ...setup.grants, system: resolveSystem(provider, {}, {}) };
  const saved = savedTokenOf(clock, { refresh_token: "the-refresh-token" });
  store.tokens.set("key", saved);
  await keeper.adopt();
  store.lockError = new AuthError("store_locked", "held");
  const report = await logout({ store, key: "key", keeper, grants });
  assert.deepEqual(
    [report.refreshToken, report.accessToken, report.removed],
    ["revoked", "revoked", true],
  );
  assert.deepEqual(revoked, ["the-refresh-token", saved.access_token]);
  assert.deepEqual(report.problems.map(({ code }) => code), ["store_locked"]);
  await rejects(keeper.fresh(), "login_required");
});

test("a logout reports an access token as revoked if the refresh token ended it", async () => {
  for (
    const [status, error, outcome, seen] of [
      [400, "invalid_request", "revoked", "better-auth 1.7"],
      [503, "temporarily_unavailable", "failed", "a server that is busy"],
      [401, "invalid_client", "failed", "RFC 7009 section 2.2.1"],
    ] as const
  ) {
    const server = fakeServer(({ form }) =>
      form.get("token_type_hint") === "refresh_token"
        ? new Response(null, { status: 200 })
        : json({ error }, status)
    );
    const { keeper, store, clock, setup } = makeKeeper(server.fetch);
    const provider = plainProvider({ endpoints: { token: "/token", revocation: "/revoke" } });
    const grants = { ...setup.grants, system: resolveSystem(provider, {}, {}), timeout: 500 };
    store.tokens.set("key", savedTokenOf(clock, { refresh_token: "the-refresh-token" }));
    await keeper.adopt();
    const report = await logout({ store, key: "key", keeper, grants });
    assert.deepEqual([report.refreshToken, report.accessToken], ["revoked", outcome], seen);
    assert.equal(report.problems.length, outcome === "failed" ? 1 : 0, seen);
  }
});

test("any other failure keeps the refresh token, and tries no other grant", () =>
  eachRow<{ name: string; answer: () => Response; code: AuthErrorCode }>([
    { name: "500", answer: () => json({}, 500), code: "server_error" },
    { name: "429", answer: () => json({}, 429, { "retry-after": "90" }), code: "rate_limited" },
    {
      name: "the client is refused",
      answer: () => json({ error: "invalid_client" }, 401),
      code: "client_refused",
    },
    { name: "a page", answer: () => new Response("<html>"), code: "bad_response" },
    {
      name: "a lost response",
      answer: () => {
        throw new TypeError("connection reset");
      },
      code: "network",
    },
  ], async ({ answer, code }) => {
    const isRefresh = (form: URLSearchParams) => form.get("grant_type") === "refresh_token";
    const server = fakeServer(({ form }, n) => isRefresh(form) ? answer() : tokenAnswer(n));
    const { keeper, store, clock } = makeKeeper(server.fetch);
    const saved = savedTokenOf(clock, {
      expires_at: clock() / 1000,
      refresh_token: "the-only-one",
    });
    store.tokens.set("key", saved);
    await keeper.adopt();
    await rejects(keeper.fresh(), code);
    assert.equal(server.count("client_credentials"), 0, "nothing else has its turn");
    assert.equal(store.tokens.get("key"), saved);
    server.answer = ({ form }, n) => tokenAnswer(n, { refresh_token: form.get("refresh_token") });
    assert.equal((await keeper.fresh()).refresh_token, "the-only-one", "it is offered again");
  }));

test("a refresh token that comes with an expired access token is saved", async () => {
  // It has replaced the old one at the server, even if its access token is useless.
  const server = fakeServer((_, n) => tokenAnswer(n, { expires_in: 0, refresh_token: "next" }));
  const { keeper, store, clock } = makeKeeper(server.fetch);
  store.tokens.set(
    "key",
    savedTokenOf(clock, { expires_at: clock() / 1000, refresh_token: "first" }),
  );
  await keeper.adopt();
  await rejects(keeper.fresh(), "bad_response");
  assert.equal(store.tokens.get("key")?.refresh_token, "next");
});

test("a refresh is announced first, and its end is always recorded", () =>
  eachRow<{ name: string; answer: () => Response; ends: string }>([
    {
      name: "a new refresh token",
      answer: () => tokenAnswer(1, { refresh_token: "next" }),
      ends: "rotated",
    },
    {
      name: "the same one",
      answer: () => tokenAnswer(1, { refresh_token: "first" }),
      ends: "not rotated",
    },
    { name: "none", answer: () => tokenAnswer(1), ends: "not rotated" },
    {
      name: "a refusal",
      answer: () => json({ error: "invalid_client" }, 401),
      ends: "not rotated",
    },
  ], async ({ answer, ends }) => {
    const { keeper, store, clock } = makeKeeper(fakeServer(answer).fetch);
    const over = { expires_at: clock() / 1000, refresh_token: "first" };
    store.tokens.set("key", savedTokenOf(clock, over));
    await keeper.adopt();
    await keeper.fresh().catch(() => {});
    const steps = store.log.filter((step) => /begin|rotated|write/.test(step));
    const isSaved = store.tokens.get("key")?.access_token === "access-token-1";
    assert.deepEqual(steps, isSaved ? ["begin", "write", ends] : ["begin", ends]);
  }));

test("a logout also ends a token that another process has saved meanwhile", async () => {
  const revoked: (string | null)[] = [];
  const server = fakeServer(({ form }) => {
    revoked.push(form.get("token"));
    return new Response(null, { status: 200 });
  });
  const { keeper, store, clock, setup } = makeKeeper(server.fetch);
  const provider = plainProvider({ endpoints: { token: "/token", revocation: "/revoke" } });
  const grants = { ...setup.grants, system: resolveSystem(provider, {}, {}) };
  store.tokens.set("key", savedTokenOf(clock, { access_token: "old", refresh_token: "used-up" }));
  await keeper.adopt();
  store.tokens.set("key", savedTokenOf(clock, { access_token: "new", refresh_token: "good" }));
  await logout({ store, key: "key", keeper, grants });
  assert.deepEqual(revoked, ["good", "new"]);
});
