import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import type { AuthError } from "../errors.ts";
import { currentRuntime } from "../runtime/current.ts";
import { errorKind } from "../runtime/error_kind.ts";
import type { Runtime, StopSignal } from "../runtime/runtime.ts";

/** What a command needs from the machine besides the runtime; passed in, so that a test can replace it. */
export interface Host {
  readonly runtime: Runtime;
  /** True if standard output is a terminal. */
  readonly outputIsTerminal: boolean;
  /** The folder that the command line's paths are relative to. */
  workingDirectory(): string;
  /**
   * Writes to standard output.
   *
   * @throws {BrokenPipe} if nobody reads any more; {OutputError} if it cannot be written
   */
  write(data: string | Uint8Array): Promise<void>;
  /** All of standard input. */
  readInput(): Promise<Uint8Array<ArrayBuffer>>;
  /** The bytes of a file; throws the runtime's error. */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Opens a file for writing and empties it; throws the runtime's error. */
  createFile(path: string): Promise<OutputFile>;
  /**
   * Starts a program on this process's input and output.
   *
   * @param variables what to add to this process's environment
   */
  start(program: string, args: readonly string[], variables: Record<string, string>): Child;
}

/** A running program. */
export interface Child {
  /** How it ended; rejects with the runtime's error if it could not be started. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Passes a signal on. */
  kill(signal: StopSignal): void;
}

/** A file being written; a failed write throws an {@linkcode OutputError}. */
export interface OutputFile {
  write(data: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The reader of standard output has closed it, as `head` does. */
export class BrokenPipe extends Error {
  /** The class name, `"BrokenPipe"`. */
  override name = "BrokenPipe";
}

/** Standard output, or the file that replaces it, cannot be written, for example because the disk is full. */
export class OutputError extends Error {
  /** The class name, `"OutputError"`. */
  override name = "OutputError";
}

/** Says why there is no {@linkcode processHost}: the runtime is too old. */
export function sayUnsupported(error: AuthError): undefined {
  process.stderr.write(`onecell: ${error.code}: ${error.message}\n`);
}

/** This process as a {@linkcode Host}: `node:process` is the same in Deno, Node and Bun. */
export async function processHost(): Promise<Host> {
  const { stdin, stdout } = process;
  // The writer below gets the error too; without a listener it would end the process with a stack trace.
  stdout.on("error", () => {});
  return {
    runtime: await currentRuntime(),
    outputIsTerminal: stdout.isTTY === true,
    workingDirectory: () => process.cwd(),
    write: (data) =>
      new Promise((resolve, reject) => {
        const done = (error?: unknown) => error ? reject(outputError(error)) : resolve();
        try {
          stdout.write(data, done);
        } catch (error) {
          done(error); // Deno throws errors of files and devices
        }
      }),
    async readInput() {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const part of stdin) parts.push(new Uint8Array(part));
      return new Uint8Array(await new Blob(parts).arrayBuffer());
    },
    readFile: async (path) => new Uint8Array(await readFile(path)),
    async createFile(path) {
      const file = await open(path, "w");
      const refuse = (error: unknown) => {
        throw outputError(error);
      };
      return {
        async write(data) {
          for (let done = 0; done < data.length;) {
            const { bytesWritten } = await file.write(data, done, data.length - done).catch(refuse);
            done += bytesWritten;
          }
        },
        close: () => file.close().catch(refuse),
      };
    },
    start(program, args, variables) {
      const child = spawn(program, [...args], {
        stdio: "inherit",
        env: { ...process.env, ...variables },
      });
      return {
        ended: new Promise((resolve, reject) => {
          child.once("error", reject);
          child.once("exit", (code, signal) => resolve({ code, signal }));
        }),
        // Not `child.kill`: Deno then reports the signal in place of the exit code.
        kill(signal) {
          const isRunning = child.exitCode === null && child.signalCode === null;
          if (child.pid !== undefined && isRunning) process.kill(child.pid, signal);
        },
      };
    },
  };
}

/** Translates the runtime's error for a failed write into the commands' own. */
function outputError(error: unknown): Error {
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  // Deno's own error has a name and no code.
  if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED" || name === "BrokenPipe") {
    return new BrokenPipe();
  }
  if (errorKind(error) !== "no_space") return new OutputError(String(message));
  return new OutputError("no space is left there; make room, or write it elsewhere");
}

/**
 * Ends the process soon with this code, unless it has ended by then: cancelled work may still wait for a
 * timer, and somebody who pressed Ctrl-C should not have to.
 */
export function endSoon(code: number): void {
  setTimeout(() => process.exit(code), 100).unref();
}

/**
 * Runs `main` if its module is the program itself, not imported by another one.
 *
 * @param meta the module's `import.meta`, which has no `main` in Node 22
 */
export async function runAsProgram(
  meta: { url: string; main?: boolean },
  main: (args: string[]) => Promise<number>,
): Promise<void> {
  if (!(meta.main ?? isProgram(meta.url))) return;
  process.exitCode = await main(process.argv.slice(2));
}

/** npm starts a command through a link. Node then gives the module's real path, Deno the link's. */
function isProgram(url: string): boolean {
  const [, script] = process.argv;
  if (script === undefined || !url.startsWith("file:")) return false;
  try {
    return realpathSync(script) === realpathSync(fileURLToPath(url));
  } catch {
    return false;
  }
}
