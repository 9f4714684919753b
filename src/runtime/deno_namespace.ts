/** The part of Deno's namespace that this module uses, so that it compiles without Deno's types. */

import type { StopSignal } from "./runtime.ts";

/** The result of `lstat`. */
export interface DenoFileInfo {
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
  size: number;
  mode: number | null;
  uid: number | null;
  ino: number | null;
  dev: number;
}

/** An open file. */
export interface DenoFile {
  readSync(into: Uint8Array): number | null;
  writeSync(bytes: Uint8Array): number;
  statSync(): DenoFileInfo;
  sync(): Promise<void>;
  close(): void;
}

/** A started program. */
export interface DenoChild {
  readonly status: Promise<{ success: boolean; code: number | null }>;
  /** The output, if it is piped; otherwise reading it throws. */
  readonly stdout: ReadableStream<Uint8Array>;
  kill(signal: "SIGKILL"): void;
  unref(): void;
}

/** A running server. */
export interface DenoServer {
  readonly addr: { port: number };
  readonly finished: Promise<void>;
}

/** An HTTP client with a connection pool of its own. */
export interface DenoHttpClient {
  close(): void;
}

/** The options of a client. */
export interface DenoHttpClientOptions {
  poolMaxIdlePerHost?: number;
  /** Connects there by TCP, instead of to the URL's host or a proxy from the environment. */
  proxy?: { transport: "tcp"; hostname: string; port: number };
}

/** `globalThis.Deno`. */
export interface DenoNamespace {
  /** Set only in a kernel; elsewhere reading it throws. */
  readonly jupyter?: unknown;
  readonly version: { readonly deno: string };
  readonly build: { readonly os: string };
  readonly env: {
    get(name: string): string | undefined;
    set(name: string, value: string): void;
    toObject(): Record<string, string>;
  };
  readonly stdin: {
    isTerminal(): boolean;
    setRaw(on: boolean): void;
    read(into: Uint8Array): Promise<number | null>;
  };
  readonly stderr: { isTerminal(): boolean; writeSync(bytes: Uint8Array): number };
  lstatSync(path: string): DenoFileInfo;
  openSync(
    path: string,
    options: { read?: boolean; write?: boolean; createNew?: boolean; mode?: number },
  ): DenoFile;
  realPathSync(path: string): string;
  readonly permissions: {
    querySync(
      descriptor:
        | { name: "sys"; kind: "uid" }
        | { name: "env"; variable?: string }
        | { name: "run"; command: string }
        | { name: "read"; path: string },
    ): { state: string };
  };
  uid(): number | null;
  readTextFile(path: string): Promise<string>;
  readTextFileSync(path: string): string;
  readDirSync(path: string): Iterable<{ name: string }>;
  renameSync(from: string, to: string): void;
  removeSync(path: string): void;
  mkdirSync(path: string, options: { recursive: boolean; mode: number }): void;
  chmodSync(path: string, mode: number): void;
  addSignalListener(signal: StopSignal, listener: () => void): void;
  removeSignalListener(signal: StopSignal, listener: () => void): void;
  createHttpClient?(options: DenoHttpClientOptions): DenoHttpClient;
  Command: new (
    program: string,
    options: {
      args: string[];
      env: Record<string, string>;
      stdin: "null";
      stdout: "null" | "piped";
      stderr: "null" | "inherit";
    },
  ) => { spawn(): DenoChild };
  serve(
    options: {
      hostname: string;
      port: number;
      signal: AbortSignal;
      onListen: () => void;
      onError: () => Response;
    },
    handler: (
      request: Request,
      info: { completed: Promise<void>; remoteAddr: { port: number } },
    ) => Response | Promise<Response>,
  ): DenoServer;
}
