import assert from "node:assert/strict";
import { AuthError } from "../../src/errors.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import * as drivers from "../../src/store/drivers.ts";
import { inspectStore } from "../../src/store/inspect_store.ts";
import { moveStore } from "../../src/store/move_store.ts";
import { chooseStore } from "../../src/store/open_store.ts";
import type { TokenStore } from "../../src/store/store.ts";
import {
  credentialsKey,
  parseCredentialsKey,
  readStoredCredentials,
  StoredCredentials,
} from "../../src/store/stored_credentials.ts";
import { fileDriver, MemoryDriver } from "../../src/store/writing.ts";
import { formatToken } from "../../src/token/token.ts";
import { TestFolder } from "../support/folder.ts";
import { openTokenStore } from "../support/store.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { KEY, testToken } from "./token.ts";

const tokens = ["a", "b", "c"].map((key) => testToken(5, { key, refresh_token: `of ${key}` }));

test("moveStore() moves everything there and back, under the same keys, and leaves nothing behind", async () => {
  await using folder = await TestFolder.make();
  const runtime = await currentRuntime();
  const files = fileDriver({ runtime, directory: folder.path })!;
  const memory = new MemoryDriver();
  for (const token of tokens) await files.write(token.key, formatToken(token));
  assert.deepEqual(await moveStore(files, memory), { moved: 3, problems: [] });
  assert.deepEqual(await files.keys(), []);
  assert.deepEqual(await moveStore(memory, files, { wanted: (key) => key !== "b" }), {
    moved: 2,
    problems: [],
  });
  const store = openTokenStore(runtime, folder.path, "disk");
  assert.deepEqual(await store.read("a"), tokens[0]);
  assert.equal(await store.read("b"), null);
  assert.deepEqual(await memory.keys(), ["b"]);
});

test("moveStore(): after an interruption at any step, no session is lost, and a second run completes it", async () => {
  for (let step = 1; step < 20; step++) {
    const [from, to] = [new MemoryDriver(), new MemoryDriver()];
    for (const token of tokens) await from.write(token.key, formatToken(token));
    let left = step;
    /** The process is killed at some step. Nothing after it happens. */
    const mortal = (store: MemoryDriver): TokenStore => {
      const live = <T>(action: () => Promise<T>) =>
        left-- > 0 ? action() : Promise.reject(new Error("killed"));
      return {
        read: (key) => live(() => store.read(key)),
        write: (key, value) => live(() => store.write(key, value)),
        remove: (key) => live(() => store.remove(key)),
        exclusive: (key, work, options) => live(() => store.exclusive(key, work, options)),
        keys: () => live(() => store.keys()),
      };
    };
    await moveStore(mortal(from), mortal(to)).catch(() => {});
    const all = new Set([...await from.keys(), ...await to.keys()]);
    assert.deepEqual([...all].sort(), ["a", "b", "c"], `step ${step}`);
    await moveStore(from, to);
    assert.deepEqual((await to.keys()).sort(), ["a", "b", "c"]);
    assert.deepEqual(await from.keys(), []);
  }
});

test("moveStore(): a newer session stays, and one that is not saved is not removed", async () => {
  const [from, to] = [new MemoryDriver(), new MemoryDriver()];
  await from.write("a", formatToken(testToken(1, { key: "a" })));
  await to.write("a", formatToken(testToken(2, { key: "a" })));
  await moveStore(from, to);
  assert.match(await to.read("a") ?? "", /"obtained_at":2/);
  await from.write("b", formatToken(testToken(1, { key: "b" })));
  const forgetful: TokenStore = {
    read: () => Promise.resolve(undefined),
    write: () => Promise.resolve(),
    remove: () => Promise.resolve(false),
    exclusive: (_key, work) => work(),
  };
  const { moved, problems } = await moveStore(from, forgetful);
  assert.equal(moved, 0);
  assert(problems[0] instanceof AuthError);
  assert.deepEqual(await from.keys(), ["b"]);
  await rejects(moveStore(forgetful, from), "unsupported", /keys\(\)/);
});

test("credentials are saved in a store too, and move to the right place", async () => {
  const [from, to] = [new MemoryDriver(), new MemoryDriver()];
  const name = { provider: "spatiafi", account: "work" };
  assert.equal(await readStoredCredentials(from, name), undefined);
  await new StoredCredentials(from, name).write({ client_id: "id", client_secret: "secret" });
  assert.equal(await readStoredCredentials(from, { provider: "spatiafi" }), undefined);
  assert.deepEqual(parseCredentialsKey(credentialsKey(name)), name);
  assert.equal(parseCredentialsKey(KEY), undefined);
  await from.write("a", formatToken(testToken(1, { key: "a" })));
  const saved: unknown[] = [];
  await moveStore(from, to, { credentials: (...all) => Promise.resolve(void saved.push(all)) });
  assert.deepEqual(saved, [[name, { client_id: "id", client_secret: "secret" }]]);
  assert.deepEqual(await to.keys(), ["a"]);
  await new StoredCredentials(to, name).write({ client_id: "id" });
  await moveStore(to, from);
  assert.deepEqual(await readStoredCredentials(from, name), { client_id: "id" });
  assert.equal(await new StoredCredentials(from, name).remove(), true);
  await from.write(credentialsKey(name), "half");
  await rejects(readStoredCredentials(from, name), "credentials_damaged");
});

test("chooseStore(): the option, then the provider's memory, then the environment, then files", () => {
  const own = new MemoryDriver();
  const url = "redis://store.example";
  assert.deepEqual(chooseStore(own, "memory", url), { own });
  assert.deepEqual(chooseStore("keyring:", "disk", url), { url: "keyring:" });
  assert.equal(chooseStore("disk", "memory", url), "disk");
  assert.equal(chooseStore(undefined, "memory", url), "memory");
  assert.deepEqual(chooseStore(undefined, "disk", ` ${url}\n`), { url });
  assert.equal(chooseStore(undefined, "disk", ""), "disk");
  assert.equal(chooseStore(undefined, "disk", undefined), "disk");
});

test("a user's own store saves sessions, and its failures are reported", async () => {
  const runtime = await currentRuntime();
  const own = new MemoryDriver();
  const store = openTokenStore(runtime, undefined, { own });
  const token = testToken(1, { refresh_token: "one" });
  await store.exclusive(KEY, async () => {
    await store.write(KEY, token);
    assert.equal(await store.beginRefresh(token, { timeout: 100 }), "go");
    const other = openTokenStore(runtime, undefined, { own });
    assert.equal(await other.beginRefresh(token, { timeout: 100 }), "unknown");
    await store.endRefresh(token, false);
    assert.equal(await other.beginRefresh(token, { timeout: 100 }), "go");
  }, { timeout: 1000 });
  assert.deepEqual(await openTokenStore(runtime, undefined, { own }).read(KEY), token);
  assert.equal(await store.remove(KEY), true);
  assert.deepEqual(await own.keys(), []);
  assert.equal(await store.location(KEY), null);
});

test("inspectStore() says where sessions are saved, who can read them, and whether that works", async () => {
  await using folder = await TestFolder.make();
  const runtime = { ...await currentRuntime(), getEnvironment: () => undefined };
  const inspect = (store: Parameters<typeof inspectStore>[0]["store"], directory?: string) =>
    inspectStore({
      runtime,
      directory,
      store,
      open: typeof store === "string"
        ? undefined
        : async () =>
          "own" in store ? store.own : await drivers.openDriver({ runtime, directory }, store.url),
    });
  const disk = await inspect("disk", folder.path);
  assert.deepEqual([disk.kept, disk.folder, disk.locks, disk.problem], [
    "disk",
    folder.path,
    true,
    undefined,
  ]);
  assert.equal((await inspect("disk")).problem?.code, "store_unavailable");
  assert.equal((await inspect("memory")).locks, true);
  assert.equal((await inspect({ own: new MemoryDriver() })).locks, true);
  const keyless = await inspect({ url: "redis://:hush@127.0.0.1:1" });
  assert.equal(keyless.kept, "redis://127.0.0.1:1");
  assert.equal(keyless.problem?.code, "invalid_argument");
});
