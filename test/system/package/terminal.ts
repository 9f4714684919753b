import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { readReport, type Report, type Runner, type Task, taskEnvironment } from "./task.ts";
import { enter } from "../../support/person.ts";

/** The person at the terminal. */
export interface Player {
  /** The answer to type when the screen ends with a matching prompt. */
  answers?: [RegExp, string][];
  /** What to do once, when the screen shows this. */
  watch?: [RegExp, (match: RegExpExecArray) => Promise<void>];
  /** Signs in when the program opens a browser. Without it there is no browser. */
  browser?: (url: string) => Promise<void>;
}

/** True if a pseudo-terminal is available. */
export const terminalAvailable = Deno.build.os === "linux";

/** Runs a task at a pseudo-terminal, with a person who types and signs in. */
export async function runTaskAtTerminal(
  runner: Runner,
  task: Task,
  player: Player,
  env: Record<string, string> = {},
): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "onecell-terminal-"));
  try {
    const desktop = player.browser ? await makeDesktop(folder) : {};
    const process = new Deno.Command("script", {
      args: ["-qefc", [runner.program, ...runner.args].map(quote).join(" "), "/dev/null"],
      clearEnv: true,
      env: { TERM: "dumb", SHELL: "/bin/sh", ...taskEnvironment(runner, task, env), ...desktop },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const screen = await play(process, player, folder);
    return readReport(screen.replaceAll("\r", ""));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads the screen, types answers and follows links until the program ends. */
async function play(
  process: Deno.ChildProcess,
  player: Player,
  folder: string,
): Promise<string> {
  const keyboard = process.stdin.getWriter();
  const errors: unknown[] = [];
  const attempt = async (work: Promise<void>) => {
    await work.catch((error) => errors.push(error));
  };
  const tasks: Promise<void>[] = [];
  let ended = false;
  if (player.browser) tasks.push(attempt(openLinks(folder, player.browser, () => ended)));
  let screen = "";
  let answered = 0;
  let watching = player.watch !== undefined;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    screen += text;
    const [pattern, answer] = player.answers?.[answered] ?? [];
    if (pattern?.test(screen)) {
      answered++;
      await keyboard.write(new TextEncoder().encode(answer + "\r"));
    }
    const seen = watching ? player.watch?.[0].exec(screen) : null;
    if (seen) {
      watching = false;
      tasks.push(attempt(player.watch![1](seen)));
    }
  }
  await process.status;
  await keyboard.close().catch(() => {}); // the terminal closed with its program
  ended = true;
  await Promise.all(tasks);
  if (errors.length > 0) throw new Error(`${errors[0]}\nThe screen was:\n${screen}`);
  return screen;
}

/** A desktop whose browser writes the opened link to a file. */
async function makeDesktop(folder: string): Promise<Record<string, string>> {
  const opener = join(folder, "xdg-open");
  await writeFile(opener, `#!/bin/sh\nprintf '%s\\n' "$1" >> '${folder}/links'\n`, { mode: 0o755 });
  return { DISPLAY: ":0", PATH: [folder, Deno.env.get("PATH") ?? ""].join(delimiter) };
}

async function openLinks(
  folder: string,
  browser: (url: string) => Promise<void>,
  ended: () => boolean,
): Promise<void> {
  while (!ended()) {
    const links = await readFile(join(folder, "links"), "utf8").catch(() => "");
    const link = links.split("\n")[0];
    // The opened address redirects to the sign-in page.
    if (link) return await browser(await enter(link));
    await new Promise((done) => setTimeout(done, 30));
  }
  throw new Error("the program opened no link");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
