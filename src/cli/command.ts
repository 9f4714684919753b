import type { StopSignal } from "../runtime/runtime.ts";
import type { Host } from "./host.ts";

/** One option of a command. */
export interface OptionSpec {
  type: "boolean" | "string";
  /** One letter. */
  short?: string;
  /** May be given several times. */
  multiple?: boolean;
  /** The placeholder for the value in the help, such as `URL`. */
  value?: string;
  /** What the value can be, for completion. */
  choices?: readonly string[];
  /** True for an option that describes the person's own system; the help lists these separately. */
  own?: boolean;
  help: string;
}

/** Options by their long name. */
export type Options = Readonly<Record<string, OptionSpec>>;

/** What was given on the command line. */
export interface Given {
  /** Options that take a value, each with all its values. */
  texts: Readonly<Record<string, string[]>>;
  flags: ReadonlySet<string>;
  /** The words that are not options, in order. */
  words: readonly string[];
  /** How many of the words come before `--`; `undefined` without one. */
  before?: number | undefined;
}

/** What a command runs with. */
export interface Context extends Given {
  host: Host;
  /** The command's name, for messages. */
  name: string;
  /** The table of all commands. */
  commands: readonly Command[];
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Ends the command as Ctrl-C or the given signal does; for code that receives the signal itself. */
  interrupt: (by?: StopSignal) => void;
}

/** One command. The help, the parser and the completions come from its line in the table. */
export interface Command {
  name: string;
  /** What it does, in one line. */
  summary: string;
  /** The words it takes, such as `SYSTEM FILE`. */
  words: string;
  /** The smallest and largest number of words. */
  count: readonly [number, number];
  /** What a word can be, for completion. */
  completes: "provider" | "file" | "command" | "shell" | "nothing";
  options: Options;
  /** More lines for the command's own help. */
  details?: readonly string[];
  /** Loads the code that runs it; returns the exit code. */
  load: () => Promise<(context: Context) => Promise<number>>;
}

/** An option's value; the last one if there are several. */
export function textOf(given: Given, name: string): string | undefined {
  return given.texts[name]?.at(-1);
}

/** A command line that cannot be understood: exit code 2. */
export class UsageError extends Error {
  /** The class name, `"UsageError"`. */
  override name = "UsageError";
  /** The command it is about, if that is known. */
  readonly command: string | undefined;

  /** @param message what is wrong and what may have been meant @param command the command, if known */
  constructor(message: string, command?: string) {
    super(message);
    this.command = command;
  }
}
