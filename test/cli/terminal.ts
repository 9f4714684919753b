import type { Machine } from "./onecell.ts";

/** True if a pseudo-terminal is available: `script` of util-linux. */
export const terminalAvailable = await (async () => {
  if (Deno.build.os !== "linux") return false;
  try {
    const { success } = await new Deno.Command("script", {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
})();

/** What the person does when the screen shows a text; each once, in order. */
export type Play = [shown: RegExp, action: Action];
/** Keys to press, or another action. */
export type Action = string | ((match: RegExpExecArray) => Promise<void>);

/** The screen, with its control sequences, and the exit code. */
export interface Screen {
  code: number;
  screen: string;
}

/**
 * Runs a command at a pseudo-terminal, with a person who answers.
 *
 * @param redirect a redirection after the command, such as `2> file`
 */
export async function runAtTerminal(
  machine: Machine,
  args: string[],
  play: Play[],
  { redirect = "", env = {} }: { redirect?: string; env?: Record<string, string> } = {},
): Promise<Screen> {
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const line = [...machine.command, ...args].map(quote).join(" ");
  const process = new Deno.Command("script", {
    // Without `exec` there is a shell in between, which Ctrl-C ends as well.
    args: ["-qefc", `exec ${line} ${redirect}`, "/dev/null"],
    clearEnv: true,
    env: machine.environment({ TERM: "xterm", SHELL: "/bin/sh", ...env }),
    cwd: machine.home.path,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keyboard = process.stdin.getWriter();
  const actions: Promise<unknown>[] = [];
  let screen = "";
  let seen = 0;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    screen += text;
    for (let next = play[0]; next; next = play[0]) {
      const [shown, action] = next;
      const match = shown.exec(screen.slice(seen));
      if (!match) break;
      seen += match.index + match[0].length;
      play.shift();
      if (typeof action !== "string") actions.push(action(match));
      else await keyboard.write(new TextEncoder().encode(action));
    }
  }
  const { code } = await process.status;
  await keyboard.close().catch(() => {}); // the terminal closed with its program
  await Promise.all(actions);
  if (play.length > 0) throw new Error(`${play[0]?.[0]} was never shown:\n${screen}`);
  await machine.checkHidden(screen);
  return { code, screen };
}
