/** Every command with a token from a variable, a file or a command. */
import assert from "node:assert/strict";
import { test } from "../support/tests.ts";
import { Machine } from "./onecell.ts";

const VARIABLE = "SPATIAFI_ACCESS_TOKEN";

/** A token in a variable, and nothing saved. */
async function signedOut(machine: Machine): Promise<string> {
  await machine.login();
  const token = (await machine.ok(["token", "spatiafi"])).trim();
  machine.secrets.add(token);
  await Deno.remove(machine.home.at(".config"), { recursive: true });
  return token;
}

test("every command works with a token in a variable, and saves nothing", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const token = await signedOut(machine);
  const file = machine.home.at("token");
  await Deno.writeTextFile(file, token, { mode: 0o600 });
  for (const env of [{ [VARIABLE]: token }, { [`${VARIABLE}_FILE`]: file }]) {
    const [variable = ""] = Object.keys(env);
    // A token in a file goes to no API from a variable, such as the sandbox's.
    const url = machine.sandbox.environment["SPATIAFI_API_URL"] ?? "";
    const there = variable.endsWith("_FILE") ? ["--api-url", url] : [];
    const options = (args: string[]) => {
      const at = args.indexOf("--");
      return at < 0 ? [...args, ...there] : [...args.slice(0, at), ...there, ...args.slice(at)];
    };
    const ok = async (...args: string[]) => await machine.ok(options(args), { env });
    assert.equal((await ok("token", "spatiafi")).trim(), token);
    assert.equal(JSON.parse(await ok("token", "spatiafi", "--format", "json")).access_token, token);
    assert.match(await ok("fetch", "spatiafi", "/api/info?item_id=x"), /"item_id": ?"x"/);
    assert.equal(
      await ok(
        "run",
        "spatiafi",
        "--",
        "sh",
        "-c",
        `test "$${VARIABLE}" = "$(cat ${file})" && echo same`,
      ),
      "same\n",
    );
    const looked = await machine.run(options(["doctor", "spatiafi"]), { env });
    assert.equal(looked.code, 0, looked.stdout + looked.stderr);
    assert.match(looked.stdout, new RegExp(`Credentials: .*\\(${variable}\\)`));
    assert.match(looked.stdout, /Access token: from .*, expires \d\d:\d\d/);
    const status = JSON.parse(await ok("status", "spatiafi", "--json"));
    const [{ ready, credentials, sessions }] = status.systems;
    assert.deepEqual([ready, credentials.complete, sessions], [true, true, []]);
    assert(credentials.source.includes(`(${variable})`), credentials.source);
    assert.match(
      await ok("status", "spatiafi"),
      /^✓ SpatiaFi \(spatiafi\): uses a token\n {2}Token: .*ACCESS_TOKEN/,
    );
    const login = await ok("login", "spatiafi");
    assert.match(login, /^.* Signed in to SpatiaFi /);
    assert.match(login, /it is not saved/);
    const logout = await machine.run(options(["logout", "spatiafi"]), { env });
    assert.equal(logout.code, 0);
    assert.match(logout.stdout, /^Not signed in to SpatiaFi/);
    assert.match(logout.stderr, new RegExp(`still has a token from .*: unset ${variable}`));
    const saved = await Deno.stat(machine.home.at(".config")).then(() => true, () => false);
    assert.equal(saved, false, "nothing is saved");
  }
  const gone = await machine.run(["token", "spatiafi"], { env: { [VARIABLE]: "two words" } });
  assert.deepEqual([gone.code, gone.stdout], [1, ""]);
  assert.match(
    gone.stderr,
    /bad_response: .*environment \(SPATIAFI_ACCESS_TOKEN\) did not return a token/,
  );
});

test("a definition in a file runs no command, and the error says how to allow it", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const definition = {
    name: "weather",
    apiUrl: "https://api.example",
    tokenCommand: ["touch", "ran"],
  };
  await Deno.writeTextFile(machine.home.at("weather.json"), JSON.stringify(definition));
  for (const command of ["token", "login", "doctor", "status"]) {
    const { code, stderr } = await machine.run([command, "--provider", "weather.json"]);
    assert.notEqual(code, 0, command);
    assert.match(stderr, /"tokenCommand" runs "touch ran".*onecell provider add/, command);
  }
  await assert.rejects(Deno.stat(machine.home.at("ran")), Deno.errors.NotFound);
});
