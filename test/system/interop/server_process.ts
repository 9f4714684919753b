import { DatabaseSync } from "node:sqlite";

/** A server's process. Disposing of it ends it. */
export interface ServerProcess extends AsyncDisposable {
  /** Its output so far, on standard output and standard error. */
  output(): string;
  /** The first line of standard output that starts with `{`, parsed. */
  firstJson(): Promise<unknown>;
  /** Waits until an address responds, with any status. */
  answers(url: string, seconds: number): Promise<void>;
}

/** The time limit for a server, in seconds, even if the test is killed. */
const LONGEST_LIFE = 240;

/** Starts a server. It stops when its input ends, or else by SIGTERM. */
export function startServerProcess(
  program: string,
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): ServerProcess {
  const process = new Deno.Command("timeout", {
    args: ["--kill-after=5", String(LONGEST_LIFE), program, ...args],
    ...options,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  let line = "";
  let ended = false;
  const found = Promise.withResolvers<unknown>();
  const read = async (stream: ReadableStream<Uint8Array>, isOutput: boolean) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (!isOutput) continue;
      line += chunk;
      const json = /^(\{.*\})\n/m.exec(line)?.[1];
      if (json !== undefined) found.resolve(JSON.parse(json));
    }
  };
  const done = Promise.all([read(process.stdout, true), read(process.stderr, false)]).then(() => {
    ended = true;
    found.reject(new Error(`the server did not start:\n${text.slice(-3000)}`));
  });
  found.promise.catch(() => {});
  return {
    output: () => text,
    firstJson: () => found.promise,
    async answers(url, seconds) {
      const deadline = performance.now() + seconds * 1000;
      for (;;) {
        try {
          await (await fetch(url, { redirect: "manual" })).body?.cancel();
          return;
        } catch (error) {
          if (ended || performance.now() > deadline) {
            throw new Error(`no answer from the server: ${error}\n${text.slice(-3000)}`);
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async [Symbol.asyncDispose]() {
      await process.stdin.close();
      // A server that does not read its input gets a signal, which `timeout` passes on.
      const patience = setTimeout(() => process.kill("SIGTERM"), 300);
      await process.status;
      clearTimeout(patience);
      await done;
    },
  };
}

/** Prepares a server that is already running, and ends it if that fails. */
export async function prepared<T>(process: ServerProcess, prepare: () => Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** A loopback port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** Changes a server's SQLite database while it runs. */
export function changeDatabase(path: string, statement: string): void {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    database.exec(statement);
  } finally {
    database.close();
  }
}

/** True if a program runs here and succeeds. */
export async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args: [...args],
      stdout: "null",
      stderr: "null",
    });
    return (await command.output()).success;
  } catch (error) {
    // The program does not exist.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
