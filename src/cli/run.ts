import { AuthError, isError, loaded } from "../errors.ts";
import { listen } from "../person/kernel.ts";
import type { StopSignal } from "../runtime/runtime.ts";
import { type Context, UsageError } from "./command.ts";
import { commands } from "./commands.ts";
import { findCommand, helpText, showHelp } from "./help.ts";
import { BrokenPipe, type Host, OutputError } from "./host.ts";
import { paintFor } from "./paint.ts";
import { parse } from "./parse.ts";
import { say } from "./say.ts";
import { VERSION } from "./version.ts";

/** Exit codes after a signal, as for a program that the signal ended. */
export const STOPPED: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };
const FAILED = 1;
const WRONG_USAGE = 2;

/** Runs one command line to its exit code. It never throws. */
export async function run(args: string[], host: Host): Promise<number> {
  const controller = new AbortController();
  let code = STOPPED.SIGINT;
  const interrupt = (by: StopSignal = "SIGINT") => {
    if (controller.signal.aborted) return;
    code = STOPPED[by];
    forget();
    controller.abort(new AuthError("aborted", "Cancelled."));
  };
  // Only once: a second Ctrl-C ends the process immediately.
  const forget = listen(host.runtime, () => interrupt());
  try {
    return await dispatch(args, host, controller.signal, interrupt);
  } catch (error) {
    if (controller.signal.aborted) {
      say(host, "cancelled.");
      return code;
    }
    return explain(error, host);
  } finally {
    forget();
  }
}

async function dispatch(
  [first, ...rest]: string[],
  host: Host,
  signal: AbortSignal,
  interrupt: Context["interrupt"],
): Promise<number> {
  if (first === undefined) {
    // This help was not requested, so it goes to standard error.
    host.runtime.writeError(helpText(commands, paintFor({ ...host, outputIsTerminal: false })));
    return WRONG_USAGE;
  }
  if (first === "--version" || first === "-V") {
    await host.write(`onecell ${VERSION}\n`);
    return 0;
  }
  if (first === "--help" || first === "-h") return await showHelp({ host, commands, words: [] });
  if (first.startsWith("-")) throw new UsageError(`Put the command before ${first}.`);
  const command = findCommand(commands, first);
  const { name } = command;
  const given = parse(command, rest);
  if (given.flags.has("help")) return await showHelp({ host, commands, words: [name] });
  const context: Context = { ...given, name, commands, host, signal, interrupt };
  return await (await loaded(command.load()))(context);
}

/** Reports an error on standard error. */
function explain(error: unknown, host: Host): number {
  if (error instanceof BrokenPipe) return 0;
  if (error instanceof UsageError) {
    say(host, error.message);
    say(host, `See: onecell help${error.command ? ` ${error.command}` : ""}`);
    return WRONG_USAGE;
  }
  if (error instanceof AuthError) say(host, `${error.code}: ${error.message}`);
  else if (error instanceof OutputError) {
    say(host, `Cannot write the output: ${error.message}.`);
  } else say(host, `Unexpected error. ${isError(error) ? error.message : ""}`);
  return FAILED;
}
