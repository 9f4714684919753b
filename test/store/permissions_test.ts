import assert from "node:assert/strict";
import { TestFolder } from "../support/folder.ts";
import { STRICT } from "../support/long.ts";
import { DENO, type TestRuntime } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const WORKER = new URL("worker.ts", import.meta.url);

/** Deno with some flags and nothing else. */
function denoWith(...flags: string[]): TestRuntime {
  return { ...DENO, args: ["run", "--quiet", "--no-lock", "--no-prompt", ...flags] };
}

interface Outcome {
  code?: string;
  message?: string;
  value?: unknown;
}

Deno.test({
  name: "read and write access to the application's folder is all the store needs of Deno",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const at = folder.at("app");
    const runtime = denoWith(`--allow-read=${at}`, `--allow-write=${at}`);
    const run = (...args: unknown[]) => new WorkerProcess(WORKER, args, { runtime }).answer();
    assert.deepEqual(await run("update", at, 2, true, 0), { done: 2 });
    assert.equal((await run("save", at, { a: 1 }) as Outcome).value, null);
    assert.equal((await run("remove", at) as Outcome).value, true);
  },
});

Deno.test({
  name: "a missing flag is named, as narrow as possible, and memory is used meanwhile",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const at = folder.at("app");
    for (const [given, missing] of [["read", "write"], ["write", "read"]] as const) {
      const runtime = denoWith(`--allow-${given}=${at}`);
      const worker = new WorkerProcess(WORKER, ["refused", at, 5], { runtime });
      const { locked, written, after } = await worker.answer<
        { locked: Outcome; written: Outcome; after: number }
      >();
      for (const outcome of [locked, written]) {
        assert.equal(outcome.code, "permission_denied");
        assert.ok(outcome.message?.includes(`without --allow-${missing}=${at}.`), outcome.message);
      }
      assert.equal(after, 5);
    }
    const find = ["find", at, { directory: "x", files: ["app_credentials"], override: at }];
    const { code, message } = await new WorkerProcess(WORKER, find, { runtime: denoWith() })
      .answer<Outcome>();
    assert.equal(code, "permission_denied");
    assert.ok(message?.includes(`--allow-read=${at}.`), message);
    // The environment cannot be read, which is like having no home.
    const homeless = ["find", at, { directory: "x", files: ["app_credentials"] }];
    const worker = new WorkerProcess(WORKER, homeless, { runtime: denoWith() });
    assert.equal((await worker.answer<Outcome>()).value, null);
  },
});
