/** The result of a program. */
export interface Outcome {
  success: boolean;
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, without input. */
export async function run(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string>; clearEnv?: boolean } = {},
): Promise<Outcome> {
  const output = await new Deno.Command(program, {
    args,
    stdin: "null",
    ...options,
  }).output();
  const decoder = new TextDecoder();
  return {
    success: output.success,
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

/** Runs a program that must succeed. Returns its standard output. */
export async function runOrThrow(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string>; clearEnv?: boolean } = {},
): Promise<string> {
  const outcome = await run(program, args, options);
  if (outcome.success) return outcome.stdout;
  const said = `${outcome.stdout}\n${outcome.stderr}`.trim();
  throw new Error(`${program} ${args.join(" ")} ended with ${outcome.code}:\n${said}`);
}

/** Runs a command of an npm package, at exactly this version. */
export async function runTool(
  tool: string,
  command: string,
  args: string[],
  cwd: string,
): Promise<string> {
  return await runOrThrow("npm", ["exec", "--yes", `--package=${tool}`, "--", command, ...args], {
    cwd,
  });
}
