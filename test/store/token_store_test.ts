import assert from "node:assert/strict";
import type { AuthError } from "../../src/errors.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { Token } from "../../src/token/token.ts";
import { openTokenStore } from "../support/store.ts";
import { TestFolder } from "../support/folder.ts";
import { report, STRICT, unlessBusy } from "../support/long.ts";
import { allRuntimes } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { KEY, testToken } from "./token.ts";

const WORKER = new URL("worker.ts", import.meta.url);

/** The worker's reports for `write` and `write and read`. */
interface Outcome {
  code?: string;
  message?: string;
  took: number;
}

const whole: Token = testToken(7, {
  scope: "a b",
  refresh_token: "r",
  id_token: "i",
  account: "ada",
  token_endpoint: "https://a.example/token",
  dpop_key: { kty: "EC" },
});

Deno.test({
  name: "opening and reading create nothing, writing creates only what it needs",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const store = openTokenStore(await currentRuntime(), folder.at("new"), "disk");
    assert.equal(await store.read(KEY), null);
    assert.equal(await store.remove(KEY), false);
    assert.deepEqual(await folder.modes(), {});
    await store.write(KEY, whole);
    assert.deepEqual(await store.read(KEY), whole);
    const path = await store.location(KEY) ?? "";
    assert.match(path, /\/new\/onecell\/[0-9a-f]{64}\.json$/);
    assert.deepEqual(await folder.modes(), {
      "new": "700",
      "new/onecell": "700",
      [path.slice(folder.path.length + 1)]: "600",
    });
    await store.write("another", testToken(1, { key: "another" }));
    assert.deepEqual(await store.read(KEY), whole);
    assert.equal(await store.remove(KEY), true);
    assert.equal(await store.remove(KEY), false);
    assert.equal(await store.read(KEY), null);
    assert.equal((await store.read("another"))?.obtained_at, 1);
  },
});

Deno.test({
  name: "reading accesses the disk once and takes no lock",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const real = await currentRuntime();
    await openTokenStore(real, folder.path, "disk").write(KEY, whole);
    const calls: PropertyKey[] = [];
    const files = new Proxy(real.files, {
      get: (target, name) => (calls.push(name), Reflect.get(target, name)),
    });
    const runtime: Runtime = { ...real, files };
    const store = openTokenStore(runtime, folder.path, "disk");
    assert.deepEqual(calls, []);
    assert.deepEqual(await store.read(KEY), whole);
    assert.deepEqual(calls, ["readTextNoFollow"]);
  },
});

Deno.test({
  name: "a token in memory touches no disk, and only its own store knows it",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const store = openTokenStore(runtime, folder.path, "memory");
    await store.write(KEY, whole);
    assert.deepEqual(await store.read(KEY), whole);
    assert.equal(await store.location(KEY), null);
    assert.equal(await openTokenStore(runtime, folder.path, "memory").read(KEY), null);
    let inside = 0;
    const action = async () => {
      assert.equal(++inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => store.exclusive(KEY, action, { timeout: 1000 })));
    assert.equal(await store.remove(KEY), true);
    assert.deepEqual(await folder.modes(), {});
  },
});

Deno.test({
  name: "row 16: a damaged token file is ignored, and the next write sets it aside with mode 0600",
  ...STRICT,
  async fn() {
    const good = JSON.stringify(whole);
    const damages: Record<string, string> = {
      "empty": "",
      "cut short": good.slice(0, 40),
      "no object": "[]",
      "null": "null",
      "another version": good.replace('"version":1', '"version":2'),
      "another key": good.replace(KEY, "another"),
      "no token": good.replace("access-7", ""),
      "a number as token": good.replace('"access-7"', "7"),
      "an infinite time": good.replace("2000000000", "1e999"),
      "a time in words": good.replace("2000000000", '"soon"'),
      "an account that is none": good.replace('"ada"', "{}"),
      "a key that is none": good.replace('{"kty":"EC"}', "[]"),
      "too large": good + " ".repeat(1_000_000),
    };
    const runtime = await currentRuntime();
    for (const [name, text] of Object.entries(damages)) {
      await using folder = await TestFolder.make();
      const store = openTokenStore(runtime, folder.path, "disk");
      await store.write(KEY, whole);
      const path = await store.location(KEY) as string;
      await Deno.writeTextFile(path, text);
      await Deno.chmod(path, 0o644);
      assert.equal(await store.read(KEY), null, name);
      assert.equal(await Deno.readTextFile(path), text, "reading must not move it");
      await store.exclusive(KEY, () => store.write(KEY, testToken(8)), { timeout: 1000 });
      assert.equal((await store.read(KEY))?.obtained_at, 8);
      const files = Object.entries(await folder.modes());
      const aside = files.find(([file]) => file.includes(".json.damaged-"));
      assert.ok(aside, name);
      assert.equal(aside[1], "600");
      assert.equal(await Deno.readTextFile(folder.at(aside[0])), text);
      // Logging out removes it as well, because it may hold a token.
      await store.remove(KEY);
      assert.deepEqual(Object.keys(await folder.modes()), ["onecell", "onecell/lock.sqlite"]);
    }
  },
});

Deno.test({
  name: "row 14: a symlinked token file is not read, and is replaced by a file",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const store = openTokenStore(await currentRuntime(), folder.path, "disk");
    await store.write(KEY, whole);
    const path = await store.location(KEY) as string;
    await Deno.rename(path, folder.at("target"));
    await Deno.symlink(folder.at("target"), path);
    assert.equal(await store.read(KEY), null);
    await store.write(KEY, testToken(8));
    assert.equal((await store.read(KEY))?.obtained_at, 8);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(folder.at("target"))), whole);
  },
});

Deno.test({
  name: "row 15: without a folder the session works from memory, and says so at once",
  ...STRICT,
  async fn() {
    const store = openTokenStore(await currentRuntime(), undefined, "disk");
    const started = performance.now();
    assert.equal(await store.read(KEY), null);
    const unavailable = (error: AuthError) => {
      assert.match(error.message, /HOME/);
      return error.code === "store_unavailable";
    };
    await assert.rejects(store.write(KEY, whole), unavailable);
    await assert.rejects(
      store.exclusive(KEY, () => Promise.resolve(), { timeout: 5000 }),
      unavailable,
    );
    assert.ok(performance.now() - started < 100);
    assert.deepEqual(await store.read(KEY), whole);
    assert.equal(await store.location(KEY), null);
    assert.equal(await store.remove(KEY), true);
    assert.equal(await store.read(KEY), null);
  },
});

Deno.test({
  name: "row 15: a folder that cannot be written to costs under 100 ms, and memory is used",
  ...STRICT,
  fn: () =>
    unlessBusy(async () => {
      for (const runtime of await allRuntimes()) {
        await using folder = await TestFolder.make();
        await Deno.writeTextFile(folder.at("file"), "");
        // A file in place of the folder fails for every user, even root.
        const worker = new WorkerProcess(WORKER, ["write", folder.at("file"), 3], { runtime });
        const outcome = await worker.answer<Outcome>();
        assert.equal(outcome.code, "store_unavailable", runtime.name);
        assert.ok(outcome.took < 100, `${runtime.name}: ${outcome.took} ms`);
        report(`${runtime.name}: told after ${outcome.took.toFixed(1)} ms`);
      }
      const runtime = await currentRuntime();
      await using folder = await TestFolder.make();
      await Deno.writeTextFile(folder.at("file"), "");
      const store = openTokenStore(runtime, folder.at("file"), "disk");
      await assert.rejects(store.write(KEY, whole));
      // The next cell opens its own store.
      const next = openTokenStore(runtime, folder.at("file"), "disk");
      assert.deepEqual(await next.read(KEY), whole);
      // Once there is room, the token is on disk and no longer in memory.
      await Deno.remove(folder.at("file"));
      await next.write(KEY, testToken(9));
      await Deno.remove(await next.location(KEY) as string);
      assert.equal(await store.read(KEY), null);
    }),
});

Deno.test({
  name: "a token in memory and one from another process: the newer one counts",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const real = await currentRuntime();
    const files = { ...real.files, createPrivate: () => Promise.reject(new Error("no")) };
    const blocked = openTokenStore({ ...real, files }, folder.path, "disk");
    const other = openTokenStore(real, folder.at("elsewhere"), "disk");
    await assert.rejects(blocked.write(KEY, testToken(5)));
    await other.write(KEY, testToken(4));
    const name = (await other.location(KEY) as string).replace(/.*\//, "");
    await Deno.mkdir(folder.at("onecell"));
    await Deno.copyFile(await other.location(KEY) as string, folder.at("onecell", name));
    assert.equal((await blocked.read(KEY))?.obtained_at, 5);
    await other.write(KEY, testToken(6));
    await Deno.copyFile(await other.location(KEY) as string, folder.at("onecell", name));
    assert.equal((await blocked.read(KEY))?.obtained_at, 6);
    await blocked.remove(KEY);
  },
});
