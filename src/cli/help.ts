import { didYouMean } from "../base/text.ts";
import {
  type Command,
  type Context,
  type Options,
  type OptionSpec,
  UsageError,
} from "./command.ts";
import { type Paint, paintFor } from "./paint.ts";
import { EVERYWHERE } from "./parse.ts";

/** `onecell help [COMMAND]` */
export async function showHelp(
  { host, commands, words: [name] }: Pick<Context, "host" | "commands" | "words">,
): Promise<number> {
  const paint = paintFor(host);
  await host.write(
    name === undefined
      ? helpText(commands, paint)
      : commandHelp(findCommand(commands, name), paint),
  );
  return 0;
}

/** The command with this name. */
export function findCommand(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const hint = didYouMean(name, commands.map(({ name }) => name));
  throw new UsageError(`Unknown command "${name}".${hint}`);
}

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
    ...columns([["-h, --help", "show help, or the help of a command"], [
      "-V, --version",
      "show the version",
    ]]),
    "",
    `${paint.bold("Exit codes:")} 0 done, 1 error, 2 usage error,`,
    "            130 cancelled with Ctrl-C, 143 ended by SIGTERM.",
    `${paint.bold("More about a command:")} onecell help COMMAND`,
    "",
  ].join("\n");
}

/** The help for one command. Pure. */
function commandHelp(command: Command, paint: Paint): string {
  const { name, summary, options, details } = command;
  const group = (heading: string, some: Options) => {
    const rows = Object.entries(some).map(optionRow);
    return rows.length === 0 ? [] : ["", paint.bold(heading), ...columns(rows)];
  };
  const pick = (own: boolean) =>
    Object.fromEntries(Object.entries(options).filter(([, spec]) => (spec.own ?? false) === own));
  return [
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    "",
    `${paint.bold("Usage:")} onecell ${name} ${usageOf(command)}`,
    ...(details ? ["", ...details] : []),
    ...group("Options:", { ...pick(false), ...EVERYWHERE }),
    ...group("For a system of your own:", pick(true)),
    "",
  ].join("\n");
}

/** The words after a command's name. Options come before the words of another command. */
function usageOf({ words }: Command): string {
  const [ours = "", theirs] = words.split(" -- ");
  const usage = `${ours} [OPTIONS]`.trim();
  return theirs === undefined ? usage : `${usage} -- ${theirs}`;
}

function optionRow([name, { short, type, value, help, choices }]: [string, OptionSpec]): [
  string,
  string,
] {
  const long = type === "string" ? `--${name} ${value ?? "VALUE"}` : `--${name}`;
  const told = choices ? `${help}: ${choices.join(", ")}` : help;
  return [short === undefined ? `    ${long}` : `-${short}, ${long}`, told];
}

/** The longest line, in characters. */
const WIDTH = 96;

function columns(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - width).map((part, at) =>
      `  ${(at === 0 ? left : "").padEnd(width)}  ${part}`
    )
  );
}

/** Wraps a text at spaces. */
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
