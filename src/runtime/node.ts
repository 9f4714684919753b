import { writeSync } from "node:fs";
import type nodeProcess from "node:process";
import { AuthError } from "../errors.ts";
import { isLoopback } from "../trust.ts";
import type { Doors } from "./doors.ts";
import { errorKind, missingFlag } from "./error_kind.ts";
import { nodeFiles } from "./node_files.ts";
import type { ProgramOptions, ProgramResult, Runtime } from "./runtime.ts";

/** The global one: importing `node:process` opens standard input, which takes Node 4 ms. */
const { process } = globalThis as unknown as { process: typeof nodeProcess };

const PLATFORMS: Record<string, Runtime["platform"]> = {
  linux: "linux",
  darwin: "darwin",
  win32: "windows",
};

/** What Node loads on first use. */
export interface NodeDoors extends Doors {
  server: () => Promise<typeof import("./node_server.ts")>;
  directFetch: () => Promise<typeof import("./node_direct_fetch.ts")>;
}

/**
 * Refuses a Node that lacks what this module needs, such as `node:sqlite`. Otherwise a sign-in would fail
 * after the password was typed.
 *
 * @throws {AuthError} `unsupported`
 */
export function checkNodeVersion(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return;
  throw new AuthError(
    "unsupported",
    `Node ${version} is too old: @onecell/auth needs Node 22.13 or later. Install a newer Node.`,
  );
}

/**
 * Node or Bun as a {@linkcode Runtime}.
 *
 * @throws {AuthError} `unsupported` if Node is too old
 */
export function nodeRuntime(doors: NodeDoors): Runtime {
  const name = process.versions["bun"] === undefined ? "node" : "bun";
  if (name === "node") checkNodeVersion(process.versions.node);
  const platform = PLATFORMS[process.platform] ?? "other";
  const written = new Set<string>();
  const runtime: Runtime = {
    name,
    platform,
    files: nodeFiles,
    refusedVariables: () => [],
    getEnvironment: (variable) => process.env[variable],
    setEnvironment(variable, value) {
      process.env[variable] = value;
      written.add(variable);
    },
    userId: () => process.getuid?.(),
    homeDirectory: () => process.env[platform === "windows" ? "USERPROFILE" : "HOME"] || undefined,
    errorKind,
    missingFlag,
    inNotebook: () => false,
    inputIsTerminal: () => process.stdin.isTTY === true,
    errorIsTerminal: () => process.stderr.isTTY === true,
    ask: (text, secret) => ask(runtime, doors, text, secret),
    writeError,
    onInterrupt(listener, signal = "SIGINT") {
      process.on(signal, listener);
      return () => void process.off(signal, listener);
    },
    onceFetch: () => ({
      fetch: name === "bun" ? bunFetch({ keepalive: false }) : nodeFetch(doors),
      close() {},
    }),
    loopbackFetch: name === "bun" ? bunFetch({}) : nodeFetch(doors),
    runProgram: (command, options) => runProgram(runtime, doors, command, options),
    openBrowser: (url) => openBrowser(runtime, doors, url, written),
    async serveLoopback(...listener) {
      const { serveNodeLoopback } = await doors.server();
      return await serveNodeLoopback(...listener);
    },
  };
  return runtime;
}

/**
 * Bun sends PUT and DELETE again when a reused connection dies, but not POST. With keep-alive off, it
 * neither takes a connection from its pool nor returns one.
 */
const bunFetch = (more: { keepalive?: boolean }): typeof fetch =>
  ((input, init) => {
    const direct = isLoopback(new URL(urlOf(input)).hostname) ? { proxy: false } : {};
    return fetch(input, { ...init, ...more, ...direct } as RequestInit);
  }) as typeof fetch;

/**
 * Node's `fetch` does not send a request again when its connection dies, even a reused one (tried with Node
 * 22, 24 and 26 and fifteen ways of dying).
 */
const nodeFetch = (doors: NodeDoors): typeof fetch => async (input, init) => {
  if (!usesProxy() || !isLoopback(new URL(urlOf(input)).hostname)) return await fetch(input, init);
  const { directFetch } = await doors.directFetch();
  return await directFetch(input, init);
};

function urlOf(input: RequestInfo | URL): string | URL {
  return typeof input === "object" && "url" in input ? input.url : input;
}

/** Whether Node's `fetch` uses proxies from the environment. */
function usesProxy(): boolean {
  const { env, execArgv } = process;
  return env["NODE_USE_ENV_PROXY"] === "1" || execArgv.includes("--use-env-proxy") ||
    env["NODE_OPTIONS"]?.includes("--use-env-proxy") === true;
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
    stdin.unref?.(); // otherwise the terminal keeps the process alive
  }
}

/** The next keys, in order, because nothing is read between two calls. */
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

async function runProgram(
  { errorIsTerminal }: Pick<Runtime, "errorIsTerminal">,
  doors: Doors,
  [program = "", ...args]: readonly string[],
  { signal, without }: ProgramOptions,
): Promise<ProgramResult> {
  const [{ outputOf }, { spawn }, { Readable }] = await Promise.all([
    doors.program(),
    import("node:child_process"),
    import("node:stream"),
  ]);
  const env = { ...process.env };
  for (const name of without) delete env[name];
  const stderr = errorIsTerminal() ? "inherit" : "ignore";
  const child = spawn(program, args, { stdio: ["ignore", "pipe", stderr], env, windowsHide: true });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject); // no such program
    child.once("close", resolve);
  });
  ended.catch(() => {});
  const stream = Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>;
  const output = await outputOf(stream, signal, () => void child.kill("SIGKILL"))
    .catch(async (error) => {
      // If it did not start, the reason says more. Do not wait for a program that was stopped.
      if (!signal.aborted && !AuthError.is(error)) await ended;
      throw error;
    });
  return { code: await ended, output };
}

async function openBrowser(
  runtime: Runtime,
  doors: Doors,
  url: string,
  written: ReadonlySet<string>,
): Promise<boolean> {
  const { browserCommand, hiddenVariables, opened } = await doors.browser();
  const command = browserCommand(runtime, url);
  if (!command) return false;
  const { spawn } = await import("node:child_process");
  const env = { ...process.env };
  for (const name of hiddenVariables(Object.keys(env), written)) delete env[name];
  const child = spawn(command.program, command.args, { stdio: "ignore", detached: true, env });
  child.unref();
  return await opened(
    new Promise((resolve) => {
      child.once("error", () => resolve(false)); // no such program
      child.once("exit", (code) => resolve(code === 0));
    }),
  );
}
