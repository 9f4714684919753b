/**
 * Records `onecell login` and `onecell fetch` at a real terminal, against the sandbox, and saves the
 * animated picture for the README: `deno run -A scripts/record_terminal.ts`. It needs the command
 * `script` from util-linux.
 *
 * @module
 */
import { startSandbox } from "../examples/sandbox/mod.ts";
import { type Shown, terminalPicture } from "./terminal_picture.ts";

/** A fixed port, so that every picture shows the same addresses. */
const PORT = 9400;
/** The time limit for one command, in milliseconds. */
const PATIENCE = 30_000;
const root = new URL("../", import.meta.url);

await using sandbox = await startSandbox({ systems: ["spatiafi"], port: PORT });
const home = await Deno.makeTempDir({ prefix: "onecell-home-" });
const recording: Shown[] = [];
let time = 0.5;
recording.push([0, "\x1b[32m$\x1b[0m "]);
const user = sandbox.users[0] ?? { username: "", password: "" };
try {
  await record(["login", "spatiafi"], [
    [/user ?name[^\n]*: $/i, `${user.username}\r`],
    [/password[^\n]*: $/i, `${user.password}\r`],
  ]);
  await record(["fetch", "spatiafi", "/api/info?item_id=wildfire-risk-current-global-v1.0"], []);
  const picture = terminalPicture(recording, "onecell login and onecell fetch");
  if (picture.includes(user.password)) throw new Error("The picture would show the password.");
  await Deno.writeTextFile(new URL("examples/images/terminal.svg", root), picture);
} finally {
  await Deno.remove(home, { recursive: true });
}

/** Types a command, runs it at a terminal, and answers its prompts. */
async function record(args: string[], answers: [shown: RegExp, keys: string][]): Promise<void> {
  const quoted = args.map((word) => /[?&]/.test(word) ? `"${word}"` : word);
  type(`onecell ${quoted.join(" ")}`);
  time += 0.4;
  recording.push([time, "\r\n"]);
  const cli = new URL("src/cli.ts", root).pathname;
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const command = [Deno.execPath(), "run", "--quiet", "-A", cli, ...args].map(quote).join(" ");
  const child = new Deno.Command("script", {
    args: ["-qefc", command, "/dev/null"],
    env: { ...sandbox.environment, HOME: home, TERM: "xterm-256color", SHELL: "/bin/sh" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  const keyboard = child.stdin.getWriter();
  let screen = "";
  let seen = 0;
  let last = performance.now();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const now = performance.now();
    // Keep the real time, but shorten program starts, because they depend on the machine.
    time += Math.min((now - last) / 1000, 0.6);
    last = now;
    screen += text;
    recording.push([time, text.replaceAll(home, "~")]);
    const [next] = answers;
    if (next === undefined || !next[0].test(screen.slice(seen))) continue;
    seen = screen.length;
    answers.shift();
    // The terminal echoes the keys. Wait a second, as a person would.
    await new Promise((resolve) => setTimeout(resolve, 900));
    time += 0.9;
    last = performance.now();
    await keyboard.write(new TextEncoder().encode(next[1]));
  }
  const { code } = await child.status;
  clearTimeout(timer);
  await keyboard.close().catch(() => {}); // the terminal closed with its program
  if (code !== 0 || answers.length > 0) throw new Error(`onecell ${args.join(" ")}:\n${screen}`);
  time += 0.8;
  recording.push([time, `${screen.endsWith("\n") ? "" : "\r\n"}\x1b[32m$\x1b[0m `]);
  time += 0.8;
}

function type(text: string): void {
  for (const character of text) {
    time += 0.05;
    recording.push([time, character]);
  }
}
