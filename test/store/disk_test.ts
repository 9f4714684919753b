import assert from "node:assert/strict";
import { currentRuntime } from "../../src/runtime/current.ts";
import { openTokenStore } from "../support/store.ts";
import { TestFolder } from "../support/folder.ts";
import { report, STRICT, unlessBusy } from "../support/long.ts";
import { allRuntimes, skip } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { KEY, testToken } from "./token.ts";

const WORKER = new URL("worker.ts", import.meta.url);

interface Outcome {
  code?: string;
  message?: string;
  took: number;
}

/** The worker's report for `refused`. */
interface Refused {
  before: number | null;
  locked: Outcome;
  written: Outcome;
  after: number | null;
}

/** The worker's report for `fill`. */
interface Filled {
  full: Outcome;
  written: Outcome;
  memory: number;
  disk: number;
  names: string[];
}

async function succeeds([program = "", ...args]: string[]): Promise<boolean> {
  const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
  return await new Deno.Command(program, { args, ...quiet }).output()
    .then(({ success }) => success, () => false);
}

/** Starts a program after a shell command that mounts something only this program sees. */
type Mounting = (mount: string) => string[];

/** How to mount. If that is not allowed: `null`, with a line that says why. */
async function mounting(what: string): Promise<Mounting | null> {
  const ids = [`--reuid=${Deno.uid()}`, `--regid=${Deno.gid()}`, "--clear-groups"];
  for (
    const [unshare, user] of [
      [["unshare", "-m"], []],
      [["unshare", "-rm"], []],
      [["sudo", "-nE", "unshare", "-m"], ["setpriv", ...ids, "--"]],
    ] as const
  ) {
    if (await succeeds([...unshare, "mount", "-t", "tmpfs", "none", "/mnt"])) {
      return (mount) => [...unshare, "sh", "-c", `${mount} && exec "$@"`, "sh", ...user];
    }
  }
  skip(what, "mounting is not permitted here");
  return null;
}

/** How to start a program that is bound by file modes. If impossible: `null`, with a line that says why. */
async function withoutRoot(what: string): Promise<string[] | null> {
  if (Deno.uid() !== 0) return [];
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
  if (await succeeds([...nobody, "cat", WORKER.pathname])) return nobody;
  skip(what, "root may write everywhere, and nobody else can read the tests");
  return null;
}

Deno.test({
  name: "row 12: on a full disk a write fails half way, and the old file stays whole",
  ...STRICT,
  async fn() {
    const mounted = await mounting("a full disk");
    if (!mounted) return;
    for (const runtime of await allRuntimes()) {
      await using folder = await TestFolder.make();
      const through: string[] = mounted(`mount -t tmpfs -o size=160k,mode=777 none ${folder.path}`);
      const worker: WorkerProcess = new WorkerProcess(WORKER, ["fill", folder.path], {
        runtime,
        through,
      });
      const { full, written, memory, disk, names } = await worker.answer<Filled>();
      assert.equal(full.code, "ENOSPC", runtime.name);
      assert.equal(written.code, "store_unavailable");
      assert.match(written.message ?? "", /the disk is full/);
      assert.deepEqual([memory, disk], [2, 1], "memory has the new token, the disk the old one");
      assert.deepEqual(names.filter((name) => name.endsWith(".tmp")), []);
      assert.equal(names.length, 2);
      report(`${runtime.name}: full disk reported after ${written.took.toFixed(1)} ms`);
    }
  },
});

Deno.test({
  name: "row 12: a file size limit half way through a write leaves the old file whole",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      await using folder = await TestFolder.make();
      const store = openTokenStore(await currentRuntime(), folder.path, "disk");
      await store.write(KEY, testToken(1));
      // If the signal is ignored, writing fails. Otherwise it may end a runtime in the middle of a write.
      for (const signal of ["ignored", "default"]) {
        const limit = `${signal === "ignored" ? "trap '' XFSZ;" : ""} ulimit -f 64; exec "$@"`;
        const args = ["write", folder.path, 2, { refresh_token: "x".repeat(100_000) }];
        const worker = new WorkerProcess(WORKER, args, {
          runtime,
          through: ["sh", "-c", limit, "sh"],
        });
        const [written] = await worker.rest<Outcome>();
        const ended = await worker.end();
        if (written || signal === "ignored") {
          assert.equal(written?.code, "store_unavailable", await worker.errors());
        } else assert.equal(ended.signal, "SIGXFSZ");
        report(`${runtime.name}, signal ${signal}: ${written?.code ?? ended.signal}`);
        assert.equal((await store.read(KEY))?.obtained_at, 1);
      }
      // The next write removes the leftover of the process that was ended.
      await store.exclusive(KEY, () => store.write(KEY, testToken(3)), { timeout: 1000 });
      const names = Object.keys(await folder.modes()).filter((name) => name.endsWith(".tmp"));
      assert.deepEqual(names, []);
    }
  },
});

/** Checks what a session does if the disk refuses. */
function assertRefused(refused: Refused, before: number | null, name: string, words: RegExp): void {
  assert.equal(refused.before, before, name);
  for (const outcome of [refused.locked, refused.written]) {
    assert.equal(outcome.code, "store_unavailable", `${name}: ${outcome.message}`);
    assert.match(outcome.message ?? "", words);
    assert.ok(outcome.took < 100, `${name}: ${outcome.took} ms`);
  }
  assert.equal(refused.after, 5, `${name}: the session does not work from memory`);
  report(
    `${name}: lock refused after ${refused.locked.took.toFixed(1)} ms, ` +
      `write after ${refused.written.took.toFixed(1)} ms`,
  );
}

Deno.test({
  name: "row 15: on a read-only disk the error is quick and the session works from memory",
  ...STRICT,
  fn: () =>
    unlessBusy(async () => {
      const mounted = await mounting("a read-only disk");
      if (!mounted) return;
      for (const runtime of await allRuntimes()) {
        for (const there of [false, true]) {
          await using folder = await TestFolder.make();
          if (there) {
            const store = openTokenStore(await currentRuntime(), folder.path, "disk");
            await store.exclusive(KEY, () => store.write(KEY, testToken(1)), { timeout: 1000 });
          }
          const at = folder.path;
          const through = mounted(`mount --bind ${at} ${at} && mount -o remount,ro,bind ${at}`);
          const worker = new WorkerProcess(WORKER, ["refused", at, 5], { runtime, through });
          const name = `${runtime.name}, read-only disk${there ? " with a token" : ""}`;
          const words = /read-?only/i;
          assertRefused(await worker.answer<Refused>(), there ? 1 : null, name, words);
        }
      }
    }),
});

Deno.test({
  name:
    "row 15: a folder that the user may not write to is named, and the session works from memory",
  ...STRICT,
  async fn() {
    const through = await withoutRoot("folders without permission");
    if (!through) return;
    for (const runtime of await allRuntimes()) {
      await using folder = await TestFolder.make();
      await using cache = await TestFolder.make();
      await Deno.mkdir(folder.at("forbidden"));
      await Deno.chmod(folder.path, 0o755);
      await Deno.chmod(cache.path, 0o777);
      await Deno.chmod(folder.at("forbidden"), 0o555);
      const worker = new WorkerProcess(WORKER, ["refused", folder.at("forbidden"), 5], {
        runtime,
        through,
        environment: { PATH: Deno.env.get("PATH") ?? "", HOME: cache.path, DENO_DIR: cache.path },
      });
      const refused = await worker.answer<Refused>();
      assertRefused(
        refused,
        null,
        `${runtime.name}, no permission`,
        /forbidden.*permission denied/,
      );
      await Deno.chmod(folder.at("forbidden"), 0o755);
    }
  },
});
