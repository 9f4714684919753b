import assert from "node:assert/strict";
import { type Sandbox, startSandbox } from "../../examples/sandbox/mod.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { openTokenStore } from "../support/store.ts";
import { TestFolder } from "../support/folder.ts";
import { report, size, STRICT } from "../support/long.ts";
import { WorkerProcess } from "../support/worker_process.ts";

import { KEY } from "./token.ts";

const WORKER = new URL("session_worker.ts", import.meta.url);

/** The environment of a system's user: its URLs and credentials. */
function userOf(sandbox: Sandbox, system: "spatiafi" | "plantpredict-okta") {
  const prefix = system.toUpperCase().replaceAll("-", "_");
  const { clientId, clientSecret = "" } = sandbox.client(system);
  const { username = "", password = "" } = sandbox.users[0] ?? {};
  return {
    ...Deno.env.toObject(),
    ...sandbox.environment,
    [`${prefix}_CLIENT_ID`]: clientId,
    [`${prefix}_CLIENT_SECRET`]: clientSecret,
    [`${prefix}_USERNAME`]: username,
    [`${prefix}_PASSWORD`]: password,
  };
}

/** Makes a folder's saved tokens look as if they expired long ago. */
async function expire(folder: TestFolder): Promise<void> {
  for await (const { name } of Deno.readDir(folder.at("onecell"))) {
    if (!name.endsWith(".json")) continue;
    const path = folder.at("onecell", name);
    const token = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...token, expires_at: 1 }));
  }
}

for (
  const [system, grant] of [
    ["spatiafi", "client_credentials"],
    ["plantpredict-okta", "refresh_token"],
  ] as const
) {
  Deno.test({
    name: `row 8: cold starts at once on an expired token request one token from ${system}`,
    ...STRICT,
    async fn() {
      const starts = size(10, 50);
      await using folder = await TestFolder.make();
      await using sandbox = await startSandbox({ systems: [system] });
      const environment = userOf(sandbox, system);
      const start = () => new WorkerProcess(WORKER, [system, folder.path], { environment });
      assert.deepEqual(await start().answer(), { calls: 1 });
      await expire(folder);
      sandbox.reset();
      const workers = Array.from({ length: starts }, start);
      for (const worker of workers) assert.deepEqual(await worker.answer(), { calls: 1 });
      assert.equal(sandbox.count(`${system}.token`), 1);
      assert.equal(sandbox.count(`${system}.token.${grant}`), 1);
      assert.equal(sandbox.count(`${system}.api`), starts);
      report(`${system}: ${starts} cold starts, 1 token request`);
    },
  });
}

Deno.test({
  name: "row 9: with rotation and reuse detection, killing any process revokes nothing",
  ...STRICT,
  async fn() {
    const system = "plantpredict-okta";
    // Twenty processes on few cores stand still for seconds, so their tokens must be valid for longer.
    const [processes, seconds, tokenLifetime] = size([4, 6, 2], [20, 60, 5]);
    await using folder = await TestFolder.make();
    await using sandbox = await startSandbox({ systems: [system], tokenLifetime });
    const environment = userOf(sandbox, system);
    const until = Date.now() + seconds * 1000;
    const alive = new Set<WorkerProcess>();
    let killed = 0;
    let ended = 0;
    const run = async () => {
      while (Date.now() < until) {
        const time = (until - Date.now()) / 1000;
        const worker = new WorkerProcess(WORKER, [system, folder.path, time], { environment });
        alive.add(worker);
        const said = await worker.rest();
        const { signal, code } = await worker.end();
        alive.delete(worker);
        if (signal === "SIGKILL") killed++;
        else {
          assert.equal(code, 0, await worker.errors());
          ended += said.length;
        }
      }
    };
    const store = openTokenStore(await currentRuntime(), folder.path, "disk");
    const kill = async () => {
      while (Date.now() < until - 2000) {
        await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 300));
        // Under the lock, no process is between the server's response and the disk. A refresh token that is
        // lost there is lost for good, with any client of any server that rotates.
        await store.exclusive(KEY, async () => {
          const [victim] = [...alive].sort(() => Math.random() - 0.5);
          victim?.signal("SIGKILL");
          await victim?.end();
        }, { timeout: 20_000 });
      }
    };
    await Promise.all([kill(), ...Array.from({ length: processes }, run)]);
    assert.ok(Date.now() < until + 30_000, "a session hung");
    assert.equal(sandbox.count("invalid_grant"), 0);
    assert.equal(sandbox.count("families_revoked"), 0);
    assert.equal(sandbox.count(`${system}.token.password`), 1);
    const refreshes = sandbox.count(`${system}.token.refresh_token`);
    const lifetimes = seconds / tokenLifetime;
    assert.ok(refreshes >= lifetimes * 0.6, `${refreshes} refreshes`);
    assert.ok(refreshes <= lifetimes * 2.5, `${refreshes} refreshes are a storm`);
    assert.ok(killed > 3 && ended > 0, `${killed} killed, ${ended} ended`);
    report(
      `${processes} processes, ${seconds} s, ${killed} killed: ${refreshes} refreshes, ` +
        `0 invalid_grant, 0 families revoked, ${sandbox.count(`${system}.api`)} calls`,
    );
  },
});
