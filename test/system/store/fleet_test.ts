import assert from "node:assert/strict";
import { pause } from "../../../src/base/wait.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import type { Store, StoreChoice } from "../../../src/store/store.ts";
import { TestFolder } from "../../support/folder.ts";
import { ERRNO, lockshim } from "../../support/lockshim.ts";
import { size } from "../../support/long.ts";
import { openTokenStore } from "../../support/store.ts";
import { test } from "../../support/tests.ts";
import { WorkerProcess } from "../../support/worker_process.ts";
import { testToken } from "../../store/token.ts";
import { RedisServer } from "./redis_server.ts";
import { RotatingServer } from "./rotating_server.ts";

const WORKER = new URL("fleet_worker.ts", import.meta.url);
const SECRET = btoa("0123456789abcdef0123456789abcdef");

interface Said {
  access?: string;
  problem?: string;
  code?: string;
  message?: string;
}

/** Machines that share a store and an authorization server. */
class Fleet {
  readonly server = new RotatingServer();
  readonly store: Store;
  readonly choice: StoreChoice;
  readonly #directory: string | undefined;
  readonly #environment: Record<string, string>;

  constructor(
    store: Store,
    choice: StoreChoice,
    directory: string | undefined,
    environment: Record<string, string> = {},
  ) {
    this.store = store;
    this.choice = choice;
    this.#directory = directory;
    this.#environment = { ...Deno.env.toObject(), ONECELL_STORE_KEY: SECRET, ...environment };
  }

  start(more: Record<string, unknown> = {}): WorkerProcess {
    const setup = {
      store: this.choice,
      directory: this.#directory,
      server: this.server.url,
      grant: "authorization_code",
      ...more,
    };
    return new WorkerProcess(WORKER, [setup], { environment: this.#environment });
  }

  /** Saves a session that has expired. */
  async expire(): Promise<void> {
    await this.store.write(
      "fleet",
      testToken(1, { key: "fleet", expires_at: 2, refresh_token: this.server.refreshToken }),
    );
  }

  assertSafe(refreshes: number): void {
    assert.equal(this.server.revoked, 0, "a family was revoked");
    assert.equal(this.server.refreshes, refreshes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Some wait twice for a lease to end. On a busy machine that takes more than the usual minute. */
const LIMIT = size(150_000, 1_800_000);

/** Runs a test over each kind of store: shared, with locks, and without locks. */
function overEach(
  name: string,
  check: (fleet: Fleet, redis: RedisServer | undefined) => Promise<void>,
  kinds = ["redis", "files", "files without locks"],
): void {
  if (kinds.includes("redis")) {
    test(`row 32, redis: ${name}`, async () => {
      await using redis = await RedisServer.start("a fleet over Redis");
      if (!redis) return;
      const choice = { url: redis.url };
      const runtime = await currentRuntime();
      const get = (variable: string) => variable === "ONECELL_STORE_KEY" ? SECRET : undefined;
      const store = openTokenStore({ ...runtime, getEnvironment: get }, undefined, choice);
      await using fleet = new Fleet(store, choice, undefined);
      await check(fleet, redis);
    }, LIMIT);
  }
  for (const kind of kinds.filter((kind) => kind !== "redis")) {
    test(`row 31, ${kind}: ${name}`, async () => {
      await using folder = await TestFolder.make();
      const library = kind === "files" ? null : await lockshim("a fleet on a disk without locks");
      if (kind !== "files" && library === null) return;
      const shim = library === null ? {} : {
        LD_PRELOAD: library,
        LOCK_ERRNO: String(ERRNO.ENOLCK),
        SHIM_PATH: folder.path,
      };
      const store = openTokenStore(await currentRuntime(), folder.path, "disk");
      await using fleet = new Fleet(store, "disk", folder.path, shim);
      await check(fleet, undefined);
    }, LIMIT);
  }
}

overEach("many processes on an expired session make one refresh", async (fleet) => {
  await fleet.expire();
  fleet.server.delay = 300;
  const workers = Array.from({ length: size(8, 16) }, () => fleet.start());
  for (const worker of workers) {
    const said = await worker.answer<Said>();
    assert.equal(said.access, "access-1", JSON.stringify(said));
  }
  fleet.assertSafe(1);
});

overEach(
  "after a kill between response and store, no process sends the token again",
  async (fleet) => {
    await fleet.expire();
    fleet.server.delay = 3_000;
    const dead = fleet.start();
    await fleet.server.arrived.promise;
    dead.signal("SIGKILL");
    await dead.end();
    fleet.server.delay = 0;
    const others = [
      fleet.start(),
      fleet.start({ clock: 600_000 }),
      fleet.start({ clock: -600_000 }),
    ];
    for (const other of others) {
      const said = await other.answer<Said>();
      assert.equal(said.code, "store_locked", JSON.stringify(said));
    }
    fleet.assertSafe(1);
    // A session that needs no person continues.
    const silent = await fleet.start({ grant: "client_credentials" }).answer<Said>();
    assert.match(silent.access ?? "", /^access-/);
    fleet.assertSafe(1);
  },
);

overEach(
  "stopped while it waits for the response: the others wait, and it saves the result",
  async (fleet, redis) => {
    await fleet.expire();
    fleet.server.delay = 1_500;
    const stopped = fleet.start();
    await fleet.server.arrived.promise;
    stopped.signal("SIGSTOP");
    // Its lease ends.
    const names = await redis?.ask("KEYS *:lock") ?? "";
    for (const [name] of names.matchAll(/onecell:\{\w+\}:lock/g)) await redis?.ask(`DEL ${name}`);
    const other = fleet.start();
    await pause(2_000);
    stopped.signal("SIGCONT");
    const saved = await stopped.answer<Said>();
    assert.equal(saved.access, "access-1", JSON.stringify(saved));
    const waited = await other.answer<Said>();
    assert.equal(waited.access, "access-1", JSON.stringify(waited));
    fleet.assertSafe(1);
  },
);

overEach(
  "the server of the store is killed during a refresh, and started again",
  async (fleet, redis) => {
    assert(redis);
    await fleet.expire();
    fleet.server.delay = 500;
    const first = fleet.start({ times: 2 });
    await fleet.server.arrived.promise;
    await redis.down();
    const said = await first.next<Said>();
    assert.deepEqual(said, { access: "access-1", problem: "store_unavailable" });
    await redis.up();
    assert.equal((await first.next<Said>())?.access, "access-1", "it works from memory");
    await first.end();
    // The saved token is used up, and the mark says so.
    assert.equal((await fleet.start().answer<Said>()).code, "store_locked");
    fleet.assertSafe(1);
  },
  ["redis"],
);

overEach(
  "cut off from the store: a valid token is used, but no refresh token",
  async (fleet, redis) => {
    assert(redis);
    fleet.server.lifetime = 600;
    await fleet.expire();
    const live = fleet.start({ times: 6 });
    assert.equal((await live.next<Said>())?.access, "access-1");
    redis.signal("SIGSTOP");
    for (let time = 1; time < 6; time++) {
      assert.equal((await live.next<Said>())?.access, "access-1");
    }
    await live.end();
    const start = performance.now();
    const fresh = await fleet.start().answer<Said>();
    assert.equal(fresh.code, "store_unavailable");
    assert(performance.now() - start < 20_000);
    const silent = await fleet.start({ grant: "client_credentials" }).answer<Said>();
    assert.equal(silent.problem, "store_unavailable");
    assert.match(silent.access ?? "", /^access-/);
    redis.signal("SIGCONT");
    fleet.assertSafe(1);
    assert.equal((await fleet.start().answer<Said>()).access, "access-1");
  },
  ["redis"],
);

overEach("random kills and stops among many renewals revoke nothing", async (fleet) => {
  fleet.server.lifetime = 2;
  fleet.server.delay = 100;
  await fleet.expire();
  const until = Date.now() + size(6_000, 45_000);
  // After an unlucky kill, the others wait for its mark to age; on a busy machine, past the end.
  const latest = until + 20_000;
  const goesOn = () => Date.now() < until || (fleet.server.refreshes < 2 && Date.now() < latest);
  let ended = 0;
  const run = async () => {
    while (goesOn()) {
      const worker = fleet.start({ times: 4 });
      const timer = setTimeout(
        () => worker.signal("SIGKILL"),
        Math.random() < 0.3 ? 400 + Math.random() * 1500 : 60_000,
      );
      await worker.end();
      clearTimeout(timer);
      ended++;
      // The result of a killed process is lost for good, so somebody signs in again, as a person would.
      const token = await fleet.store.read("fleet");
      if (token?.refresh_token !== fleet.server.refreshToken) {
        await fleet.store.exclusive("fleet", async () => {
          const again = await fleet.store.read("fleet");
          const isLost = again?.obtained_at === token?.obtained_at &&
            again?.refresh_token !== fleet.server.refreshToken;
          if (isLost) await fleet.expire();
        }, { timeout: 30_000 });
      }
    }
  };
  await Promise.all(Array.from({ length: size(3, 8) }, run));
  assert.equal(fleet.server.revoked, 0);
  assert(fleet.server.refreshes >= 2, `${fleet.server.refreshes} refreshes of ${ended} processes`);
}, ["redis", "files", "files without locks"]);
