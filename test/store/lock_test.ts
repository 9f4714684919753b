import assert from "node:assert/strict";
import type { AuthError } from "../../src/errors.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { withLock } from "../../src/store/lock.ts";
import { TestFolder } from "../support/folder.ts";
import { report, size, STRICT, unlessBusy } from "../support/long.ts";
import { allRuntimes, DENO, findRuntime, type TestRuntime } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const WORKER = new URL("worker.ts", import.meta.url);

/** The worker's report for `lock`. */
interface Locked {
  value?: number;
  code?: string;
  message?: string;
  took: number;
}

/** Starts a worker, and waits until it holds the lock. */
async function holder(
  folder: TestFolder,
  runtime: TestRuntime,
  time: number,
  how: "wait" | "block" = "wait",
): Promise<WorkerProcess> {
  const worker = new WorkerProcess(WORKER, ["hold", folder.path, time, how], { runtime });
  const said = await worker.next<{ held: number }>();
  assert.ok(said?.held, await (said ? "" : worker.errors()));
  return worker;
}

function tryToLock(folder: TestFolder, runtime: TestRuntime, timeout: number): Promise<Locked> {
  return new WorkerProcess(WORKER, ["lock", folder.path, timeout], { runtime }).answer();
}

Deno.test({
  name: "row 5: if the holder of the lock is killed, the next one gets it within a second",
  ...STRICT,
  fn: () =>
    unlessBusy(async () => {
      const runtimes = await allRuntimes();
      for (const [at, first] of runtimes.entries()) {
        const second = runtimes[(at + 1) % runtimes.length] as TestRuntime;
        await using folder = await TestFolder.make();
        const dead = await holder(folder, first, 60_000);
        const next = new WorkerProcess(WORKER, ["hold", folder.path, 0, "wait"], {
          runtime: second,
        });
        await new Promise((resolve) => setTimeout(resolve, 700)); // it is waiting now
        const killed = Date.now();
        dead.signal("SIGKILL");
        const took = ((await next.next<{ held: number }>())?.held ?? Infinity) - killed;
        await Promise.all([dead.end(), next.end()]);
        assert.ok(took >= 0 && took < 1000, `${first.name} to ${second.name}: ${took} ms`);
        report(`${first.name} killed, ${second.name} has the lock after ${took} ms`);
      }
    }),
});

Deno.test({
  name: "row 6: a stopped holder keeps the lock, and others time out",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      await using folder = await TestFolder.make();
      const stopped = await holder(folder, runtime, 300);
      stopped.signal("SIGSTOP");
      const others = await Promise.all(
        [DENO, runtime].map((other) => tryToLock(folder, other, 800)),
      );
      stopped.signal("SIGCONT");
      const { leaving } = await stopped.next<{ leaving: number }>() ?? { leaving: NaN };
      await stopped.end();
      for (const other of others) {
        assert.equal(other.code, "store_locked");
        assert.ok(other.took >= 800 && other.took < 2000, `gave up after ${other.took} ms`);
        assert.match(other.message ?? "", /lock\.sqlite/);
      }
      const later = await tryToLock(folder, runtime, 5000);
      assert.ok((later.value ?? 0) >= leaving, "two holders at once");
    }
  },
});

Deno.test({
  name: "row 7: a holder whose event loop is blocked keeps the lock",
  ...STRICT,
  fn: () =>
    unlessBusy(async () => {
      const time = size(1500, 16_000);
      for (const runtime of await allRuntimes()) {
        await using folder = await TestFolder.make();
        const blocked = await holder(folder, runtime, time, "block");
        const next = await tryToLock(folder, DENO, 40_000);
        const { leaving } = await blocked.next<{ leaving: number }>() ?? { leaving: NaN };
        assert.equal((await blocked.end()).success, true);
        assert.ok((next.value ?? 0) >= leaving, "the lock was stolen");
        assert.ok(next.took > time * 0.5, "the holder did not hold it");
        report(`${runtime.name} blocked ${time} ms, the next waited ${Math.round(next.took)} ms`);
      }
    }),
});

Deno.test({
  name: "callers in one process get the lock in order, one at a time",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const place = { path: folder.at("lock.sqlite"), directory: folder.path };
    const order: number[] = [];
    let inside = 0;
    await Promise.all(Array.from({ length: 20 }, (_, at) =>
      withLock(runtime, place, async () => {
        assert.equal(++inside, 1);
        await new Promise((resolve) => setTimeout(resolve, 2));
        order.push(at);
        inside--;
      }, { timeout: 10_000 })));
    assert.deepEqual(order, Array.from({ length: 20 }, (_, at) => at));
    assert.deepEqual(await folder.modes(), { "lock.sqlite": "600" });
  },
});

Deno.test({
  name: "after a caller gives up, the next one still waits for the holder",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const place = { path: folder.at("lock.sqlite"), directory: folder.path };
    const events: string[] = [];
    const { promise: release, resolve: leave } = Promise.withResolvers<void>();
    const lock = (name: string, timeout: number, signal?: AbortSignal) =>
      withLock(runtime, place, () => Promise.resolve(void events.push(name)), { timeout, signal });
    const first = withLock(runtime, place, async () => {
      await release;
      events.push("first");
    }, { timeout: 1000 });
    const stop = new AbortController();
    const second = lock("second", 50);
    const third = lock("third", 10_000, stop.signal);
    const fourth = lock("fourth", 10_000);
    await assert.rejects(second, (error: AuthError) => error.code === "store_locked");
    stop.abort();
    await assert.rejects(third, (error: AuthError) => error.code === "aborted");
    leave();
    await Promise.all([first, fourth]);
    assert.deepEqual(events, ["first", "fourth"]);
    await assert.rejects(
      lock("never", 1000, AbortSignal.abort()),
      (error: AuthError) => error.code === "aborted",
    );
    await assert.rejects(
      withLock(runtime, place, () => Promise.reject(new RangeError("mine")), { timeout: 1000 }),
      RangeError,
    );
    await lock("after an error", 1000);
  },
});

Deno.test({
  name: "waiting for another process ends at once if aborted, and the event loop keeps running",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const other = await holder(folder, DENO, 60_000);
    const runtime = await currentRuntime();
    const path = folder.at("onecell", "lock.sqlite");
    const started = performance.now();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    const waiting = withLock(
      runtime,
      { path, directory: folder.path },
      () => Promise.resolve(),
      { timeout: 30_000, signal: AbortSignal.timeout(300) },
    );
    await assert.rejects(waiting, (error: AuthError) => error.code === "timeout");
    clearInterval(timer);
    other.signal("SIGKILL");
    await other.end();
    assert.ok(performance.now() - started < 1000);
    assert.ok(ticks > 10, `${ticks} ticks`);
  },
});

Deno.test({
  name: "a lock that is not a file is refused, and a loose mode is tightened",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const lock = (name: string) =>
      withLock(
        runtime,
        { path: folder.at(name), directory: folder.path },
        () => Promise.resolve(),
        { timeout: 1000 },
      );
    await Deno.symlink(folder.at("target"), folder.at("link"));
    await Deno.mkdir(folder.at("folder"));
    for (const name of ["link", "folder"]) {
      await assert.rejects(lock(name), (error: AuthError) => {
        assert.match(error.message, new RegExp(folder.at(name)));
        return error.code === "store_unavailable";
      });
    }
    await Deno.writeTextFile(folder.at("loose"), "");
    await Deno.chmod(folder.at("loose"), 0o644);
    await lock("loose");
    const modes = await folder.modes();
    assert.equal(modes["loose"], "600");
    assert.equal(modes["target"], undefined);
    await Deno.writeTextFile(folder.at("damaged"), "not a database, but long enough ".repeat(99));
    await assert.rejects(
      lock("damaged"),
      (error: AuthError) => error.code === "store_unavailable",
    );
  },
});

Deno.test({
  name: "Node shows no warning about SQLite, but still shows others",
  ...STRICT,
  async fn() {
    const node = await findRuntime("node");
    if (!node) return;
    await using folder = await TestFolder.make();
    const args = node.args.filter((arg) => !arg.startsWith("--disable-warning"));
    const worker = new WorkerProcess(WORKER, ["lock", folder.path, 1000], {
      runtime: {
        ...node,
        args: [...args, "--import", "data:text/javascript,process.emitWarning('mine')"],
      },
    });
    assert.equal((await worker.answer<Locked>()).code, undefined);
    const errors = await worker.errors();
    assert.doesNotMatch(errors, /SQLite/);
    assert.match(errors, /mine/);
  },
});

Deno.test({
  name: "no handle of a lock stays open, however the wait or the work ends",
  ...STRICT,
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const place = { path: folder.at("onecell", "lock.sqlite"), directory: folder.path };
    const open = async () => {
      let count = 0;
      for await (const { name } of Deno.readDir("/proc/self/fd")) {
        const target = await Deno.readLink(`/proc/self/fd/${name}`).catch(() => "");
        if (target.startsWith(folder.path)) count++;
      }
      return count;
    };
    const other = await holder(folder, DENO, 60_000);
    const lock = (timeout: number, signal?: AbortSignal) =>
      withLock(runtime, place, () => Promise.reject(new RangeError("mine")), { timeout, signal });
    await assert.rejects(lock(60));
    await assert.rejects(lock(5000, AbortSignal.timeout(60)));
    assert.equal(await open(), 0, "after a wait in vain");
    other.signal("SIGKILL");
    await other.end();
    await assert.rejects(lock(5000), RangeError);
    assert.equal(await open(), 0, "after work that failed");
    await Deno.writeTextFile(place.path, "not a database, but long enough ".repeat(99));
    await assert.rejects(lock(5000), (error: AuthError) => error.code === "store_unavailable");
    assert.equal(await open(), 0, "after a damaged lock file");
  },
});
