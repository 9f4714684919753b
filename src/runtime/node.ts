import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import process from "node:process";
import { browserCommand, opened } from "./browser.ts";
import { errorKind, missingFlag } from "./error_kind.ts";
import { nodeFiles } from "./node_files.ts";
import { nodeOnceFetch } from "./node_once_fetch.ts";
import { serveNodeLoopback } from "./node_server.ts";
import type { Runtime } from "./runtime.ts";
import { askLine } from "./terminal.ts";

const PLATFORMS: Record<string, Runtime["platform"]> = {
  linux: "linux",
  darwin: "darwin",
  win32: "windows",
};

/** Node or Bun as a {@linkcode Runtime}. */
export function nodeRuntime(): Runtime {
  const name = process.versions["bun"] === undefined ? "node" : "bun";
  const platform = PLATFORMS[process.platform] ?? "other";
  const runtime: Runtime = {
    name,
    platform,
    processId: process.pid,
    files: nodeFiles,
    refusedVariables: () => [],
    getEnvironment: (variable) => process.env[variable],
    setEnvironment(variable, value) {
      process.env[variable] = value;
    },
    homeDirectory: () => process.env[platform === "windows" ? "USERPROFILE" : "HOME"] || undefined,
    errorKind,
    missingFlag,
    inputIsTerminal: () => process.stdin.isTTY === true,
    errorIsTerminal: () => process.stderr.isTTY === true,
    ask,
    writeError,
    onInterrupt(listener) {
      process.on("SIGINT", listener);
      return () => void process.off("SIGINT", listener);
    },
    onceFetch: () => ({ fetch: name === "bun" ? bunOnceFetch : nodeOnceFetch, close() {} }),
    openBrowser: (url) => openBrowser(runtime, url),
    serveLoopback: serveNodeLoopback,
  };
  return runtime;
}

/** Bun takes no connection from its pool, and gives none back, when told not to keep it. */
function bunOnceFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  return fetch(input, { ...init, keepalive: false });
}

function writeError(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) {
    done += writeSync(process.stderr.fd, bytes, done);
  }
}

async function ask(text: string, secret: boolean): Promise<string | null> {
  const { stdin } = process;
  if (stdin.isTTY !== true) return null;
  try {
    return await askLine(
      { setRaw: (on) => void stdin.setRawMode(on), read, write: writeError },
      text,
      secret,
    );
  } finally {
    stdin.pause();
    stdin.unref?.(); // or the terminal keeps the process alive
  }
}

/** The next keys; in the order they came, because nothing is read between two calls. */
function read(): Promise<Uint8Array | null> {
  const { stdin } = process;
  stdin.ref?.();
  return new Promise((resolve, reject) => {
    const done = () => {
      stdin.pause();
      stdin.off("data", data).off("end", end).off("error", failed);
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
    stdin.on("data", data).on("end", end).on("error", failed).resume();
  });
}

async function openBrowser(runtime: Runtime, url: string): Promise<boolean> {
  const command = browserCommand(runtime, url);
  if (!command) return false;
  const child = spawn(command.program, command.args, { stdio: "ignore", detached: true });
  child.unref();
  return await opened(
    new Promise((resolve) => {
      child.once("error", () => resolve(false)); // no such program
      child.once("exit", (code) => resolve(code === 0));
    }),
  );
}
