import { AuthError } from "../errors.ts";
import type { DenoNamespace } from "./deno_namespace.ts";
import type { ProgramOptions, ProgramResult, Runtime } from "./runtime.ts";

/** How much of a program's output is read at most, in bytes. */
const OUTPUT_LIMIT = 262_144;

/** Runs a program in Deno; see {@linkcode Runtime.runProgram}. */
export async function runDenoProgram(
  deno: DenoNamespace,
  { errorIsTerminal }: Pick<Runtime, "errorIsTerminal">,
  [program = "", ...args]: readonly string[],
  { signal, without }: ProgramOptions,
): Promise<ProgramResult> {
  // Check first: without the permission, starting a program would make Deno prompt the person.
  const { state } = deno.permissions.querySync({ name: "run", command: program });
  if (state !== "granted") {
    throw new AuthError(
      "permission_denied",
      `Deno may not run "${program}". Run with --allow-run=${program}.`,
    );
  }
  // Deno can change a variable for a program that it starts, but cannot remove one.
  const env = Object.fromEntries(without.map((name) => [name, ""]));
  const stderr = errorIsTerminal() ? "inherit" : "null";
  const child = new deno.Command(program, { args, env, stdin: "null", stdout: "piped", stderr })
    .spawn();
  const stop = () => {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended */ }
  };
  const output = await outputOf(child.stdout, signal, stop);
  const { code } = await child.status;
  return { code, output };
}

/**
 * Reads a program's output until it ends, gets too large, or the signal fires.
 *
 * @param stop ends the program
 */
export async function outputOf(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  stop: () => void,
): Promise<string> {
  const reader = stream.getReader();
  // A child of the program may hold the pipe open; do not wait for it.
  const end = () => {
    stop();
    void reader.cancel().catch(() => {});
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return text + decoder.decode();
      size += value.byteLength;
      if (size > OUTPUT_LIMIT) {
        end();
        throw new AuthError("bad_response", "The output is larger than 256 KB.");
      }
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener("abort", end);
  }
}
