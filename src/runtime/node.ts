import { writeSync } from "node:fs";
import type nodeProcess from "node:process";
import type { Doors } from "./doors.ts";
import { errorKind, missingFlag } from "./error_kind.ts";
import { nodeFiles } from "./node_files.ts";
import type { Runtime } from "./runtime.ts";

/** The global one: importing `node:process` opens standard input, which takes Node 4 ms. */
const { process } = globalThis as unknown as { process: typeof nodeProcess };

const PLATFORMS: Record<string, Runtime["platform"]> = {
  linux: "linux",
  darwin: "darwin",
  win32: "windows",
};

/** What Node loads when it is first needed. */
export interface NodeDoors extends Doors {
  server: () => Promise<typeof import("./node_server.ts")>;
  onceFetch: () => Promise<typeof import("./node_once_fetch.ts")>;
}

/** Node or Bun as a {@linkcode Runtime}. */
export function nodeRuntime(doors: NodeDoors): Runtime {
  const name = process.versions["bun"] === undefined ? "node" : "bun";
  const platform = PLATFORMS[process.platform] ?? "other";
  const runtime: Runtime = {
    name,
    platform,
    files: nodeFiles,
    refusedVariables: () => [],
    getEnvironment: (variable) => process.env[variable],
    setEnvironment(variable, value) {
      process.env[variable] = value;
    },
    userId: () => process.getuid?.(),
    homeDirectory: () => process.env[platform === "windows" ? "USERPROFILE" : "HOME"] || undefined,
    errorKind,
    missingFlag,
    inputIsTerminal: () => process.stdin.isTTY === true,
    errorIsTerminal: () => process.stderr.isTTY === true,
    ask: (text, secret) => ask(runtime, doors, text, secret),
    writeError,
    onInterrupt(listener, signal = "SIGINT") {
      process.on(signal, listener);
      return () => void process.off(signal, listener);
    },
    onceFetch: name === "bun" ? bunOnceFetch : () => nodeOnceFetch(doors),
    openBrowser: (url) => openBrowser(runtime, doors, url),
    async serveLoopback(...listener) {
      const { serveNodeLoopback } = await doors.server();
      return await serveNodeLoopback(...listener);
    },
  };
  return runtime;
}

/** Bun takes no connection from its pool, and gives none back, when told not to keep it. */
function bunOnceFetch(): { fetch: typeof fetch; close(): void } {
  const send = (input: RequestInfo | URL, init?: RequestInit) =>
    fetch(input, { ...init, keepalive: false });
  return { fetch: send as typeof fetch, close() {} };
}

/**
 * Node's `fetch` takes any idle connection of its pool, and fails when that one has died. Here every
 * request gets a pool of its own, whose one connection nobody takes again.
 */
function nodeOnceFetch(doors: NodeDoors): { fetch: typeof fetch; close(): void } {
  const send = async (input: RequestInfo | URL, init?: RequestInit) => {
    const pool = ownPool();
    if (pool) return await fetch(input, { ...init, dispatcher: pool } as RequestInit);
    const { fetchOnce } = await doors.onceFetch();
    return await fetchOnce(input, init);
  };
  return { fetch: send as typeof fetch, close() {} };
}

/**
 * A pool of the kind Node's `fetch` has, which is reached by the symbol that undici documents for
 * it. `undefined` where another kind was set in its place, such as a proxy's.
 */
function ownPool(): object | undefined {
  new Headers(); // what `fetch` is made of is loaded when first used
  // A program's own undici may be another version, whose pool Node's `fetch` cannot use.
  const version = Number.parseInt(process.versions["undici"] ?? "") >= 8 ? 2 : 1;
  const dispatcher = (globalThis as Record<symbol, unknown>)[
    Symbol.for(`undici.globalDispatcher.${version}`)
  ];
  if (dispatcher?.constructor.name !== "Agent") return undefined;
  const Agent = dispatcher.constructor as new (options: object) => object;
  // Idle connections keep no process alive; this one ends a millisecond after its answer, which
  // takes less than to end it with the answer.
  return new Agent({ connections: 1, keepAliveTimeout: 1, keepAliveMaxTimeout: 1 });
}

function writeError(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) {
    done += writeSync(process.stderr.fd, bytes, done);
  }
}

async function ask(
  { onInterrupt }: Pick<Runtime, "onInterrupt">,
  doors: Doors,
  text: string,
  secret: boolean,
): Promise<string | null> {
  const { stdin } = process;
  if (stdin.isTTY !== true) return null;
  const { askLine } = await doors.terminal();
  try {
    return await askLine(
      { setRaw: (on) => void stdin.setRawMode(on), read, write: writeError, onInterrupt },
      text,
      secret,
    );
  } finally {
    stdin.pause();
    stdin.unref?.(); // or the terminal keeps the process alive
  }
}

/** The next keys; in the order they came, because nothing is read between two calls. */
function read(signal: AbortSignal): Promise<Uint8Array | null> {
  const { stdin } = process;
  if (signal.aborted) return Promise.resolve(null);
  stdin.ref?.();
  return new Promise((resolve, reject) => {
    const done = () => {
      stdin.pause();
      stdin.off("data", data).off("end", end).off("error", failed);
      signal.removeEventListener("abort", end);
    };
    const data = (keys: Uint8Array | string) => {
      done();
      resolve(typeof keys === "string" ? new TextEncoder().encode(keys) : keys);
    };
    const end = () => {
      done();
      resolve(null);
    };
    const failed = (error: Error) => {
      done();
      reject(error);
    };
    signal.addEventListener("abort", end);
    stdin.on("data", data).on("end", end).on("error", failed).resume();
  });
}

async function openBrowser(
  runtime: Runtime,
  doors: Doors,
  url: string,
): Promise<boolean> {
  const { browserCommand, opened } = await doors.browser();
  const command = browserCommand(runtime, url);
  if (!command) return false;
  const { spawn } = await import("node:child_process");
  const child = spawn(command.program, command.args, { stdio: "ignore", detached: true });
  child.unref();
  return await opened(
    new Promise((resolve) => {
      child.once("error", () => resolve(false)); // no such program
      child.once("exit", (code) => resolve(code === 0));
    }),
  );
}
