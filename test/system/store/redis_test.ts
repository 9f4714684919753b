import assert from "node:assert/strict";
import { currentRuntime } from "../../../src/runtime/current.ts";
import type { Runtime } from "../../../src/runtime/runtime.ts";
import { openDriver } from "../../../src/store/drivers.ts";
import { openTokenStore } from "../../support/store.ts";
import { conformance } from "../../store/conformance.ts";
import { KEY, testToken } from "../../store/token.ts";
import { report } from "../../support/long.ts";
import { rejects } from "../../support/rejects.ts";
import { checkSignedOut } from "../../support/signed_out.ts";
import { test } from "../../support/tests.ts";
import { RedisServer } from "./redis_server.ts";

const SECRET = btoa("0123456789abcdef0123456789abcdef");

async function runtimeWith(environment: Record<string, string>): Promise<Runtime> {
  return { ...await currentRuntime(), getEnvironment: (name) => environment[name] };
}

test("redis: every check of the conformance", async () => {
  await using server = await RedisServer.start("a store in Redis");
  if (!server) return;
  const runtime = await runtimeWith({ ONECELL_STORE_KEY: SECRET });
  for (const { name, check } of conformance) {
    await check(() => openDriver({ runtime, directory: undefined }, server.url))
      .catch((error) => {
        throw new Error(`${name}: ${error.stack}`);
      });
    await server.ask("FLUSHDB");
  }
});

test("redis: values are encrypted, keys are hashes, and each belongs to its own key", async () => {
  await using server = await RedisServer.start("a store in Redis");
  if (!server) return;
  const runtime = await runtimeWith({ ONECELL_STORE_KEY: SECRET });
  const store = openTokenStore(runtime, undefined, { url: server.url });
  await store.exclusive(KEY, () => store.write(KEY, testToken(1, { refresh_token: "refresh-1" })), {
    timeout: 5000,
  });
  assert.equal((await store.read(KEY))?.obtained_at, 1);
  assert.equal(store.kept, `redis://127.0.0.1:${server.port}/3`);
  assert.equal(store.shared, true);
  const names = await server.ask("KEYS *");
  const name = /onecell:\{[0-9a-f]{64}\}/.exec(names)?.[0] as string;
  const all = names + await server.ask(`HGETALL ${name}`);
  for (const secret of [KEY, "access-1", "refresh-1", SECRET]) assert(!all.includes(secret));
  // A value that was moved to another key is refused.
  await store.write("other", testToken(2, { key: "other" }));
  const other = (await server.ask("KEYS *")).match(/onecell:\{[0-9a-f]{64}\}/g)
    ?.find((one) => one !== name) as string;
  const [, sealed] = /\$\d+\r\n(ey[^\r]*)/.exec(await server.ask(`HGET ${other} v`)) as string[];
  await server.ask(`HSET ${name} v ${sealed}`);
  assert.equal(await store.read(KEY), null);
  await rejects(store.readStrictly(KEY), "store_unavailable", /damaged/);
  // The driver itself reports it, because app credentials do not name their key.
  const driver = await openDriver({ runtime, directory: undefined }, server.url);
  await rejects(driver.read(KEY), "store_unavailable", /damaged/);
  // With another encryption key, nothing can be read and nothing is lost.
  const stranger = await runtimeWith({ ONECELL_STORE_KEY: btoa("x".repeat(32)) });
  assert.equal(await openTokenStore(stranger, undefined, { url: server.url }).read("other"), null);
  assert.equal((await store.read("other"))?.obtained_at, 2);
});

test("redis: the error names a wrong password, no key or no server, without a secret", async () => {
  const keyless = openTokenStore(await runtimeWith({}), undefined, { url: "redis://127.0.0.1:1" });
  await rejects(keyless.write(KEY, testToken(1)), "invalid_argument", /ONECELL_STORE_KEY/);
  const short = await runtimeWith({ ONECELL_STORE_KEY: "too-short-a-key" });
  const wrong = openTokenStore(short, undefined, { url: "redis://127.0.0.1:1" });
  await rejects(wrong.write(KEY, testToken(1)), "invalid_argument", /32-byte key/);
  const runtime = await runtimeWith({ ONECELL_STORE_KEY: SECRET });
  const away = openTokenStore(runtime, undefined, { url: "redis://:hush-hush@127.0.0.1:1" });
  const started = performance.now();
  await rejects(away.write(KEY, testToken(1)), "store_unavailable", /127\.0\.0\.1:1/);
  assert(performance.now() - started < 6000);
  assert.equal(await away.read(KEY).then((token) => token?.obtained_at), 1, "memory has it");
  assert.equal(away.problem?.code, "store_unavailable");
  assert(!JSON.stringify([away.problem, away.problem?.message]).includes("hush"));
  await using server = await RedisServer.start("a store in Redis");
  if (!server) return;
  const url = server.url.replace("the-redis", "not-the");
  const refused = openTokenStore(runtime, undefined, { url });
  await rejects(
    refused.exclusive(KEY, () => Promise.resolve(), { timeout: 5000 }),
    "store_unavailable",
    /password/,
  );
});

test("redis: a holder that lost its lease neither sends nor overwrites a newer session", async () => {
  await using server = await RedisServer.start("a store in Redis");
  if (!server) return;
  const runtime = await runtimeWith({ ONECELL_STORE_KEY: SECRET });
  const slow = openTokenStore(runtime, undefined, { url: server.url });
  const quick = openTokenStore(runtime, undefined, { url: server.url });
  const old = testToken(1, { refresh_token: "used-once" });
  await slow.write(KEY, old);
  const driver = await openDriver({ runtime, directory: undefined }, server.url);
  await slow.exclusive(KEY, async () => {
    assert.equal(await slow.beginRefresh(old, { timeout: 1000 }), "go");
    // Simulates a stopped process: its lease has ended, and the next one has the lock.
    const lock = /onecell:\{[0-9a-f]{64}\}:lock/.exec(await server.ask("KEYS *lock"))?.[0];
    await server.ask(`DEL ${lock}`);
    // The refresh token was already sent. No process may send it again.
    assert.equal(await quick.beginRefresh(old, { timeout: 300 }), "unknown");
    await driver.write(KEY, JSON.stringify(testToken(2, { refresh_token: "after-sign-in" })));
    await rejects(
      slow.beginRefresh(testToken(2, { refresh_token: "after-sign-in" }), { timeout: 300 }).then(
        () => {
          throw new Error("it had its turn");
        },
      ),
      "store_locked",
    );
    // Its response comes late, so the newer session stays.
    await slow.write(KEY, testToken(3, { refresh_token: "late" }));
    assert.equal((await quick.read(KEY))?.refresh_token, "after-sign-in");
  }, { timeout: 5000 });
});

test("redis: one round trip per start, and none that keeps a process alive", async () => {
  await using server = await RedisServer.start("a store in Redis");
  if (!server) return;
  const runtime = await runtimeWith({ ONECELL_STORE_KEY: SECRET });
  const open = () => openTokenStore(runtime, undefined, { url: server.url });
  await open().write(KEY, testToken(1));
  const count = async () =>
    Number(/total_commands_processed:(\d+)/.exec(await server.ask("INFO stats"))?.[1]);
  const before = await count();
  const starts = 1000;
  const started = performance.now();
  for (let start = 0; start < starts; start++) assert(await open().read(KEY));
  report(`${((performance.now() - started) / starts).toFixed(2)} ms a start`);
  // Some of the counted commands are the counting itself.
  const sent = await count() - before;
  assert(sent >= starts && sent < starts + 10, `${sent} commands for ${starts} starts`);
  const script = `
    import { openTokenStore } from "${new URL("../../support/store.ts", import.meta.url)}";
    import { currentRuntime } from "${new URL("../../../src/runtime/current.ts", import.meta.url)}";
    const store = openTokenStore(await currentRuntime(), undefined, { url: ${
    JSON.stringify(server.url)
  } });
    console.log((await store.read(${JSON.stringify(KEY)})).obtained_at);`;
  const began = performance.now();
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", script],
    env: { ONECELL_STORE_KEY: SECRET },
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "1\n", new TextDecoder().decode(stderr));
  assert(performance.now() - began < 15_000, "the process did not end");
});

test("redis: a session signed out in one kernel is not saved again by another (14.6)", async () => {
  await using server = await RedisServer.start("a log-out with a store in Redis");
  if (!server) return;
  const before = Deno.env.get("ONECELL_STORE_KEY");
  Deno.env.set("ONECELL_STORE_KEY", SECRET);
  try {
    await checkSignedOut(server.url as `redis://${string}`);
  } finally {
    if (before === undefined) Deno.env.delete("ONECELL_STORE_KEY");
    else Deno.env.set("ONECELL_STORE_KEY", before);
  }
});
