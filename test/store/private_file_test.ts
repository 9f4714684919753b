import assert from "node:assert/strict";
import { currentRuntime } from "../../src/runtime/current.ts";
import { denoFiles } from "../../src/runtime/deno.ts";
import { MAXIMUM_BYTES } from "../../src/runtime/error_kind.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  createPrivateFile,
  removePrivateFile,
  setAside,
  sweepTemporaryFiles,
  writePrivateFile,
} from "../../src/store/private_file.ts";
import { TestFolder } from "../support/folder.ts";
import { STRICT } from "../support/long.ts";
import { allRuntimes } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const WORKER = new URL("worker.ts", import.meta.url);
const UMASKS = ["000", "022", "077"];

function withUmask(umask: string): string[] {
  return ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"];
}

Deno.test({
  name: "row 13: with any umask, files are 0600 and new folders 0700",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      for (const umask of UMASKS) {
        await using folder = await TestFolder.make();
        await Deno.mkdir(folder.at("there"));
        await Deno.chmod(folder.at("there"), 0o755);
        const through = withUmask(umask);
        const place = folder.at("there", "new", "newer");
        const worker = new WorkerProcess(WORKER, ["update and save", place], { runtime, through });
        assert.deepEqual(await worker.answer(), { kept: null });
        const modes = Object.entries(await folder.modes());
        for (const [name, mode] of modes) {
          const wanted = name === "there" ? "755" : /\.(json|sqlite)$|_/.test(name) ? "600" : "700";
          assert.equal(mode, wanted, `${name} under ${runtime.name} with umask ${umask}`);
        }
        assert.equal(modes.length, 8, JSON.stringify(modes));
      }
    }
  },
});

Deno.test({
  name: "row 13: a file of ours that others can read gets a stricter mode",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      await using folder = await TestFolder.make();
      const run = () =>
        new WorkerProcess(WORKER, ["update", folder.path, 1, true, 0], { runtime }).answer();
      await run();
      for await (const { name } of Deno.readDir(folder.at("onecell"))) {
        await Deno.chmod(folder.at("onecell", name), 0o644);
      }
      await Deno.chmod(folder.at("onecell"), 0o755);
      await run();
      const { onecell, ...files } = await folder.modes();
      assert.equal(onecell, "755"); // it existed before
      assert.deepEqual(new Set(Object.values(files)), new Set(["600"]));
    }
  },
});

Deno.test({
  name: "row 14: a symlink at the temporary name is never followed",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const real = await currentRuntime();
    await Deno.writeTextFile(folder.at("target"), "somebody's");
    let planted = 0;
    const createPrivate: Runtime["files"]["createPrivate"] = async (path, mode) => {
      // Nobody can know the name. The test plants a link as if somebody did.
      if (planted++ === 0) await Deno.symlink(folder.at("target"), path);
      return await real.files.createPrivate(path, mode);
    };
    const runtime = { ...real, files: { ...real.files, createPrivate } };
    await assert.rejects(
      writePrivateFile(runtime, folder.at("file"), "secret"),
      (error) => real.errorKind(error) === "exists",
    );
    assert.equal(await Deno.readTextFile(folder.at("target")), "somebody's");
    await writePrivateFile(runtime, folder.at("file"), "secret");
    assert.equal(await Deno.readTextFile(folder.at("file")), "secret");
  },
});

Deno.test({
  name: "row 14: a symlinked file is not read, and a write replaces the link",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const file = folder.at("file");
    await Deno.writeTextFile(folder.at("target"), "somebody's", { mode: 0o644 });
    await Deno.symlink(folder.at("target"), file);
    assert.throws(
      () => runtime.files.readTextNoFollow(file),
      (error) => runtime.errorKind(error) === "symlink",
    );
    await writePrivateFile(runtime, file, "ours");
    assert.equal(runtime.files.readTextNoFollow(file), "ours");
    assert.equal((await Deno.lstat(file)).isSymlink, false);
    assert.equal(await Deno.readTextFile(folder.at("target")), "somebody's");
    assert.equal((await folder.modes())["target"], "644");
  },
});

Deno.test({
  name: "reading accepts only plain text files of a reasonable size",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const kind = (name: string) => {
      try {
        return runtime.files.readTextNoFollow(folder.at(name))?.length ?? null;
      } catch (error) {
        return runtime.errorKind(error);
      }
    };
    await Deno.writeTextFile(folder.at("large"), "x".repeat(MAXIMUM_BYTES + 1));
    await Deno.writeTextFile(folder.at("largest"), "x".repeat(MAXIMUM_BYTES));
    await Deno.writeFile(folder.at("binary"), new Uint8Array([0xff, 0xfe, 0x00]));
    await Deno.writeTextFile(folder.at("marked"), "\ufeffabc");
    await Deno.writeTextFile(folder.at("empty"), "");
    await Deno.mkdir(folder.at("folder"));
    await new Deno.Command("mkfifo", { args: [folder.at("pipe")] }).output();
    assert.equal(kind("missing"), null);
    assert.equal(kind("large"), "not_text");
    assert.equal(kind("largest"), MAXIMUM_BYTES);
    assert.equal(kind("binary"), "not_text");
    assert.equal(kind("marked"), 3);
    assert.equal(kind("empty"), 0);
    assert.equal(kind("folder"), "not_text");
    assert.equal(kind("pipe"), "not_text");
  },
});

Deno.test({
  name: "row 12: if any step of a write fails, the old file is whole and nothing is left behind",
  ...STRICT,
  async fn() {
    const real = await currentRuntime();
    for (const step of ["write", "sync", "rename"]) {
      await using folder = await TestFolder.make();
      await writePrivateFile(real, folder.at("file"), "old");
      const full = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
      const files = {
        ...real.files,
        async createPrivate(path: string, mode: number) {
          const handle = await real.files.createPrivate(path, mode);
          const write = async (bytes: Uint8Array) => {
            await handle.write(bytes.subarray(0, 2));
            return full();
          };
          return {
            write: step === "write" ? write : handle.write,
            sync: step === "sync" ? full : handle.sync,
            close: () => handle.close(),
          };
        },
        ...(step === "rename" ? { rename: full } : {}),
      };
      await assert.rejects(
        writePrivateFile({ ...real, files }, folder.at("file"), "new one"),
        (error) => real.errorKind(error) === "no_space",
      );
      assert.equal(real.files.readTextNoFollow(folder.at("file")), "old");
      assert.deepEqual(Object.keys(await folder.modes()), ["file"], step);
    }
  },
});

Deno.test({
  name: "a writer whose temporary file was removed writes again; readers on Windows are waited for",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const real = await currentRuntime();
    let tries = 0;
    const swept = {
      ...real.files,
      async rename(from: string, to: string) {
        if (++tries < 3) await sweepTemporaryFiles(real, folder.path);
        await real.files.rename(from, to);
      },
    };
    await writePrivateFile({ ...real, files: swept }, folder.at("file"), "one");
    assert.equal(tries, 3);
    tries = 0;
    const open = {
      ...real.files,
      async rename(from: string, to: string) {
        if (++tries < 3) throw Object.assign(new Error("open"), { code: "EPERM" });
        await real.files.rename(from, to);
      },
    };
    // Only the behaviour is that of Windows. The separator is still this system's.
    const file = folder.at("file");
    await assert.rejects(writePrivateFile({ ...real, files: open }, file, "two"));
    tries = 0;
    await writePrivateFile({ ...real, files: open, platform: "windows" }, file, "two");
    assert.equal(tries, 3);
    assert.equal(real.files.readTextNoFollow(file), "two");
  },
});

Deno.test({
  name: "setting aside keeps the contents private, and removing reports if there was a file",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    await Deno.writeTextFile(folder.at("file"), "half", { mode: 0o644 });
    const aside = await setAside(runtime, folder.at("file"));
    assert.match(aside, /\/file\.damaged-[0-9TZ-]+$/);
    assert.equal(await Deno.readTextFile(aside), "half");
    assert.deepEqual(Object.values(await folder.modes()), ["600"]);
    await createPrivateFile(runtime, folder.at("one"), new Uint8Array(3));
    await assert.rejects(
      createPrivateFile(runtime, folder.at("one"), new Uint8Array(4)),
      (error) => runtime.errorKind(error) === "exists",
    );
    assert.equal((await Deno.stat(folder.at("one"))).size, 3);
    assert.equal(await removePrivateFile(runtime, folder.at("one")), true);
    assert.equal(await removePrivateFile(runtime, folder.at("one")), false);
  },
});

Deno.test({
  name: "a power cut loses nothing: bytes, then the name, then the folder are flushed",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const real = await currentRuntime();
    const log: string[] = [];
    const files: Runtime["files"] = {
      ...real.files,
      async createPrivate(path, mode) {
        const handle = await real.files.createPrivate(path, mode);
        return {
          write: (bytes) => (log.push("write"), handle.write(bytes)),
          sync: () => (log.push("sync"), handle.sync()),
          close: () => (log.push("close"), handle.close()),
        };
      },
      rename: (from, to) => (log.push("rename"), real.files.rename(from, to)),
      syncDirectory: (path) => (log.push(`sync ${path}`), real.files.syncDirectory(path)),
    };
    await writePrivateFile({ ...real, files }, folder.at("file"), "text");
    assert.deepEqual(log, ["write", "sync", "close", "rename", `sync ${folder.path}`]);
  },
});

Deno.test({
  name: "a umask that removes the owner's own rights has no effect",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const umask = Deno.umask(0o777);
    try {
      await (await runtime.files.createPrivate(folder.at("file"), 0o600)).close();
    } finally {
      Deno.umask(umask);
    }
    assert.deepEqual(await folder.modes(), { file: "600" });
  },
});

Deno.test({
  name: "a file that is replaced by a link between two checks is not read",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const path = folder.at("file");
    await Deno.writeTextFile(path, "ours");
    await Deno.writeTextFile(folder.at("target"), "somebody's");
    const openSync: typeof Deno.openSync = (at, options) => {
      Deno.removeSync(path);
      Deno.symlinkSync(folder.at("target"), path);
      return Deno.openSync(at, options);
    };
    const deno = new Proxy(Deno, {
      get: (target, name) => name === "openSync" ? openSync : Reflect.get(target, name),
    });
    assert.throws(
      () => denoFiles(deno as unknown as Parameters<typeof denoFiles>[0]).readTextNoFollow(path),
      { code: "ELOOP" },
    );
  },
});
