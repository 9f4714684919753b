// deno-lint-ignore-file no-console -- this file's output is its purpose
/**
 * Runs the sandbox until you press Ctrl-C:
 * `deno run -A examples/sandbox/main.ts [--port N] [--lifetime N] [--systems a,b] [--json]`
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type SandboxSystem, sandboxSystems, startSandbox } from "@onecell/auth/testing";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    port: { type: "string" },
    lifetime: { type: "string" },
    systems: { type: "string" },
    json: { type: "boolean" },
  },
});

const systems = values.systems?.split(",").map((name): SandboxSystem => {
  const found = sandboxSystems.find((known) => known === name);
  if (found) return found;
  console.error(`There is no system "${name}". Known: ${sandboxSystems.join(", ")}`);
  Deno.exit(2);
});
const sandbox = await startSandbox({
  ...(values.port ? { port: Number(values.port) } : {}),
  ...(values.lifetime ? { tokenLifetime: Number(values.lifetime) } : {}),
  ...(systems ? { systems } : {}),
});

const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
const stop = async (): Promise<void> => {
  for (const signal of signals) Deno.removeSignalListener(signal, stop);
  await sandbox.stop();
};
// Listen before printing anything: a program that reads the output may stop the sandbox at once.
for (const signal of signals) Deno.addSignalListener(signal, stop);

const { environment, users, clients } = sandbox;
if (values.json) {
  console.log(JSON.stringify({ environment, users, clients }));
} else {
  for (const [name, value] of Object.entries(environment)) {
    console.log(`export ${name}='${value}'`);
  }
  console.log(`# username: ${users[0]?.username}`);
  console.log(`# password: ${users[0]?.password}`);
  console.log(`# client IDs and secrets: curl ${environment.SANDBOX_CONTROL_URL}/credentials`);
  // On a terminal, Deno's download bar can wipe the last two lines. These two may be lost.
  console.log("#\n# Press Ctrl-C to stop the sandbox.");
}
