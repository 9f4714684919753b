import assert from "node:assert/strict";
import { AuthError } from "../../src/errors.ts";
import { type FakeServer, fakeServer, json, never, tokenAnswer } from "../support/fake_server.ts";
import { fakeClock, makeKeeper, savedTokenOf } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";

/** A server that rotates refresh tokens: each works once. */
function rotating(): FakeServer & { valid: string } {
  const state = { valid: "refresh-token-0" };
  const server = fakeServer(({ form }, number) => {
    if (form.get("grant_type") !== "refresh_token") return tokenAnswer(number);
    if (form.get("refresh_token") !== state.valid) return json({ error: "invalid_grant" }, 400);
    state.valid = `refresh-token-${number}`;
    return tokenAnswer(number, { refresh_token: state.valid });
  });
  return Object.assign(state, server);
}

test("TokenKeeper: a thousand callers at the moment of expiry make one token request", async () => {
  const server = fakeServer(async (_, number) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return tokenAnswer(number);
  });
  const { keeper, store, clock } = makeKeeper(server.fetch);
  store.tokens.set("key", savedTokenOf(clock, { expires_at: clock() / 1000 - 1 }));
  assert.equal(await keeper.adopt(), null);
  const tokens = await Promise.all(Array.from({ length: 1000 }, () => keeper.fresh()));
  assert.equal(server.arrivals.length, 1);
  assert.equal(new Set(tokens.map((token) => token.access_token)).size, 1);
});

test("TokenKeeper: renews once for each lifetime, however short", async () => {
  const server = fakeServer((_, number) => tokenAnswer(number, { expires_in: 5 }));
  const { keeper, clock } = makeKeeper(server.fetch);
  // 50 seconds, with ten calls each second.
  for (let step = 0; step < 500; step++) {
    const token = await keeper.fresh();
    assert(token.expires_at * 1000 > clock(), "an expired token was given out");
    clock.move(100);
  }
  assert(server.arrivals.length >= 10 && server.arrivals.length <= 12, `${server.arrivals.length}`);
});

test("TokenKeeper: renews once after the machine wakes from sleep", async () => {
  const server = fakeServer((_, number) => tokenAnswer(number));
  const { keeper, clock } = makeKeeper(server.fetch);
  await keeper.fresh();
  clock.move(8 * 3600 * 1000);
  const tokens = await Promise.all([keeper.fresh(), keeper.fresh()]);
  assert.deepEqual(tokens.map(({ access_token }) => access_token), [
    "access-token-2",
    "access-token-2",
  ]);
  assert.equal(server.arrivals.length, 2);
});

test("TokenKeeper: expires_at uses the server's clock, ten minutes off either way", async () => {
  for (const minutes of [-10, 10]) {
    const clock = fakeClock();
    const server = fakeServer((_, number) => {
      const serverNow = clock() + minutes * 60_000;
      const headers = { date: new Date(serverNow).toUTCString() };
      const body = { access_token: `token-${number}`, token_type: "bearer" };
      return json({ ...body, expires_at: Math.floor(serverNow / 1000) + 900 }, 200, headers);
    });
    const { keeper } = makeKeeper(server.fetch, { clock });
    const token = await keeper.fresh();
    const lifetime = token.expires_at - clock() / 1000;
    assert(Math.abs(lifetime - 900) <= 2, `${minutes} minutes off: ${lifetime} s`);
  }
});

test("TokenKeeper: a token with a refresh token is saved before it is returned", async () => {
  const server = rotating();
  const { keeper, store, clock } = makeKeeper(server.fetch, { silent: null });
  store.tokens.set(
    "key",
    savedTokenOf(clock, { expires_at: clock() / 1000, refresh_token: server.valid }),
  );
  await keeper.adopt();
  store.log.length = 0;
  const token = await keeper.fresh();
  assert.deepEqual(store.log, ["lock", "read", "begin", "write", "rotated", "unlock"]);
  assert.equal(store.tokens.get("key"), token);
  assert.equal(token.refresh_token, server.valid);
});

test("TokenKeeper: reads the store again after invalid_grant, before it gives up", async () => {
  const clock = fakeClock();
  // Another program renews between this one's read and its request.
  const server = fakeServer(({ form }, number) => {
    if (form.get("refresh_token") === "new") return tokenAnswer(number);
    store.tokens.set("key", elsewhere);
    return json({ error: "invalid_grant" }, 400);
  });
  const { keeper, store } = makeKeeper(server.fetch, { clock, silent: null });
  const expired = { expires_at: clock() / 1000 };
  let elsewhere = savedTokenOf(clock, { refresh_token: "new", access_token: "from-elsewhere" });
  store.tokens.set("key", savedTokenOf(clock, { ...expired, refresh_token: "old" }));
  await keeper.adopt();
  assert.equal((await keeper.fresh()).access_token, "from-elsewhere");
  assert.equal(server.arrivals.length, 1);

  // The token it finds may have expired too. Then its refresh token is used.
  clock.move(1_000_000);
  elsewhere = savedTokenOf(clock, { expires_at: clock() / 1000, refresh_token: "new" });
  store.tokens.set("key", savedTokenOf(clock, { ...expired, refresh_token: "older" }));
  assert.equal((await keeper.fresh()).access_token, "access-token-3");
});

test("TokenKeeper: a refused refresh token is not sent again", async () => {
  const server = rotating();
  const { keeper, store, clock } = makeKeeper(server.fetch);
  const old = savedTokenOf(clock, { expires_at: clock() / 1000, refresh_token: "stolen" });
  store.tokens.set("key", old);
  await keeper.adopt();
  await keeper.fresh();
  assert.equal(server.count("refresh_token"), 1);
  assert.equal(server.count("client_credentials"), 1);
  assert.equal(store.tokens.get("key")?.refresh_token, undefined);
});

test("TokenKeeper: an old refresh token is not used after the clock was set back", async () => {
  const server = rotating();
  const { keeper, store, clock } = makeKeeper(server.fetch, { silent: null });
  const received = (after: number, refreshToken: string) =>
    savedTokenOf(clock, {
      obtained_at: clock() / 1000 + after,
      expires_at: clock() / 1000 + after + 5,
      refresh_token: refreshToken,
    });
  // Received while the clock was ten minutes ahead …
  store.tokens.set("key", received(600, "used-already"));
  await keeper.adopt();
  // … and rotated by another process since the clock was corrected.
  store.tokens.set("key", received(500, server.valid));
  clock.move(606_000);
  assert.equal((await keeper.fresh()).access_token, "access-token-1");
  assert.equal(server.arrivals.length, 1);
});

test("TokenKeeper: in its last minute, the old token still works while the server is down", async () => {
  const server = fakeServer(() => json({}, 500));
  const { keeper, store, clock } = makeKeeper(server.fetch);
  const saved = savedTokenOf(clock, { expires_at: clock() / 1000 + 30 });
  store.tokens.set("key", { ...saved, obtained_at: clock() / 1000 - 870 });
  assert.equal(await keeper.adopt(), null, "it is to be renewed");
  assert.equal((await keeper.fresh()).access_token, saved.access_token);
  assert.equal((await keeper.fresh()).access_token, saved.access_token);
  assert.equal(server.arrivals.length, 1, "a failed renewal is not repeated at once");
  clock.move(6_000);
  await keeper.fresh();
  assert.equal(server.arrivals.length, 2);
  clock.move(25_000);
  await rejects(keeper.fresh(), "server_error");
});

test("TokenKeeper: one caller can stop waiting without affecting others, and no rejection is unhandled", async () => {
  const release = Promise.withResolvers<void>();
  const server = fakeServer(async (_, number) => {
    await release.promise;
    return tokenAnswer(number);
  });
  const { keeper } = makeKeeper(server.fetch);
  const stop = new AbortController();
  const stopped = assert.rejects(keeper.fresh(stop.signal), /enough/);
  const patient = keeper.fresh();
  stop.abort(new Error("enough"));
  await stopped;
  release.resolve();
  assert.equal((await patient).access_token, "access-token-1");
  assert.equal(server.arrivals.length, 1);

  // Aborted before it began: no request, and no rejection is left over.
  const failing = makeKeeper(fakeServer(() => json({}, 500)).fetch);
  await assert.rejects(failing.keeper.fresh(AbortSignal.abort(new Error("enough"))), /enough/);
  await new Promise((resolve) => setTimeout(resolve, 10));
});

test("TokenKeeper: without a lock it continues, but not with a refresh token", async () => {
  const locked = new AuthError("store_locked", "held");
  const server = rotating();
  const alone = makeKeeper(server.fetch);
  alone.store.lockError = locked;
  assert.equal((await alone.keeper.fresh()).access_token, "access-token-1");
  assert.equal(alone.keeper.storeProblem, undefined, "it was saved all the same");

  const careful = makeKeeper(server.fetch);
  careful.store.lockError = locked;
  const saved = savedTokenOf(careful.clock, { expires_at: 0, refresh_token: server.valid });
  careful.store.tokens.set("key", saved);
  await careful.keeper.adopt();
  await rejects(careful.keeper.fresh(), "store_locked");
  assert.equal(server.count("refresh_token"), 0);

  // Without a place for a lock, there is no other process either.
  const homeless = makeKeeper(server.fetch);
  homeless.store.lockError = homeless.store.writeError = new AuthError("store_unavailable", "no");
  await homeless.keeper.fresh();
  assert.equal(homeless.keeper.storeProblem?.code, "store_unavailable");
});

test("TokenKeeper: a logged-out session stays logged out", async () => {
  const { keeper } = makeKeeper(fakeServer((_, number) => tokenAnswer(number)).fetch);
  await keeper.fresh();
  keeper.end();
  assert.equal(keeper.token, null);
  await rejects(keeper.fresh(), "login_required");
  await rejects(keeper.refresh(), "login_required");
});

test("TokenKeeper: a logout during a renewal wins", async () => {
  const release = Promise.withResolvers<void>();
  const server = fakeServer(async (_, number) => {
    await release.promise;
    return tokenAnswer(number);
  });
  const { keeper } = makeKeeper(server.fetch);
  const renewal = keeper.fresh();
  await Promise.resolve();
  keeper.end();
  release.resolve();
  await rejects(renewal, "login_required");
  assert.equal(keeper.token, null);
});

test("TokenKeeper: a hanging server ends in a timeout, and the next call tries again", async () => {
  let hang = true;
  const server = fakeServer((_, number) => hang ? never() : tokenAnswer(number));
  const { keeper, setup } = makeKeeper(server.fetch);
  setup.grants.timeout = 100;
  await rejects(keeper.fresh(), "timeout", /0\.1 s/);
  hang = false;
  assert.equal((await keeper.fresh()).access_token, "access-token-2");
});

test("TokenKeeper: a saved token that is bound to no key is not used if one is required", async () => {
  const { keeper, store, clock } = makeKeeper(rotating().fetch, { dpop: true });
  store.tokens.set("key", savedTokenOf(clock));
  assert.equal(await keeper.adopt(), null);
  assert.equal(keeper.current(), null);
});
