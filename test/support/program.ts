import { denoDir } from "../../scripts/deno_dir.ts";

const MODULE = new URL("../../mod.ts", import.meta.url).href;

/** The result of a program. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The input of a program. */
export interface ProgramOptions {
  /** Runs before the module loads, for example to set the machine's clock off. */
  before?: string;
  /** The program's `data`, which is part of its text. */
  data?: unknown;
  /** More environment variables. The program inherits only the path. */
  env?: Record<string, string>;
}

/**
 * Runs a program in its own Deno process, for tests that need their own environment, clock or standard
 * output. It finds the module as `auth`.
 */
export async function runProgram(text: string, options: ProgramOptions = {}): Promise<Outcome> {
  const program = [
    options.before ?? "",
    `const data = ${JSON.stringify(options.data ?? null)};`,
    `const auth = await import(${JSON.stringify(MODULE)});`,
    text,
  ].join("\n");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--frozen", "--ext=ts", "-"],
    // The default is below the home folder, and a program has its own home.
    env: { NO_COLOR: "1", DENO_DIR: await denoDir(), PATH: path(), ...options.env },
    clearEnv: true,
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** Runs a program that prints one line of JSON. Returns the parsed value. */
export async function answerOf<T>(text: string, options: ProgramOptions = {}): Promise<T> {
  const { code, stdout, stderr } = await runProgram(text, options);
  if (code !== 0) throw new Error(`the program failed:\n${stdout}\n${stderr}`);
  return JSON.parse(stdout) as T;
}

function path(): string {
  return Deno.env.get("PATH") ?? "";
}
