/**
 * Signs in, calls the API, and signs in again without a prompt, all on this machine: `deno task demo`.
 *
 * The sandbox stands in for SpatiaFi. Everything is saved in a temporary folder, which the demo removes.
 */
import { createCredentials, getSession, loadCredentials } from "@onecell/auth";
import { startSandbox } from "./sandbox/mod.ts";

/** A demo prints. Nothing else in this repository does. */
// deno-lint-ignore no-console
const say = console.log;

const folder = await Deno.makeTempDir({ prefix: "onecell-demo-" });
Deno.env.set("XDG_CONFIG_HOME", folder);
await using sandbox = await startSandbox({ systems: ["spatiafi"] });
// These variables can point the module at any test system.
for (const [name, value] of Object.entries(sandbox.environment)) Deno.env.set(name, value);
say(`A stand-in for SpatiaFi is running at ${sandbox.environment["SPATIAFI_AUTH_URL"]}.\n`);

try {
  say("First run");
  const [user] = sandbox.users;
  if (!user) throw new Error("The sandbox has no user.");
  const directory = `${folder}/spatiafi`;
  const created = await createCredentials("spatiafi", user, { directory });
  say(`  Created app credentials with a username and password: client ID ${created.clientId}`);
  say(`  Saved them to a file that only you can read: ${created.path}`);
  const loaded = await loadCredentials("spatiafi", { directory });
  say(`  Loaded them into environment variables: ${loaded.names.join(", ").toUpperCase()}`);
  // From here on, the file alone must be enough.
  for (const name of loaded.names) Deno.env.delete(`SPATIAFI_${name.toUpperCase()}`);
  await callApi(directory);

  say("\nSecond run, tomorrow or in another notebook");
  const before = sandbox.count("spatiafi.token");
  await callApi(directory);
  const requests = sandbox.count("spatiafi.token") - before;
  say(`  No prompts; reused the saved token (${requests} token requests).`);
  say(
    `\nHowever you print a session, it shows no secret:\n  ${await getSession("spatiafi", {
      directory,
    })}`,
  );
} finally {
  await Deno.remove(folder, { recursive: true });
  say("\nRemoved the demo's temporary folder.");
}

/** The one cell of the README. */
async function callApi(directory: string): Promise<void> {
  const s = await getSession("spatiafi", { directory, interactive: false });
  const response = await s.fetch("/api/info?item_id=wildfire-risk-current-global-v1.0");
  say(`  Signed in and called the API: HTTP ${response.status}, ${await response.text()}`);
}
