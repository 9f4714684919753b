import assert from "node:assert/strict";
import { saveCredentials } from "../../mod.ts";
import { storeDrivers } from "../../src/lazy.ts";
import { moveSaved } from "../../src/manage/move_saved.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { credentialsKey } from "../../src/store/stored_credentials.ts";
import { MemoryDriver } from "../../src/store/writing.ts";
import { TestFolder } from "../support/folder.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";

/** A home with app credentials for the default account, another account and another server. */
async function home(folder: TestFolder) {
  const directory = folder.at("spatiafi");
  const pair = (name: string) => ({ client_id: name, client_secret: `secret-${name}` });
  await saveCredentials("spatiafi", pair("usual"), { directory });
  await saveCredentials("spatiafi", pair("work"), { directory, account: "work" });
  await saveCredentials("spatiafi", pair("test"), { directory, authUrl: "https://test.example" });
  const environment: Record<string, string> = { XDG_CONFIG_HOME: folder.path };
  const runtime = {
    ...await currentRuntime(),
    getEnvironment: (name: string) => environment[name],
  };
  const files = async () => {
    const found: Record<string, unknown> = {};
    for await (const { name, isFile } of Deno.readDir(directory)) {
      if (isFile) found[name] = JSON.parse(await Deno.readTextFile(`${directory}/${name}`));
    }
    return found;
  };
  return { runtime, files };
}

test("moveSaved() moves app credentials of every account and server there and back", async () => {
  await using folder = await TestFolder.make();
  const { runtime, files } = await home(folder);
  const before = await files();
  assert.deepEqual(Object.keys(before).sort(), [
    "app_credentials",
    "app_credentials.test.example",
    "app_credentials.work",
  ]);
  const store = new MemoryDriver();
  const move = { runtime, drivers: storeDrivers };
  const there = await moveSaved({ ...move, from: "disk", to: store });
  assert.deepEqual([there.credentials, there.sessions, there.problems], [3, 0, []]);
  assert.deepEqual(await files(), {});
  const read = async (more: { account?: string; server?: string }) =>
    JSON.parse(await store.read(credentialsKey({ provider: "spatiafi", ...more })) ?? "{}")
      .values?.client_id;
  assert.deepEqual(
    [await read({}), await read({ account: "work" }), await read({ server: "test.example" })],
    ["usual", "work", "test"],
  );
  const back = await moveSaved({ ...move, from: store, to: "disk" });
  assert.deepEqual([back.credentials, back.problems], [3, []]);
  assert.deepEqual(await files(), before);
  assert.deepEqual(await store.keys(), []);
});

test("moveSaved() interrupted at any step loses no app credentials, and a second run completes it", async () => {
  for (let steps = 0; steps < 12; steps++) {
    await using folder = await TestFolder.make();
    const { runtime, files } = await home(folder);
    const store = new MemoryDriver();
    let left = steps;
    const dying = new Proxy(store, {
      get(target, name) {
        if (name === "write" && left-- <= 0) return () => Promise.reject(new Error("killed"));
        const member = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const move = { runtime, drivers: storeDrivers, from: "disk" } as const;
    await moveSaved({ ...move, to: dying }).catch(() => {});
    assert.equal(Object.keys(await files()).length + (await store.keys()).length, 3);
    await moveSaved({ ...move, to: store });
    assert.deepEqual([await files(), (await store.keys()).length], [{}, 3]);
  }
});

test("moveSaved() does not overwrite values in the new store, and refuses memory and the same store", async () => {
  await using folder = await TestFolder.make();
  const { runtime, files } = await home(folder);
  const store = new MemoryDriver();
  await saveCredentials("spatiafi", { client_id: "other", client_secret: "o" }, { store });
  const move = { runtime, drivers: storeDrivers, from: "disk" } as const;
  const { problems, credentials } = await moveSaved({ ...move, to: store });
  assert.deepEqual([problems.map(({ code }) => code), credentials], [["store_unavailable"], 2]);
  assert.deepEqual(Object.keys(await files()), ["app_credentials"]);
  await rejects(moveSaved({ ...move, to: "memory" }), "invalid_argument");
  await rejects(moveSaved({ ...move, to: "disk" }), "invalid_argument");
});
