import assert from "node:assert/strict";
import { TestFolder } from "../../support/folder.ts";
import { skip } from "../../support/runtimes.ts";
import { test } from "../../support/tests.ts";
import { WorkerProcess } from "../../support/worker_process.ts";

const WORKER = new URL("keyring_worker.ts", import.meta.url);

interface Said {
  value?: unknown;
  code?: string;
  message?: string;
  took: number;
}

/** Unlocks a new keyring, or leaves it locked, and then runs the program. */
const UNLOCKED =
  'printf "the-keyring-password" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; "$@"';
const LOCKED = 'gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1; "$@"';
/** The bus starts the keyring. */
const ON_DEMAND = '"$@"';
/** The keyring prints its own lines. */
const SESSION = 'dbus-run-session -- sh -c "$0" sh "$@" | grep "^{"';

/** Starts a worker on a session bus and in the test's own home. */
function start(folder: TestFolder, command: string, through: string | null): WorkerProcess {
  const { DBUS_SESSION_BUS_ADDRESS: _, XDG_RUNTIME_DIR: __, ...rest } = Deno.env.toObject();
  return new WorkerProcess(WORKER, [command, folder.at("config")], {
    environment: {
      ...rest,
      HOME: folder.path,
      XDG_DATA_HOME: folder.at("data"),
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
    },
    through: through === null ? [] : ["sh", "-c", SESSION, through],
  });
}

async function hasKeyring(): Promise<boolean> {
  for (const program of ["gnome-keyring-daemon", "dbus-run-session"]) {
    const found = await new Deno.Command("sh", {
      args: ["-c", `command -v ${program}`],
      stdout: "null",
    })
      .output();
    if (!found.success) {
      skip("the system's keyring", `no ${program}`);
      return false;
    }
  }
  return true;
}

test("keyring: one process reads what another saves, and nothing on disk can be read", async () => {
  if (!await hasKeyring()) return;
  await using folder = await TestFolder.make();
  const run = (command: string) => start(folder, command, UNLOCKED).answer<Said>();
  const written = await run("write");
  assert.deepEqual(written.value, { kept: "keyring:", shared: false }, written.message);
  let text = "";
  for await (const { name, isFile } of Deno.readDir(folder.at("config", "onecell"))) {
    if (isFile) text += await Deno.readTextFile(folder.at("config", "onecell", name));
  }
  assert.match(text, /^ey/m);
  for (const secret of ["a-refresh-token", "access-1", "Bearer"]) assert(!text.includes(secret));
  assert.deepEqual((await run("read")).value, { at: 1 });
  assert.equal((await run("remove")).value, true);
  assert.deepEqual((await run("read")).value, { at: null });
});

test("keyring: every check of the conformance", async () => {
  if (!await hasKeyring()) return;
  await using folder = await TestFolder.make();
  const said = await start(folder, "conformance", UNLOCKED).answer<Said>();
  assert.equal(said.value, "done", said.message);
});

test("keyring: locked, or without a desktop, it reports that within three seconds", async () => {
  await using folder = await TestFolder.make();
  const started = performance.now();
  const headless = await start(folder, "write", null).answer<Said>();
  assert.equal(headless.code, "store_unavailable", headless.message);
  assert.match(headless.message ?? "", /keyring cannot be used: no D-Bus session/);
  assert(headless.took < 3_500, `${headless.took} ms`);
  if (await hasKeyring()) {
    for (const through of [LOCKED, ON_DEMAND]) {
      const locked = await start(folder, "write", through).answer<Said>();
      assert.equal(locked.code, "store_unavailable", locked.message);
      assert.match(locked.message ?? "", /keyring cannot be used/);
      assert(locked.took < 4_500, `${locked.took} ms`);
    }
  }
  // The process ends, too. Nothing waits for a person.
  assert(performance.now() - started < 30_000);
});
