import type { Command, OptionSpec } from "./command.ts";
import type { Paint } from "./paint.ts";
import { EVERYWHERE } from "./parse.ts";

/** The help for all commands. Pure. */
export function helpText(commands: readonly Command[], paint: Paint): string {
  return [
    "Sign in to OAuth 2 and OpenID Connect APIs, once, for notebooks, scripts and the shell.",
    "",
    `${paint.bold("Usage:")} onecell COMMAND [OPTIONS]`,
    "",
    paint.bold("Commands:"),
    ...columns(commands.map(({ name, words, summary }) => [`${name} ${words}`.trim(), summary])),
    "",
    paint.bold("Options:"),
    ...columns([["-h, --help", "show this help, or that of a command"], [
      "-V, --version",
      "show the version",
    ]]),
    "",
    `${paint.bold("Exit codes:")} 0 done, 1 it did not work, 2 the command line is wrong,`,
    "            130 stopped by Ctrl-C, 143 by SIGTERM.",
    `${paint.bold("More on a command:")} onecell help COMMAND`,
    "",
  ].join("\n");
}

/** The help for one command. Pure. */
export function commandHelp(command: Command, paint: Paint): string {
  const { name, words, summary, options, details } = command;
  return [
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    "",
    `${paint.bold("Usage:")} onecell ${`${name} ${words}`.trim()} [OPTIONS]`,
    ...(details ? ["", ...details] : []),
    "",
    paint.bold("Options:"),
    ...columns(Object.entries({ ...options, ...EVERYWHERE }).map(optionRow)),
    "",
  ].join("\n");
}

function optionRow([name, { short, type, value, help, choices }]: [string, OptionSpec]): [
  string,
  string,
] {
  const long = type === "string" ? `--${name} ${value ?? "VALUE"}` : `--${name}`;
  const told = choices ? `${help}: ${choices.join(", ")}` : help;
  return [short === undefined ? `    ${long}` : `-${short}, ${long}`, told];
}

/** The widest a line gets, in characters. */
const WIDTH = 96;

function columns(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - width).map((part, at) =>
      `  ${(at === 0 ? left : "").padEnd(width)}  ${part}`
    )
  );
}

/** Breaks a text at spaces. */
function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
