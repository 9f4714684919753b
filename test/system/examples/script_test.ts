import assert from "node:assert/strict";
import { createCredentials } from "../../../mod.ts";
import { test } from "../../support/tests.ts";
import { createWorld } from "../../support/world.ts";

const root = new URL("../../../", import.meta.url);

/** The time limit for the script, in milliseconds. A leftover timer must not keep it alive. */
const PATIENCE = 30_000;

async function runScript(args: string[], env: Record<string, string>) {
  const child = new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: ["run", "-A", "examples/script.ts", ...args],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  assert.equal(signal, null, "the script did not come to an end");
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: decode(stdout), problems: decode(stderr) };
}

test("examples/script.ts does not prompt once credentials are saved, and requests one token", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, directory, options, user } = world;
  await createCredentials("spatiafi", user, {
    directory: `${directory}/spatiafi`,
    authUrl: options.authUrl ?? "",
  });
  const env = { ...sandbox.environment, XDG_CONFIG_HOME: directory };
  const first = await runScript(["flood-risk", "a/b ü"], env);
  assert.equal(first.code, 0, first.problems);
  assert.equal(first.output, "About flood-risk\nAbout a/b ü\n");
  const second = await runScript([], env);
  assert.equal(second.output, "About wildfire-risk-current-global-v1.0\n");
  assert.equal(sandbox.count("spatiafi.token"), 1);
});

test("examples/script.ts says what is missing if it cannot prompt", async () => {
  await using world = await createWorld("spatiafi");
  const env = { ...world.sandbox.environment, XDG_CONFIG_HOME: world.directory };
  const { code, problems } = await runScript([], env);
  assert.equal(code, 1);
  assert.match(problems, /AuthError: .* needs a client ID[^]*SPATIAFI_CLIENT_ID/);
});
