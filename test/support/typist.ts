/** Tests at their own terminal, which python3 creates. */

const TYPIST = new URL("./type_answers.py", import.meta.url).pathname;

/** A prompt, and the text or signal to send when it appears. */
export type Step = [string, string | { signal: Deno.Signal }];

/** The screen, how the program ended, and whether the terminal still echoes. */
export interface Typed {
  shown: string;
  /** As `wait` returns it: the exit code is in the upper byte, the signal in the lower one. */
  status: number;
  echo: boolean;
}

/** Runs a program at a terminal, and types. */
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

/** True if a program can be started. */
export async function hasProgram(name: string, args = ["--version"]): Promise<boolean> {
  try {
    const command = new Deno.Command(name, { args, stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch {
    return false; // python3 is missing
  }
}
