import assert from "node:assert/strict";
import type { AuthError } from "../../src/errors.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  credentialsPath,
  findCredentials,
  readCredentials,
} from "../../src/store/credentials_file.ts";
import { forgetCredentials, writeCredentials } from "../../src/store/write_credentials.ts";
import { rejects } from "../support/rejects.ts";
import { TestFolder } from "../support/folder.ts";
import { STRICT } from "../support/long.ts";
import { allRuntimes } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const WORKER = new URL("worker.ts", import.meta.url);
const FILES = ["app_credentials", "app_credentials.json"];
const SECRET = "do-not-show-this";

/** This runtime, with the test's own home. */
async function atHome(home: string): Promise<Runtime> {
  const real = await currentRuntime();
  return { ...real, getEnvironment: () => undefined, homeDirectory: () => home };
}

async function plant(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.writeTextFile(path, text);
}

function hasCode(code: string, ...parts: string[]): (error: AuthError) => boolean {
  return (error) => {
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.ok(error.message.includes(part), error.message);
    assert.ok(!JSON.stringify([error.message, error.stack, error.cause]).includes(SECRET));
    return true;
  };
}

Deno.test({
  name: "credentials are found under every name, in order",
  ...STRICT,
  async fn() {
    await using home = await TestFolder.make();
    const runtime = await atHome(home.path);
    const place = { directory: "spatiafi", files: FILES };
    assert.equal(await findCredentials(runtime, place), null);
    const folder = home.at(".config", "spatiafi");
    await plant(`${folder}/app_credentials.json`, '{"client_id": "second"}');
    assert.deepEqual(await findCredentials(runtime, place), {
      path: `${folder}/app_credentials.json`,
      values: { client_id: "second" },
    });
    await plant(`${folder}/app_credentials`, '\ufeff{"client_id": "first", "n": 1}\r\n');
    assert.deepEqual((await findCredentials(runtime, place))?.values, {
      client_id: "first",
      n: 1,
    });
    assert.equal(credentialsPath(runtime, place), `${folder}/app_credentials`);
    await plant(home.at("mine", "app_credentials"), '{"client_id": "mine"}');
    const mine = await findCredentials(runtime, { ...place, override: home.at("mine") });
    assert.equal(mine?.values["client_id"], "mine");
    assert.equal(await findCredentials(runtime, { ...place, override: home.at("none") }), null);
  },
});

Deno.test({
  name: "on macOS credentials are found in the folder of every platformdirs version",
  ...STRICT,
  async fn() {
    await using home = await TestFolder.make();
    const real = await atHome(home.path);
    const runtime: Runtime = {
      ...real,
      platform: "darwin",
      getEnvironment: (name) => name === "XDG_CONFIG_HOME" ? home.at("xdg") : undefined,
    };
    const place = { directory: "spatiafi", files: FILES };
    const old = home.at("Library", "Application Support", "spatiafi", "app_credentials");
    await plant(old, '{"client_id": "old"}');
    assert.equal((await findCredentials(runtime, place))?.path, old);
    assert.equal(credentialsPath(runtime, place), home.at("xdg", "spatiafi", "app_credentials"));
  },
});

Deno.test({
  name: "row 16: a damaged credentials file is named in the error and stays unchanged",
  ...STRICT,
  async fn() {
    const damages = {
      "empty": "",
      "cut short": `{"client_id": "a", "client_secret": "${SECRET}`,
      "not JSON": `client_secret=${SECRET}`,
      "a list": `["${SECRET}"]`,
      "a text": `"${SECRET}"`,
      "null": "null",
      "binary": "\u0000\ud800",
      "too large": `{"a": "${"x".repeat(1_000_000)}"}`,
    };
    for (const [name, text] of Object.entries(damages)) {
      await using folder = await TestFolder.make();
      const runtime = await currentRuntime();
      const path = folder.at("app_credentials");
      await Deno.writeTextFile(path, text, { mode: 0o640 });
      const place = { directory: "x", files: FILES, override: folder.path };
      const before = await Deno.readFile(path);
      const refused = hasCode("credentials_damaged", path);
      await assert.rejects(findCredentials(runtime, place), refused, name);
      await assert.rejects(writeCredentials(runtime, path, { a: 1 }), refused, name);
      assert.deepEqual(await Deno.readFile(path), before);
      assert.equal((await folder.modes())["app_credentials"], "640");
    }
  },
});

Deno.test({
  name: "row 14: a link to credentials is followed to a plain file of this user, and stays a link",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      await using folder = await TestFolder.make();
      const place = { directory: "x", files: FILES, override: folder.at("app") };
      const run = (...args: unknown[]) =>
        new WorkerProcess(WORKER, args, { runtime })
          .answer<{ code?: string; message: string; value?: { values: unknown } }>();
      // As Kubernetes mounts a secret: two links, the second one to a folder that is replaced.
      await plant(folder.at("app", "..2026", "app_credentials"), '{"client_id": "from-a-link"}');
      await Deno.symlink("..2026", folder.at("app", "..data"));
      await Deno.symlink("..data/app_credentials", folder.at("app", "app_credentials"));
      const found = await run("find", folder.at("app"), place);
      assert.deepEqual(found.value?.values, { client_id: "from-a-link" }, found.message);
      // As stow and chezmoi set it up: the target is overwritten.
      const saved = await run("save", folder.at("app"), { client_id: "saved" });
      assert.equal(saved.code, undefined, saved.message);
      assert((await Deno.lstat(folder.at("app", "app_credentials"))).isSymlink);
      const target = folder.at("app", "..2026", "app_credentials");
      assert.deepEqual(JSON.parse(await Deno.readTextFile(target)), { client_id: "saved" });
      assert.equal(((await Deno.stat(target)).mode ?? 0) & 0o777, 0o600);
      // Own attack on trust 13: a writer that is killed leaves its file beside the target.
      const left = folder.at("app", "..2026", `.onecell-${"0".repeat(32)}.tmp`);
      await Deno.writeTextFile(left, "a secret");
      await run("save", folder.at("app"), { client_id: "saved again" });
      await assert.rejects(Deno.lstat(left), Deno.errors.NotFound);
      await Deno.writeTextFile(left, "a secret");
      // Forgetting removes the secret, not only its link.
      await forgetCredentials(await currentRuntime(), place);
      await assert.rejects(Deno.stat(target), Deno.errors.NotFound);
      await assert.rejects(Deno.lstat(left), Deno.errors.NotFound);
    }
  },
});

Deno.test({
  name:
    "row 14: a link that is broken, circular, or leads to a folder or another's file is refused",
  ...STRICT,
  async fn() {
    const runtime = await currentRuntime();
    const targets: Record<string, (folder: TestFolder) => Promise<unknown>> = {
      "nowhere": () => Promise.resolve(),
      "a circle": (folder) => Deno.symlink(folder.at("app_credentials"), folder.at("target")),
      "a folder": (folder) => Deno.mkdir(folder.at("target")),
      "a file others write to": async (folder) => {
        await Deno.writeTextFile(folder.at("target"), `{"client_secret": "${SECRET}"}`);
        await Deno.chmod(folder.at("target"), 0o666);
      },
      "a file that is no JSON": (folder) => Deno.writeTextFile(folder.at("target"), SECRET),
    };
    for (const [name, make] of Object.entries(targets)) {
      await using folder = await TestFolder.make();
      await make(folder);
      await Deno.symlink(folder.at("target"), folder.at("app_credentials"));
      const place = { directory: "x", files: FILES, override: folder.path };
      const path = folder.at("app_credentials");
      for (const action of [findCredentials(runtime, place), writeCredentials(runtime, path, {})]) {
        const refused = hasCode("credentials_damaged", path, "symbolic link");
        await assert.rejects(action, refused, name);
      }
    }
  },
});

Deno.test({
  name: "credentials that belong to another user, or that others can change, are refused as in ssh",
  ...STRICT,
  async fn() {
    const real = await currentRuntime();
    const good = '{"client_id": "a"}';
    for (
      const [name, mode, user, refused] of [
        ["private", 0o600, undefined, false],
        ["readable", 0o644, undefined, false],
        ["writable by the group", 0o660, undefined, true],
        ["writable by all", 0o602, undefined, true],
        ["another's", 0o600, 4711, true],
      ] as const
    ) {
      await using folder = await TestFolder.make();
      const place = { directory: "x", files: FILES, override: folder.path };
      const path = folder.at("app_credentials");
      await Deno.writeTextFile(path, good);
      await Deno.chmod(path, mode);
      const files: Runtime["files"] = {
        ...real.files,
        // Root may use everybody's files, so another user's ID stands for another user.
        readTextNoFollow: (at, limit, guard) =>
          real.files.readTextNoFollow(
            at,
            limit,
            guard && ((status) => guard(user === undefined ? status : { ...status, owner: user })),
          ),
      };
      const finding = findCredentials({ ...real, files }, place);
      if (refused) await assert.rejects(finding, hasCode("credentials_damaged", path), name);
      else assert.deepEqual((await finding)?.values, { client_id: "a" }, name);
    }
  },
});

Deno.test({
  name: "a disk without modes or owners shows every file alike, so its values are ignored",
  ...STRICT,
  async fn() {
    const real = await currentRuntime();
    await using folder = await TestFolder.make();
    const place = { directory: "x", files: FILES, override: folder.path };
    await Deno.writeTextFile(folder.at("app_credentials"), '{"client_id": "a"}');
    const alike = { mode: 0o777, owner: 4711 };
    const files: Runtime["files"] = {
      ...real.files,
      status: async (path) => {
        const status = await real.files.status(path);
        return status && { ...status, ...alike };
      },
      readTextNoFollow: (at, limit, guard) =>
        real.files.readTextNoFollow(at, limit, guard && ((it) => guard({ ...it, ...alike }))),
    };
    const found = await findCredentials({ ...real, files }, place);
    assert.deepEqual(found?.values, { client_id: "a" });
    assert.deepEqual(Object.keys(await folder.modes()), ["app_credentials"]);
  },
});

Deno.test({
  name: "UTF-16 is named in the error; a byte order mark and line ends do no harm",
  ...STRICT,
  async fn() {
    const runtime = await currentRuntime();
    await using folder = await TestFolder.make();
    const place = { directory: "x", files: FILES, override: folder.path };
    const text = '{"client_id": "a"}\r\n';
    const utf16 = (little: boolean, mark: boolean) => {
      const units = Array.from((mark ? "\ufeff" : "") + text, (letter) => letter.charCodeAt(0));
      return Uint8Array.from(units.flatMap((unit) => {
        const bytes = [unit & 0xff, unit >> 8];
        return little ? bytes : bytes.reverse();
      }));
    };
    for (const [little, mark] of [[true, true], [false, true], [true, false], [false, false]]) {
      await Deno.writeFile(folder.at("app_credentials"), utf16(little as boolean, mark as boolean));
      await assert.rejects(
        findCredentials(runtime, place),
        hasCode("credentials_damaged", "UTF-16", "UTF-8"),
      );
    }
    await Deno.writeTextFile(folder.at("app_credentials"), `\ufeff${text}\n`);
    assert.deepEqual((await findCredentials(runtime, place))?.values, { client_id: "a" });
  },
});

Deno.test({
  name: "trust 13: five earlier credentials are kept; a failed write leaves none",
  ...STRICT,
  async fn() {
    const real = await currentRuntime();
    await using folder = await TestFolder.make();
    const path = folder.at("app_credentials");
    for (let count = 1; count <= 30; count++) await writeCredentials(real, path, { a: count });
    const backups = async () =>
      Object.keys(await folder.modes()).filter((name) => name.includes("backup")).sort();
    assert.deepEqual(
      await backups(),
      [25, 26, 27, 28, 29].map((at) => `app_credentials.backup-${at}`),
    );
    assert.deepEqual(await readCredentials(real, `${path}.backup-29`), { a: 29 });
    // The file was mounted by itself, so it cannot be replaced.
    const busy = () => Promise.reject(Object.assign(new Error("busy"), { code: "EBUSY" }));
    const mounted = { ...real, files: { ...real.files, rename: busy } };
    await rejects(
      writeCredentials(mounted, path, { a: 0 }),
      "store_unavailable",
      /Mount its folder/,
    );
    assert.equal((await backups()).length, 5);
    assert.deepEqual(await readCredentials(real, path), { a: 30 });
    // A killed writer's file holds a secret, so forgetting removes it too.
    await Deno.writeTextFile(folder.at(`.onecell-${"0b".repeat(16)}.tmp`), SECRET);
    const place = { directory: "x", files: ["app_credentials"], override: folder.path };
    assert.equal((await forgetCredentials(real, place)).length, 6);
    assert.deepEqual(Object.keys(await folder.modes()).filter((name) => /cred|tmp/.test(name)), [
      "onecell/credentials.sqlite",
    ]);
  },
});

Deno.test({
  name: "saving keeps the earlier file, and returns its path",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const path = folder.at("app_credentials");
    assert.equal(await writeCredentials(runtime, path, { client_secret: "1" }), null);
    assert.equal(await writeCredentials(runtime, path, { client_secret: "1" }), null);
    assert.equal(await writeCredentials(runtime, path, { client_secret: "2" }), `${path}.backup-1`);
    assert.equal(await writeCredentials(runtime, path, { client_secret: "3" }), `${path}.backup-2`);
    for (const [name, secret] of [["", "3"], [".backup-1", "1"], [".backup-2", "2"]] as const) {
      assert.deepEqual(await readCredentials(runtime, path + name), { client_secret: secret });
    }
    assert.deepEqual(new Set(Object.values(await folder.modes())), new Set(["600", "700"]));
    // Another program's file, although its name looks like ours.
    for (const name of ["app_credentials.backup-x", "my.app_credentials.backup-1"]) {
      await Deno.writeTextFile(folder.at(name), "{}");
    }
    const place = { directory: "x", files: ["app_credentials"], override: folder.path };
    const all = [path, `${path}.backup-1`, `${path}.backup-2`];
    assert.deepEqual(await forgetCredentials(runtime, place), all);
    assert.deepEqual(await forgetCredentials(runtime, place), []);
    assert.deepEqual(
      Object.keys(await folder.modes()).filter((name) => /cred.*s/.test(name)).sort(),
      [
        "app_credentials.backup-x",
        "my.app_credentials.backup-1",
        "onecell/credentials.sqlite",
      ],
    );
  },
});

Deno.test({
  name: "earlier credentials are forgotten without a current one, and the others if one stays",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    const place = { directory: "x", files: ["app_credentials"], override: folder.path };
    const path = folder.at("app_credentials");
    await Deno.writeTextFile(`${path}.backup-1`, "{}");
    assert.deepEqual(await forgetCredentials(runtime, place), [`${path}.backup-1`]);
    await writeCredentials(runtime, path, { client_secret: "1" });
    await writeCredentials(runtime, path, { client_secret: "2" });
    const remove = (one: string) =>
      one === path
        ? Promise.reject(new Deno.errors.PermissionDenied("no"))
        : runtime.files.remove(one);
    const held = { ...runtime, files: { ...runtime.files, remove } };
    await rejects(forgetCredentials(held, place), "store_unavailable", /app_credentials"/);
    assert.deepEqual(await forgetCredentials(runtime, place), [path]);
  },
});

Deno.test({
  name: "credentials that many processes save at the same time are all kept",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtimes = await allRuntimes();
    const workers = Array.from(
      { length: 6 },
      (_, at) =>
        new WorkerProcess(WORKER, ["save", folder.path, { client_secret: at }], {
          runtime: runtimes[at % runtimes.length]!,
        }),
    );
    for (const worker of workers) assert.equal((await worker.answer<AuthError>()).code, undefined);
    const secrets = new Set<unknown>();
    for await (const { name, isFile } of Deno.readDir(folder.path)) {
      if (!isFile) continue;
      const values = await readCredentials(await currentRuntime(), folder.at(name));
      secrets.add(values?.["client_secret"]);
    }
    assert.deepEqual([...secrets].sort(), [0, 1, 2, 3, 4, 5]);
  },
});

Deno.test({
  name: "leftovers of killed writers are removed, and other files in the folder stay",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    await Deno.writeTextFile(folder.at(`.onecell-${"0a".repeat(16)}.tmp`), SECRET);
    await Deno.writeTextFile(folder.at("theirs.tmp"), "theirs");
    await writeCredentials(runtime, folder.at("app_credentials"), { a: 1 });
    const names = Object.keys(await folder.modes()).filter((name) => !name.includes("onecell"));
    assert.deepEqual(names.sort(), ["app_credentials", "theirs.tmp"]);
    assert.ok(
      !(await Array.fromAsync(Deno.readDir(folder.path))).some(({ name }) =>
        name.startsWith(".onecell")
      ),
    );
  },
});

Deno.test({
  name: "Python reads the file, as the tutorial does",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const path = folder.at("app_credentials");
    const values = { client_id: "a", client_secret: 'ü " \\ \u2028', n: 1 };
    await writeCredentials(await currentRuntime(), path, values);
    const script = "import json, sys; print(json.dumps(json.load(open(sys.argv[1]))))";
    try {
      const { stdout } = await new Deno.Command("python3", { args: ["-c", script, path] }).output();
      assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), values);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      (await import("../support/runtimes.ts")).skip("reading from Python", "no python3");
    }
  },
});

Deno.test({
  name: "a damaged file is not skipped, under any name or in any folder",
  ...STRICT,
  async fn() {
    await using home = await TestFolder.make();
    const real = await atHome(home.path);
    const runtime: Runtime = {
      ...real,
      platform: "darwin",
      getEnvironment: (name) => name === "XDG_CONFIG_HOME" ? home.at("xdg") : undefined,
    };
    const place = { directory: "spatiafi", files: FILES };
    for (const folder of [["xdg"], ["Library", "Application Support"]]) {
      const path = home.at(...folder, "spatiafi", "app_credentials.json");
      await plant(path, `{"client_secret": "${SECRET}`);
      await assert.rejects(findCredentials(runtime, place), hasCode("credentials_damaged", path));
      await Deno.remove(path);
    }
  },
});

Deno.test({
  name: "a save that fails is tried once, and leaves no temporary file",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const real = await currentRuntime();
    const path = folder.at("app_credentials");
    await writeCredentials(real, path, { a: 1 });
    for (const code of ["ENOSPC", "EROFS", "EACCES", "EBUSY"]) {
      let times = 0;
      const fail = () => Promise.reject(Object.assign(new Error(code), { code }));
      const runtime = { ...real, files: { ...real.files, rename: fail } };
      const saving = writeCredentials(runtime, path, () => (times++, { a: 2 }));
      await rejects(saving, "store_unavailable");
      assert.equal(times, 1, code);
      const names = Object.keys(await folder.modes());
      assert.deepEqual(names.filter((name) => !name.startsWith("onecell")), ["app_credentials"]);
    }
  },
});
