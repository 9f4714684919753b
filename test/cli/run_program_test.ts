import assert from "node:assert/strict";
import { allRuntimes } from "../support/runtimes.ts";
import { test } from "../support/tests.ts";
import { Machine } from "./onecell.ts";

/** A program that says that it runs, and how it was stopped. */
const LISTENER = 'trap "echo term; exit 7" TERM; trap "echo int; exit 8" INT; echo ready; ' +
  "for at in $(seq 300); do sleep 0.05; done";

test("run passes the token in the command's environment, and returns its exit code", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const token = (await machine.ok(["token", "spatiafi"])).trim();
  for (const runtime of await allRuntimes()) {
    // Our commands may not print the token, so the program prints its length and its end.
    const script = 'test "$SPATIAFI_ACCESS_TOKEN" = "$1" && test -n "$HOME" && echo "$2"; exit 42';
    const ran = await machine.run(
      ["run", "spatiafi", "--", "sh", "-c", script, "sh", token, "--json"],
      { runtime },
    );
    assert.deepEqual(ran, { code: 42, stdout: "--json\n", stderr: "" }, runtime.name);
    const piped = await machine.run(["run", "spatiafi", "--", "cat"], {
      runtime,
      input: "through",
    });
    assert.deepEqual(piped, { code: 0, stdout: "through", stderr: "" }, runtime.name);
    const none = await machine.run(["run", "spatiafi", "--", "no-such-program"], { runtime });
    assert.deepEqual(none, {
      code: 127,
      stdout: "",
      stderr: "onecell: Command not found: no-such-program\n",
    }, runtime.name);
    const killed = await machine.run(["run", "spatiafi", "--", "sh", "-c", "kill -9 $$"], {
      runtime,
    });
    assert.deepEqual(killed, { code: 137, stdout: "", stderr: "" }, runtime.name);
  }
  await Deno.writeTextFile(machine.home.at("data"), "", { mode: 0o600 });
  const file = await machine.run(["run", "spatiafi", "--", "./data"]);
  assert.deepEqual([file.code, file.stdout], [126, ""]);
  assert.match(file.stderr, /Permission denied: .\/data/);
});

test("run passes signals on, and ends with the command", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  for (const runtime of await allRuntimes()) {
    for (const [signal, code, said] of [["SIGTERM", 7, "term"], ["SIGINT", 8, "int"]] as const) {
      const [program = "", ...words] = machine.commandIn(runtime);
      const process = new Deno.Command(program, {
        args: [...words, "run", "spatiafi", "--", "sh", "-c", LISTENER],
        clearEnv: true,
        env: machine.environment(),
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      let output = "";
      for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
        if (output === "" && text.includes("ready")) process.kill(signal);
        output += text;
      }
      const errors = await new Response(process.stderr).text();
      const status = await process.status;
      assert.deepEqual([status.code, output, errors], [code, `ready\n${said}\n`, ""], runtime.name);
    }
  }
});

test("run starts nothing if there is no token", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { code, stdout, stderr } = await machine.run(["run", "spatiafi", "--", "echo", "started"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^onecell: credentials_missing: /);
});
