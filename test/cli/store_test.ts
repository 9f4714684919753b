import assert from "node:assert/strict";
import { Machine } from "./onecell.ts";
import { test } from "../support/tests.ts";
import { RedisServer } from "../system/store/redis_server.ts";

const KEY = btoa("0123456789abcdef0123456789abcdef");

/** The files below the home folder that hold sessions or credentials. */
async function kept(machine: Machine): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await visit(`${folder}/${name}`);
      else if (!/\.sqlite(-\w+)?$/.test(name)) found.push(name);
    }
  };
  await visit(machine.home.at(".config", "spatiafi"));
  return found.sort();
}

test("store move moves everything to Redis and back, and reports what it moved", async () => {
  await using redis = await RedisServer.start("moving to a store in Redis");
  if (!redis) return;
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const before = await kept(machine);
  assert.equal(before.length, 3, "the credentials, their copy for Python, the token");
  const env = { ONECELL_STORE: redis.url, ONECELL_STORE_KEY: KEY };
  // A new store has no session yet, but the tutorial's file is still used.
  assert.equal((await machine.run(["status", "spatiafi"], { env })).code, 0);
  const moved = await machine.ok(["store", "move"], { env });
  assert.equal(
    moved,
    `✓ Moved 1 session and app credentials of 1 account from files to redis://127.0.0.1:${redis.port}/3\n`,
  );
  assert.deepEqual(await kept(machine), []);
  assert.equal((await machine.run(["status", "spatiafi"])).code, 1);
  const shown = await machine.ok(["status", "spatiafi"], { env });
  assert.match(shown, /signed in as /);
  assert.match(shown, /Saved in redis:.* \(readable by anyone who has ONECELL_STORE_KEY[^;]*\)/);
  const tokens = machine.sandbox.count("spatiafi.token");
  await machine.ok(["fetch", "spatiafi", "/api/info"], { env });
  assert.equal(machine.sandbox.count("spatiafi.token"), tokens);
  const json = JSON.parse(await machine.ok(["status", "spatiafi", "--json"], { env }));
  assert.deepEqual([json.stores[0].works, json.stores[0].problem], [true, null]);
  const doctor = await machine.run(["doctor", "spatiafi"], { env });
  assert.match(doctor.stdout, /Store: readable by anyone who has ONECELL_STORE_KEY[^;\n]*\n/);

  const back = JSON.parse(await machine.ok(["store", "move", "disk", "--json"], { env }));
  assert.deepEqual([back.sessions, back.credentials, back.problems], [1, 1, []]);
  assert.deepEqual(await kept(machine), before);
  machine.sandbox.reset();
  await machine.ok(["fetch", "spatiafi", "/api/info"]);
  assert.equal(machine.sandbox.count("spatiafi.token"), 0);

  // A store that is away loses nothing, and the error says so.
  await redis.down();
  const away = await machine.run(["store", "move"], { env });
  assert.deepEqual([away.code, /store_unavailable/.test(away.stderr)], [1, true]);
  assert.deepEqual(await kept(machine), before);
});

test("store move says what cannot be moved", async () => {
  await using machine = await Machine.start({ systems: [] });
  for (
    const [args, code, message] of [
      [["store", "move"], 2, /set ONECELL_STORE/],
      [["store", "list", "disk"], 2, /Unknown command "store list"/],
      [["store", "move", "disk"], 1, /already in disk/],
      [["store", "move", "memory"], 1, /memory/],
      [["store", "move", "mysql://x"], 1, /"store" must be/],
      [["store", "move", "redis://127.0.0.1:9"], 1, /ONECELL_STORE_KEY/],
    ] as [string[], number, RegExp][]
  ) {
    const ran = await machine.run(args);
    assert.equal(ran.code, code, `${args.join(" ")}: ${ran.stderr}`);
    assert.match(ran.stderr, message);
  }
});
