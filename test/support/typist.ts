/** Tests at a terminal of their own, which python3 makes. */

const TYPIST = new URL("./type_answers.py", import.meta.url).pathname;

/** A prompt, and what is typed or sent to the program when it is shown. */
export type Step = [string, string | { signal: Deno.Signal }];

/** What was on the screen, how the program ended, and whether the terminal echoes afterwards. */
export interface Typed {
  shown: string;
  /** As `wait` gives it: the exit code is in the upper byte, the signal in the lower. */
  status: number;
  echo: boolean;
}

/** Runs a program at a terminal, with somebody who types. */
export async function onTerminal(
  steps: Step[],
  program: string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Typed> {
  const { stdout } = await new Deno.Command("python3", {
    args: [TYPIST, JSON.stringify(steps), ...program],
    stdin: "null",
    ...options,
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)) as Typed;
}

/** True where a program can be started. */
export async function hasProgram(name: string, args = ["--version"]): Promise<boolean> {
  try {
    const command = new Deno.Command(name, { args, stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch {
    return false; // python3 is missing
  }
}
