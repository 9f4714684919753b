import assert from "node:assert/strict";
import { currentRuntime } from "../../src/runtime/current.ts";
import { openTokenStore } from "../support/store.ts";
import { TestFolder } from "../support/folder.ts";
import { report, size, STRICT } from "../support/long.ts";
import { allRuntimes, DENO, findRuntime, type TestRuntime } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { KEY } from "./token.ts";

const WORKER = new URL("worker.ts", import.meta.url);
const PROCESSES = size(6, 50);
const UPDATES = size(6, 20);

/** Counts up in many processes at once. Returns the final count. */
async function countUp(runtimes: TestRuntime[], locked: boolean): Promise<number> {
  await using folder = await TestFolder.make();
  const start = Date.now() + size(700, 5000);
  const workers = Array.from(
    { length: PROCESSES },
    (_, at) =>
      new WorkerProcess(WORKER, ["update", folder.path, UPDATES, locked, start], {
        runtime: runtimes[at % runtimes.length] as TestRuntime,
      }),
  );
  for (const worker of workers) assert.deepEqual(await worker.answer(), { done: UPDATES });
  const token = await openTokenStore(await currentRuntime(), folder.path, "disk").read(KEY);
  return token?.obtained_at ?? 0;
}

const wanted = PROCESSES * UPDATES;

for (const name of ["deno", "node", "bun"] as const) {
  Deno.test({
    name: `row 1: updates of many ${name} processes are all kept`,
    ...STRICT,
    async fn() {
      const runtime = name === "deno" ? DENO : await findRuntime(name);
      if (!runtime) return;
      const started = performance.now();
      assert.equal(await countUp([runtime], true), wanted);
      report(`${name}: 0 of ${wanted} lost, ${Math.round(performance.now() - started)} ms`);
    },
  });
}

Deno.test({
  name: "row 2: updates of mixed runtimes are all kept",
  ...STRICT,
  async fn() {
    const runtimes = await allRuntimes();
    assert.equal(await countUp(runtimes, true), wanted);
    report(`${runtimes.map(({ name }) => name).join(", ")}: 0 of ${wanted} lost`);
  },
});

Deno.test({
  name: "row 3: without the lock more than half of the updates are lost",
  ...STRICT,
  async fn() {
    const kept = await countUp([DENO], false);
    assert.ok(kept < wanted / 2, `${kept} of ${wanted} kept: the other rows would prove nothing`);
    report(`without the lock: ${wanted - kept} of ${wanted} lost`);
  },
});
