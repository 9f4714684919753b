import assert from "node:assert/strict";

const root = new URL("../../../", import.meta.url);

/** The time limit for a recipe, in milliseconds. It may have to be compiled first. */
const PATIENCE = 45_000;

function command(
  name: string,
  args: readonly string[],
  env: Record<string, string>,
  flags: readonly string[] = ["-A"],
) {
  const path = name.startsWith("/") ? name : `examples/recipes/${name}.ts`;
  return new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: [
      "run",
      "--quiet",
      "--frozen",
      "--config=examples/recipes/deno.json",
      ...flags,
      path,
      ...args,
    ],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/**
 * Runs a recipe to its end.
 *
 * @param name its name, or the path of a copy
 * @param flags Deno's permissions; all by default
 */
export async function run(
  name: string,
  args: readonly string[],
  env: Record<string, string>,
  flags?: readonly string[],
): Promise<{ code: number; output: string; problems: string }> {
  const child = command(name, args, env, flags).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  assert.equal(signal, null, `the recipe ${name} did not come to an end`);
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: decode(stdout), problems: decode(stderr) };
}

/** A recipe that runs until it is ended. */
export interface Running extends AsyncDisposable {
  /** Waits until it responds. */
  answers(ask: () => Promise<Response>): Promise<void>;
}

/** Starts a recipe that serves. */
export function start(
  name: string,
  args: readonly string[],
  env: Record<string, string>,
): Running {
  const child = command(name, args, env).spawn();
  const output = child.output();
  return {
    async answers(ask) {
      for (const end = Date.now() + PATIENCE; Date.now() < end;) {
        const response = await ask().catch(() => undefined);
        await response?.body?.cancel();
        if (response) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`the recipe ${name} does not answer`);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await output;
    },
  };
}
