/**
 * The main job from beginning to end, on this machine alone: `deno task demo`.
 *
 * A sandbox stands in for SpatiaFi. Everything is kept in a temporary folder, which is removed.
 */
import { createCredentials, getSession, loadCredentials } from "@onecell/auth";
import { startSandbox } from "./sandbox/mod.ts";

/** A demonstration speaks to a person; everything else in this repository is silent. */
// deno-lint-ignore no-console
const say = console.log;

const folder = await Deno.makeTempDir({ prefix: "onecell-demo-" });
Deno.env.set("XDG_CONFIG_HOME", folder);
await using sandbox = await startSandbox({ systems: ["spatiafi"] });
// The same variables point the module at any test system.
for (const [name, value] of Object.entries(sandbox.environment)) Deno.env.set(name, value);
say(`A stand-in for SpatiaFi listens at ${sandbox.environment["SPATIAFI_AUTH_URL"]}.\n`);

try {
  say("First run");
  const [user] = sandbox.users;
  if (!user) throw new Error("The sandbox has no user.");
  const directory = `${folder}/spatiafi`;
  const created = await createCredentials("spatiafi", user, { directory });
  say(`  created app credentials with user name and password: client ${created.clientId}`);
  say(`  saved them, readable by you only:                    ${created.path}`);
  const loaded = await loadCredentials("spatiafi", { directory });
  say(`  loaded them, with CLIENT_ID in the environment:      ${loaded.names.join(", ")}`);
  // What follows must work from the file alone.
  for (const name of loaded.names) Deno.env.delete(`SPATIAFI_${name.toUpperCase()}`);
  await callApi(directory);

  say("\nSecond run, as tomorrow or in another notebook");
  const before = sandbox.count("spatiafi.token");
  await callApi(directory);
  const asked = sandbox.count("spatiafi.token") - before;
  say(`  asked: nothing. New tokens requested: ${asked}, for the saved one is still good.`);
  say(
    `\nThe session shows no secret, however it is printed:\n  ${await getSession("spatiafi", {
      directory,
    })}`,
  );
} finally {
  await Deno.remove(folder, { recursive: true });
  say("\nThe demo's folder is removed again.");
}

/** The one cell of the README. */
async function callApi(directory: string): Promise<void> {
  const s = await getSession("spatiafi", { directory, interactive: false });
  const response = await s.fetch("/api/info?item_id=wildfire-risk-current-global-v1.0");
  say(`  got a session, called the API: HTTP ${response.status}, ${await response.text()}`);
}
