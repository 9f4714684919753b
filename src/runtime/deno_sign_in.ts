/**
 * What a sign-in by a person needs of Deno: keys from a terminal, a browser, and a server on this machine.
 *
 * @module
 */
import type { DenoNamespace } from "./deno_namespace.ts";
import type { Doors } from "./doors.ts";
import type { LoopbackHandler, LoopbackServer, Runtime } from "./runtime.ts";

/** Asks for one line; see {@linkcode Runtime.ask}. */
export async function ask(
  deno: DenoNamespace,
  { onInterrupt, writeError }: Pick<Runtime, "onInterrupt" | "writeError">,
  doors: Doors,
  text: string,
  secret: boolean,
): Promise<string | null> {
  if (!deno.stdin.isTerminal()) return null;
  const { askLine } = await doors.terminal();
  return await askLine(
    {
      setRaw: (on) => deno.stdin.setRaw(on),
      read: (signal) => read(deno, signal),
      write: writeError,
      onInterrupt,
    },
    text,
    secret,
  );
}

/**
 * A pending read cannot be cancelled: if a signal ends its question, the read gets the next question's
 * keys, and keeps the process alive until then.
 */
let reading: Promise<Uint8Array | null> | undefined;

function read(deno: DenoNamespace, signal: AbortSignal): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(4096);
  const keys = reading ??= deno.stdin.read(buffer)
    .then((count) => count === null ? null : buffer.subarray(0, count))
    .finally(() => reading = undefined);
  return new Promise((resolve, reject) => {
    const stop = () => resolve(null);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    keys.then(resolve, reject);
  });
}

/** Opens a URL in the browser; see {@linkcode Runtime.openBrowser}. */
export async function openBrowser(
  deno: DenoNamespace,
  runtime: Runtime,
  doors: Doors,
  url: string,
  written: ReadonlySet<string>,
): Promise<boolean> {
  const { browserCommand, hiddenVariables, opened } = await doors.browser();
  const command = browserCommand(runtime, url);
  if (!command) return false;
  try {
    // Without the permission to list all variables, use those that this module has set.
    const mayList = deno.permissions.querySync({ name: "env" }).state === "granted";
    const names = mayList ? Object.keys(deno.env.toObject()) : [...written];
    // Deno can change a variable for a program that it starts, but cannot remove one.
    const env = Object.fromEntries(hiddenVariables(names, written).map((name) => [name, ""]));
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const child = new deno.Command(command.program, { args: command.args, env, ...quiet }).spawn();
    child.unref();
    return await opened(child.status.then((status) => status.success));
  } catch {
    return false; // no such program, or not allowed to start it
  }
}

/** How long responses in progress have to finish when a server closes, in milliseconds. */
const CLOSING_TIME = 300;

/** Listens on one loopback address; see {@linkcode Runtime.serveLoopback}. */
// `async`, so that a port in use rejects.
// deno-lint-ignore require-await
export async function serveLoopback(
  deno: DenoNamespace,
  hostname: "127.0.0.1" | "::1",
  port: number,
  handler: LoopbackHandler,
): Promise<LoopbackServer> {
  const abort = new AbortController();
  const answers = new Set<Promise<void>>();
  const server = deno.serve({
    hostname,
    port,
    signal: abort.signal,
    onListen() {}, // otherwise Deno writes a line to the notebook
    onError: () => new Response(null, { status: 500 }),
  }, (request, { completed, remoteAddr }) => {
    const answer = completed.catch(() => {}).finally(() => answers.delete(answer));
    answers.add(answer);
    return handler(request, { from: remoteAddr.port, to: server.addr.port });
  });
  return {
    port: server.addr.port,
    async close() {
      await within(CLOSING_TIME, Promise.all(answers));
      // Not after `shutdown()`, which waits for idle connections: together they throw.
      abort.abort();
      await server.finished;
    },
  };
}

async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const time = new Promise((resolve) => timer = setTimeout(resolve, milliseconds));
  await Promise.race([promise, time]);
  clearTimeout(timer);
}
