import { fileURLToPath } from "node:url";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { denoDir } from "../../../scripts/deno_dir.ts";
import { run } from "./run.ts";

/** One thing to do with a session. `scenario.mjs` defines them. */
export type Step =
  | { do: "fetch"; url: string; init?: RequestInit }
  | { do: "token" | "refresh" | "verify" | "logout" | "account" | "show" }
  | { do: "sleep"; milliseconds: number }
  | { do: "load"; name: string };

/** One sign-in and its steps. */
export interface Task {
  /** A registered name, the argument of `defineProvider`, or `null` to sign in to nothing. */
  provider: string | Record<string, unknown> | null;
  /** Options of `getSession` that JSON can hold. */
  options?: Record<string, unknown>;
  /** When to begin, in epoch milliseconds; by default at once. */
  start?: number;
  steps: Step[];
}

/** An error, as a process reported it. */
export interface Failure {
  code: string;
  message: string;
  /** The error as `util.inspect` shows it. */
  shown: string;
}

/** The result of a step: a value or an error. */
export interface Result extends Partial<Failure> {
  value?: unknown;
}

/** A process's report. */
export interface Report {
  /** The sign-in's error, if it failed. */
  error?: Failure;
  results: Result[];
  /** All other output of the process. */
  output: string;
}

/** How to run `scenario.mjs`. */
export interface Runner {
  /** Such as `bun 1.2.0`. */
  name: string;
  program: string;
  /** Arguments before the task, including the script's path. */
  args: string[];
  /** The module that the script imports. */
  module: string;
  /** The variables that the runtime itself needs. */
  env?: Record<string, string>;
}

/** Runs tasks under Deno, with the module's own source. */
export async function denoRunner(): Promise<Runner> {
  return {
    name: "deno",
    program: Deno.execPath(),
    args: ["run", "-A", "--quiet", fileURLToPath(new URL("./scenario.mjs", import.meta.url))],
    module: new URL("../../../mod.ts", import.meta.url).href,
    env: { DENO_DIR: await denoDir() },
  };
}

/** Runs tasks under another runtime, with the package installed in a folder. */
export async function packageRunner(
  runtime: { name: string; program: string },
  directory: string,
): Promise<Runner> {
  const script = join(directory, "scenario.mjs");
  await copyFile(new URL("./scenario.mjs", import.meta.url), script);
  return { ...runtime, args: [script], module: "@onecell/auth" };
}

/** The environment of a process with the task, without personal variables. */
export function taskEnvironment(
  runner: Runner,
  task: Task,
  env: Record<string, string>,
): Record<string, string> {
  return {
    ...Object.fromEntries(
      ["PATH", "HOME", "TMPDIR"].flatMap((name) => {
        const value = Deno.env.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    NO_COLOR: "1",
    ...runner.env,
    ...env,
    ONECELL_TASK: JSON.stringify({ module: runner.module, options: {}, start: 0, ...task }),
  };
}

/** Runs a task in its own process, without a person. */
export async function runTask(
  runner: Runner,
  task: Task,
  env: Record<string, string> = {},
): Promise<Report> {
  const options = { clearEnv: true, env: taskEnvironment(runner, task, env) };
  const outcome = await run(runner.program, runner.args, options);
  return readReport(`${outcome.stdout}${outcome.stderr}`);
}

/** Finds the report in a process's output. */
export function readReport(output: string): Report {
  const line = /^REPORT (.*)$/m.exec(output);
  if (!line?.[1]) throw new Error(`the process reported nothing:\n${output}`);
  return { ...JSON.parse(line[1]) as Report, output: output.replace(line[0], "") };
}
