/**
 * Counts the instructions of whole starts. They repeat to 0.3 %; times on a shared machine do not.
 * Needs valgrind. `deno run -A test/bench/instructions.ts [ANOTHER CHECKOUT]` compares this tree
 * with another one, such as the one before a change.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consumeFromJsr } from "./starts.ts";
import { createWorld } from "./world.ts";

const here = fileURLToPath(new URL("../..", import.meta.url));

/** Instructions of one program, in millions: the least of several runs after warm-up runs. */
async function count(
  folder: string,
  script: string,
  env: Record<string, string>,
  options: { flags?: string[]; prepare?: () => Promise<void> } = {},
): Promise<number> {
  const deno = Deno.execPath();
  const args = ["run", "-A", "--quiet", ...options.flags ?? [], join(folder, script)];
  for (let round = 0; round < 2; round++) {
    await options.prepare?.();
    await run(deno, args, folder, env);
  }
  const counts: number[] = [];
  for (let round = 0; round < 3; round++) {
    await options.prepare?.();
    const valgrind = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
    const text = await run("valgrind", [...valgrind, deno, ...args], folder, env);
    const refs = /I\s+refs:\s+([\d,]+)/.exec(text)?.[1];
    if (refs === undefined) throw new Error(`valgrind said nothing:\n${text.slice(-2000)}`);
    counts.push(Number(refs.replaceAll(",", "")) / 1e6);
  }
  return Math.min(...counts);
}

async function run(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string>,
): Promise<string> {
  const output = await new Deno.Command(program, { args, cwd, env, stdout: "null" }).output();
  const text = new TextDecoder().decode(output.stderr);
  if (!output.success) {
    throw new Error(`${program} ${args.join(" ")} failed:\n${text.slice(-2000)}`);
  }
  return text;
}

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

await using world = await createWorld(["cached", "fresh"]);
await using consumer = await consumeFromJsr();
const token = await world.signIn("cached");
const cached = world.environment("cached");
const fresh = world.environment("fresh");
const floorEnv = { ...fresh, STATIC_TOKEN: token };
const prepare = () => world.forgetTokens("fresh");
const cases = join(here, "test/bench/cases");
const floor = await count(cases, "floor.ts", floorEnv);
const empty = await count(cases, "empty.ts", {});
const byHand = await count(cases, "openid_client_by_hand.ts", fresh);
const lazy = { flags: ["--unstable-lazy-dynamic-imports"] };
const noLock = { flags: ["--no-lock"] };

/** Counts and shows the same rows for programs in one folder. */
async function report(title: string, folder: string, env: Record<string, string>): Promise<void> {
  const session = (home: Record<string, string>, options = {}) =>
    count(folder, "session.ts", { ...home, ...env }, options);
  const rows: [string, number, number][] = [
    ["cached start / one fetch", await session(cached), floor],
    ["the same, lazy imports", await session(cached, lazy), floor],
    [
      "the same, no lock",
      await session(cached, noLock),
      await count(folder, "floor.ts", { ...floorEnv, ...env }, noLock),
    ],
    ["first sign-in / openid-client by hand", await session(fresh, { prepare }), byHand],
    ["import of mod.ts / empty module", await count(folder, "import_module.ts", env), empty],
  ];
  say(title);
  for (const [name, value, base] of rows) {
    const ratio = (value / base).toFixed(2);
    say(`  ${name.padEnd(40)} ${value.toFixed(1)} / ${base.toFixed(1)} M = ${ratio}`);
  }
}

await report("this tree", cases, {});
await report("this tree, as published on JSR", consumer.folder, consumer.env);
for (const folder of Deno.args) {
  await report("the other tree", join(folder, "test/bench/cases"), {});
}
