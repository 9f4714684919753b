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

/** This runtime, with a home of the test's own. */
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
  name: "credentials are found under every name, the first one first",
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
  name: "on macOS credentials are found where platformdirs put them in any version",
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
  name: "row 16: a damaged credentials file is named in the error and left as it is",
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
      // Told to: it is still kept, under another name.
      const aside = await writeCredentials(runtime, path, { a: 1 }, { replaceDamaged: true });
      assert.deepEqual(await Deno.readFile(aside as string), before);
      assert.deepEqual(await readCredentials(runtime, path), { a: 1 });
      assert.equal(((await Deno.stat(aside as string)).mode ?? 0) & 0o777, 0o600);
    }
  },
});

Deno.test({
  name: "row 14: symlinked credentials are refused, their target left alone",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      await using folder = await TestFolder.make();
      await Deno.writeTextFile(folder.at("target"), `{"client_secret": "${SECRET}"}`);
      await Deno.symlink(folder.at("target"), folder.at("app_credentials"));
      const place = { directory: "x", files: FILES, override: folder.path };
      for (const args of [["find", folder.path, place], ["save", folder.path, { a: 1 }]]) {
        const { code, message } = await new WorkerProcess(WORKER, args, { runtime })
          .answer<{ code: string; message: string }>();
        assert.equal(code, "credentials_damaged", runtime.name);
        assert.match(message, /symbolic link/);
      }
      assert.equal(
        await Deno.readTextFile(folder.at("target")),
        `{"client_secret": "${SECRET}"}`,
      );
    }
  },
});

Deno.test({
  name: "saving keeps what was there, and says where",
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
    // Another program's, whatever it sounds like.
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
  name: "earlier credentials are forgotten without a current one, and the others when one stays",
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
  name: "of credentials saved at the same time by many processes none is lost",
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
  name: "leftovers of killed writers are swept, other files of the folder stay",
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
  name: "Python reads what is written, as the tutorial does",
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
