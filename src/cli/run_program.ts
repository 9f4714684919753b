import { listen } from "../person/kernel.ts";
import type { StopSignal } from "../runtime/runtime.ts";
import { type Context, UsageError } from "./command.ts";
import type { Child, Host } from "./host.ts";
import { openSession } from "./open_session.ts";
import { findTarget } from "./target.ts";
import { usableToken } from "./token.ts";

/** A shell's exit codes for a program that cannot be started, and what it adds to a signal's number. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const SIGNALLED = 128;

/** The numbers of the signals that end programs, the same on Linux and macOS. */
const NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** `onecell run SYSTEM -- COMMAND...` */
export async function runProgram(context: Context): Promise<number> {
  const { host, words, before, signal } = context;
  const [program, ...args] = before === undefined ? [] : words.slice(before);
  if (program === undefined) {
    throw new UsageError("Put the command after --: onecell run SYSTEM -- COMMAND...", "run");
  }
  const target = await findTarget({ ...context, words: words.slice(0, before) });
  if (target.rest.length > 0) {
    throw new UsageError(
      `Unexpected argument "${target.rest[0]}". Usage: onecell run SYSTEM -- COMMAND...`,
      "run",
    );
  }
  const { accessToken, variable } = await usableToken(await openSession(context, target), signal);
  signal.throwIfAborted();
  return await runWith(host, program, args, { [variable]: accessToken });
}

/** Runs a program to its end; passes on the signals that this process gets. */
async function runWith(
  host: Host,
  program: string,
  args: readonly string[],
  variables: Record<string, string>,
): Promise<number> {
  const { runtime } = host;
  let child: Child | undefined;
  const pass = (signal: StopSignal) =>
    listen(runtime, () => {
      // A terminal sends Ctrl-C to both processes, so it is not sent again.
      if (signal !== "SIGINT" || !runtime.inputIsTerminal()) child?.kill(signal);
    }, signal);
  // Listen before the program starts: an early signal must not end this process alone.
  const forget = [pass("SIGINT"), pass("SIGTERM")];
  try {
    child = host.start(program, args, variables);
    const { code, signal } = await child.ended;
    return code ?? SIGNALLED + (NUMBERS[signal ?? ""] ?? 0);
  } catch (error) {
    const { code } = error as { code?: unknown };
    const isMissing = code === "ENOENT";
    if (!isMissing && code !== "EACCES") throw error;
    host.runtime.writeError(
      `onecell: ${isMissing ? "Command not found" : "Permission denied"}: ${program}\n`,
    );
    return isMissing ? NOT_FOUND : NOT_EXECUTABLE;
  } finally {
    for (const one of forget) one();
  }
}
