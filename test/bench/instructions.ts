/**
 * Counts the instructions of whole starts. They repeat to 0.3 %; times on a shared machine do not.
 * Needs valgrind. `deno run -A test/bench/instructions.ts [ANOTHER CHECKOUT]` compares this tree
 * with another one, such as the one before a change.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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
const token = await world.signIn("cached");
const cached = world.environment("cached");
const fresh = world.environment("fresh");
const prepare = () => world.forgetTokens("fresh");
const cases = "test/bench/cases";
const floor = await count(here, `${cases}/floor.ts`, { ...fresh, STATIC_TOKEN: token });
const empty = await count(here, `${cases}/empty.ts`, {});
const byHand = await count(here, `${cases}/openid_client_by_hand.ts`, fresh);
const lazy = ["--unstable-lazy-dynamic-imports"];
for (const folder of [here, ...Deno.args]) {
  const session = `${cases}/session.ts`;
  const rows: [string, number, number][] = [
    ["cached start / one fetch", await count(folder, session, cached), floor],
    ["the same, lazy imports", await count(folder, session, cached, { flags: lazy }), floor],
    ["the same, no lock", await count(folder, session, cached, { flags: ["--no-lock"] }), floor],
    [
      "first sign-in / openid-client by hand",
      await count(folder, session, fresh, { prepare }),
      byHand,
    ],
    [
      "import of mod.ts / empty module",
      await count(folder, `${cases}/import_module.ts`, {}),
      empty,
    ],
  ];
  say(folder === here ? "this tree" : "the other tree");
  for (const [name, value, base] of rows) {
    say(
      `  ${name.padEnd(40)} ${value.toFixed(1)} / ${base.toFixed(1)} M = ${
        (value / base).toFixed(2)
      }`,
    );
  }
}
