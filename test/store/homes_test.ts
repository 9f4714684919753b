import assert from "node:assert/strict";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { inspectFolder } from "../../src/store/inspect_store.ts";
import { isWithoutLocks, withLock } from "../../src/store/lock.ts";
import { earlierTokenPath } from "../../src/store/open_store.ts";
import { TestFolder } from "../support/folder.ts";
import { ERRNO, lockshim } from "../support/lockshim.ts";
import { report } from "../support/long.ts";
import { allRuntimes } from "../support/runtimes.ts";
import { openTokenStore } from "../support/store.ts";
import { test } from "../support/tests.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { KEY, testToken } from "./token.ts";

const WORKER = new URL("worker.ts", import.meta.url);

/** The worker's report for `home`. */
interface Home {
  locked: { value?: string; code?: string; message?: string; took: number };
  again: string;
  saved: { value?: unknown; code?: string; message?: string };
  read: number;
  problem?: string;
  weaknesses: string[];
}

async function atHome(
  folder: TestFolder,
  shim: Record<string, string>,
  runtime: Awaited<ReturnType<typeof allRuntimes>>[number],
): Promise<Home> {
  const environment = { ...Deno.env.toObject(), ...shim, SHIM_PATH: folder.path };
  return await new WorkerProcess(WORKER, ["home", folder.path], { runtime, environment }).answer();
}

test("row 31: a home folder without locks works as fast, and is reported", async () => {
  const library = await lockshim("homes without locks");
  if (library === null) return;
  for (const runtime of await allRuntimes()) {
    for (const name of ["ENOLCK", "ENOSYS", "EOPNOTSUPP", "EIO"] as const) {
      await using folder = await TestFolder.make();
      const shim = { LD_PRELOAD: library, LOCK_ERRNO: String(ERRNO[name]) };
      const home = await atHome(folder, shim, runtime);
      const where = `${runtime.name}, ${name}: ${JSON.stringify(home)}`;
      assert.equal(home.locked.value, "go", where);
      assert.equal(home.again, "changed", where);
      assert.equal(home.read, 2, where);
      assert.equal(home.saved.code, undefined, where);
      assert.match(home.problem ?? "", /has no file locks/, where);
      assert(home.locked.took < 2_000, where);
      report(`${runtime.name}, ${name}: ${home.locked.took.toFixed(1)} ms`);
      const names = Object.keys(await folder.modes());
      assert.deepEqual(names.filter((one) => /tmp|probe/.test(one)), []);
    }
  }
});

test("row 31: a disk that cannot change modes or flush works, and is reported", async () => {
  const library = await lockshim("homes without modes");
  if (library === null) return;
  for (const runtime of await allRuntimes()) {
    for (const name of ["EPERM", "ENOSYS", "EOPNOTSUPP"] as const) {
      for (
        const [what, weakness] of [["CHMOD_ERRNO", "modes"], ["FSYNC_ERRNO", "flush"]] as const
      ) {
        await using folder = await TestFolder.make();
        const shim = { LD_PRELOAD: library, [what]: String(ERRNO[name]) };
        const home = await atHome(folder, shim, runtime);
        const where = `${runtime.name}, ${what} ${name}: ${JSON.stringify(home)}`;
        assert.equal(home.locked.value, "go", where);
        assert.equal(home.read, 2, where);
        assert.equal(home.saved.code, undefined, where);
        assert.equal(home.problem, undefined, where);
        assert.deepEqual(home.weaknesses, [weakness], where);
        const { onecell: _, ...modes } = await folder.modes();
        assert.deepEqual(new Set(Object.values(modes)), new Set(["600"]), where);
      }
    }
    // A disk that fails is not one without the feature.
    await using folder = await TestFolder.make();
    const broken = await atHome(folder, {
      LD_PRELOAD: library,
      FSYNC_ERRNO: String(ERRNO.EIO),
    }, runtime);
    assert.equal(broken.locked.code, "store_unavailable", JSON.stringify(broken));
  }
});

test("row 31: a held lock is not a missing lock, and a missing one is found in milliseconds", async () => {
  await using folder = await TestFolder.make();
  const runtime = await currentRuntime();
  const place = { path: folder.at("lock.sqlite"), directory: folder.path };
  const holder = new WorkerProcess(WORKER, ["hold", folder.path, 60_000, "wait"]);
  await holder.next();
  const held = { path: folder.at("onecell", "lock.sqlite"), directory: folder.path };
  const waiting = withLock(runtime, held, () => Promise.resolve(), { timeout: 300 });
  await assert.rejects(waiting, (error) => !isWithoutLocks(error));
  holder.signal("SIGKILL");
  await holder.end();
  await withLock(runtime, place, () => Promise.resolve(), { timeout: 300 });
  assert.deepEqual(await inspectFolder(runtime, folder.path), { locks: true, weaknesses: [] });
});

test("marks: a process that finds one waits for the token to change, at most as long as a request", async () => {
  await using folder = await TestFolder.make();
  const runtime = await currentRuntime();
  const open = () => openTokenStore(runtime, folder.path, "disk");
  const old = testToken(1, { refresh_token: "one" });
  const next = testToken(2, { refresh_token: "two" });
  const [first, second] = [open(), open()];
  await first.write(KEY, old);
  assert.equal(await first.beginRefresh(old, { timeout: 5000 }), "go");
  const waiting = second.beginRefresh(old, { timeout: 5000 });
  await new Promise((resolve) => setTimeout(resolve, 150));
  await first.write(KEY, next);
  await first.endRefresh(old, true);
  assert.equal(await waiting, "changed");
  // The mark of the used-up token is still there, so a stale copy of the file would find it.
  await first.write(KEY, old);
  assert.equal(await second.beginRefresh(old, { timeout: 200 }), "unknown");
  assert.equal(await second.beginRefresh(next, { timeout: 200 }), "changed");
  // After a failed refresh, others may try at once.
  await first.write(KEY, next);
  assert.equal(await first.beginRefresh(next, { timeout: 5000 }), "go");
  await first.endRefresh(next, false);
  assert.equal(await second.beginRefresh(next, { timeout: 5000 }), "go");
  // An aborted wait ends at once, and a log-out also removes the marks.
  const stopped = first.beginRefresh(next, { timeout: 5000, signal: AbortSignal.timeout(20) });
  await assert.rejects(stopped, { code: "timeout" });
  await first.remove(KEY);
  assert.deepEqual(Object.keys(await folder.modes()), ["onecell"]);
});

test("marks: a mark of a process killed long ago expires by its age", async () => {
  await using folder = await TestFolder.make();
  const store = openTokenStore(await currentRuntime(), folder.path, "disk");
  const old = testToken(1, { refresh_token: "one" });
  await store.write(KEY, old);
  assert.equal(await store.beginRefresh(old, { timeout: 100 }), "go");
  const [mark] = Object.keys(await folder.modes()).filter((name) => name.endsWith(".mark"));
  for (const [age, turn] of [[60_000, "unknown"], [3_600_000, "go"]] as const) {
    await Deno.writeTextFile(folder.at(mark as string), String(Date.now() - age));
    assert.equal(await store.beginRefresh(old, { timeout: 100 }), turn);
  }
});

test("a token under its earlier name is found, and the next write moves it", async () => {
  await using folder = await TestFolder.make();
  const runtime = await currentRuntime();
  const store = openTokenStore(runtime, folder.path, "disk");
  const earlier = earlierTokenPath(runtime, folder.at("onecell"), KEY);
  await Deno.mkdir(folder.at("onecell"));
  const plant = (text: string) => Deno.writeTextFile(earlier, text, { mode: 0o600 });
  await plant(JSON.stringify(testToken(1)));
  assert.equal((await store.read(KEY))?.obtained_at, 1);
  await store.write(KEY, testToken(2));
  assert.deepEqual(Object.keys(await folder.modes()).length, 2, "the earlier file is gone");
  assert.equal((await store.read(KEY))?.obtained_at, 2);
  // Such names can be forged. Another key's file is not used, set aside or removed.
  await store.remove(KEY);
  const victim = JSON.stringify(testToken(3, { key: "a victim's" }));
  await plant(victim);
  assert.equal(await store.read(KEY), null);
  await store.write(KEY, testToken(4));
  assert.equal(await store.remove(KEY), true);
  assert.equal(await Deno.readTextFile(earlier), victim);
  // A damaged one is removed if its key can still be read.
  for (
    const [text, left] of [[victim.slice(0, 60), 1], [
      JSON.stringify(testToken(5)).slice(0, 60),
      0,
    ]] as const
  ) {
    await plant(text);
    assert.equal(await store.read(KEY), null);
    await store.remove(KEY);
    assert.equal(Object.keys(await folder.modes()).length - 1, left, text);
  }
});

test("a token file that another user owns or can change is ignored", async () => {
  const real = await currentRuntime();
  await using folder = await TestFolder.make();
  await openTokenStore(real, folder.path, "disk").write(KEY, testToken(1));
  const path = await openTokenStore(real, folder.path, "disk").location(KEY) as string;
  await Deno.chmod(path, 0o620);
  const store = openTokenStore(real, folder.path, "disk");
  assert.equal(await store.read(KEY), null);
  await assert.rejects(store.readStrictly(KEY), { code: "store_unavailable" });
  await Deno.chmod(path, 0o600);
  /** The disk, as if the file or its folder belonged to another user. */
  const owned = (file: number, folderOwner: number): Runtime["files"] => ({
    ...real.files,
    status: async (at) => {
      const status = await real.files.status(at);
      return status && { ...status, owner: folderOwner };
    },
    readTextNoFollow: (at, limit, guard) =>
      real.files.readTextNoFollow(at, limit, guard && ((it) => guard({ ...it, owner: file }))),
  });
  for (
    const [user, file, folderOwner, found] of [
      [1000, 1000, 1000, true],
      [1000, 0, 0, true],
      [1000, 1000, 0, true],
      [1000, 4711, 1000, false],
      [0, 4711, 0, false],
      [undefined, 1000, 1000, true],
      [undefined, 4711, 1000, false],
    ] as const
  ) {
    const runtime: Runtime = { ...real, userId: () => user, files: owned(file, folderOwner) };
    const token = await openTokenStore(runtime, folder.path, "disk").read(KEY);
    assert.equal(
      token !== null,
      found,
      `user ${user}, file of ${file} in a folder of ${folderOwner}`,
    );
  }
  assert.equal((await store.read(KEY))?.obtained_at, 1);
});

test("trust 13: a log-out removes the leftovers of killed writers", async () => {
  await using folder = await TestFolder.make();
  const store = openTokenStore(await currentRuntime(), folder.path, "disk");
  await store.write(KEY, testToken(1));
  const left = folder.at("onecell", `.onecell-${"0a".repeat(16)}.tmp`);
  await Deno.writeTextFile(left, "a secret");
  // A write without the lock keeps it, because its writer may still run.
  await store.write(KEY, testToken(2));
  assert.equal(await Deno.readTextFile(left), "a secret");
  await store.remove(KEY);
  assert.deepEqual(Object.keys(await folder.modes()), ["onecell"]);
});

test("the memory store: after a caller gives up, the next one still waits for the first", async () => {
  const store = openTokenStore(await currentRuntime(), undefined, "memory");
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const events: string[] = [];
  const first = store.exclusive(KEY, async () => {
    await left;
    events.push("first");
  }, { timeout: 5000 });
  const second = store.exclusive(KEY, () => Promise.resolve(), { timeout: 20 });
  const third = store.exclusive(KEY, () => Promise.resolve(void events.push("third")), {
    timeout: 5000,
  });
  await assert.rejects(second, { code: "store_locked" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  leave();
  await Promise.all([first, third]);
  assert.deepEqual(events, ["first", "third"]);
});
