import assert from "node:assert/strict";
import { currentRuntime } from "../../src/runtime/current.ts";
import { openTokenStore } from "../support/store.ts";
import { TestFolder } from "../support/folder.ts";
import { report, size, STRICT } from "../support/long.ts";
import { allRuntimes, type TestRuntime } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { KEY } from "./token.ts";

const WORKER = new URL("worker.ts", import.meta.url);
const LEFTOVER = /^\.onecell-.*\.tmp$/;

/** A counting worker's messages: before and after each update. */
type Said = { trying: number } | { done: number };

/** One of the places that workers count in. After a kill, another worker takes the place. */
interface Slot {
  /** The last update that was reported as written. */
  done: number;
  /** The last update that began. */
  trying: number;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Runs one worker after another in a slot, and kills each at some moment of its work. */
async function killInSlot(
  folder: TestFolder,
  slots: Slot[],
  at: number,
  runtimes: TestRuntime[],
  left: { kills: number },
): Promise<void> {
  const slot = slots[at] as Slot;
  for (let turn = at; left.kills > 0; turn++) {
    left.kills--;
    const runtime = runtimes[turn % runtimes.length] as TestRuntime;
    const worker = new WorkerProcess(WORKER, ["count", folder.path, at], { runtime });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const killWithin = (time: number) => {
      timer ??= setTimeout(() => worker.signal("SIGKILL"), Math.random() * time);
    };
    // Some during start or waiting, some in their first update, some after a few.
    const when = Math.random();
    if (when < 0.25) killWithin(600);
    for (let said = await worker.next<Said>(); said; said = await worker.next<Said>()) {
      killWithin(when < 0.6 ? 40 : 400);
      if ("trying" in said) {
        // A worker never goes back behind an update of its predecessor.
        assert.ok(said.trying > slot.done, `update ${slot.done} in slot ${at} is lost`);
        slot.trying = said.trying;
      } else slot.done = said.done;
    }
    clearTimeout(timer);
    await worker.end();
  }
}

Deno.test({
  name: "row 4: killing writers loses no update, and the file is always whole",
  ...STRICT,
  async fn() {
    const kills = size(36, 2000);
    await using folder = await TestFolder.make();
    const store = openTokenStore(await currentRuntime(), folder.path, "disk");
    const slots: Slot[] = Array.from({ length: size(6, 16) }, () => ({ done: 0, trying: 0 }));
    const runtimes = await allRuntimes();
    const left = { kills };
    let reads = 0;
    let running = true;
    const reader = (async () => {
      let last = 0;
      while (running) {
        const counter = (await store.read(KEY))?.obtained_at ?? 0;
        assert.ok(counter >= last, `the counter fell from ${last} to ${counter}`);
        last = counter;
        reads++;
        await pause(2);
      }
    })();
    await Promise.all(slots.map((_, at) => killInSlot(folder, slots, at, runtimes, left)));
    running = false;
    await reader;
    const token = await store.read(KEY);
    const written: Record<string, number> = JSON.parse(token?.scope ?? "{}");
    let total = 0;
    for (const [at, slot] of slots.entries()) {
      const count = written[at] ?? 0;
      assert.ok(count >= slot.done && count <= slot.trying, `slot ${at}: ${count}`);
      total += count;
    }
    assert.equal(token?.obtained_at, total);
    assert.ok(total > slots.length, "hardly anything was written");
    report(`${kills} kills, ${total} updates, 0 lost; ${reads} reads, all whole`);
  },
});

Deno.test({
  name: "rows 10 and 11: killed writes leave a whole file, and their leftovers are removed",
  ...STRICT,
  async fn() {
    const kills = size(18, 300);
    const runtimes = await allRuntimes();
    await using folder = await TestFolder.make();
    const file = folder.at("state");
    const next = { kill: 0 };
    const killer = async () => {
      while (next.kill < kills) {
        const runtime = runtimes[next.kill++ % runtimes.length] as TestRuntime;
        const worker = new WorkerProcess(WORKER, ["rewrite", folder.path], { runtime });
        await worker.next();
        await pause(Math.random() * 10);
        worker.signal("SIGKILL");
        await worker.end();
        const text = await Deno.readTextFile(file);
        assert.equal(text.length, 4096);
        assert.match(text, /^([a-z])\1*$/);
      }
    };
    // Two at a time, so that their leftovers are in one folder.
    await Promise.all([killer(), killer()]);
    const { mode } = await Deno.stat(file);
    assert.equal((mode ?? 0) & 0o777, 0o600);

    // The store of this folder, so that the leftovers are beside its tokens.
    const ours = folder.at("onecell");
    await Deno.mkdir(ours, { mode: 0o700 });
    let leftovers = 0;
    for await (const { name } of Deno.readDir(folder.path)) {
      if (!LEFTOVER.test(name)) continue;
      leftovers++;
      await Deno.rename(folder.at(name), `${ours}/${name}`);
    }
    assert.ok(leftovers > 0, "no write was interrupted");
    report(`${kills} kills during writes: 0 torn or empty, ${leftovers} temporary files left`);

    await Deno.writeTextFile(`${ours}/.onecell-not-ours.tmp`, "somebody's");
    const [writer] = runtimes as [TestRuntime];
    const update = new WorkerProcess(WORKER, ["update", folder.path, 1, true, 0], {
      runtime: writer,
    });
    assert.deepEqual(await update.answer(), { done: 1 });
    const names = Object.keys(await folder.modes()).filter((name) => name.includes(".tmp"));
    assert.deepEqual(names, ["onecell/.onecell-not-ours.tmp"]);
  },
});
