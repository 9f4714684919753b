/** The part of Deno's namespace this module uses, so that it also compiles where Deno's types are not. */

/** What `lstat` says. */
export interface DenoFileInfo {
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
  size: number;
  mode: number | null;
  ino: number | null;
  dev: number;
}

/** An open file. */
export interface DenoFile {
  write(bytes: Uint8Array): Promise<number>;
  sync(): Promise<void>;
  close(): void;
}

/** A started program. */
export interface DenoChild {
  readonly status: Promise<{ success: boolean }>;
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

/** `globalThis.Deno`. */
export interface DenoNamespace {
  readonly pid: number;
  readonly version: { readonly deno: string };
  readonly build: { readonly os: string };
  readonly env: {
    get(name: string): string | undefined;
    set(name: string, value: string): void;
  };
  readonly stdin: {
    isTerminal(): boolean;
    setRaw(on: boolean): void;
    read(into: Uint8Array): Promise<number | null>;
  };
  readonly stderr: { isTerminal(): boolean; writeSync(bytes: Uint8Array): number };
  lstat(path: string): Promise<DenoFileInfo>;
  lstatSync(path: string): DenoFileInfo;
  readFileSync(path: string): Uint8Array;
  readTextFileSync(path: string): string;
  open(
    path: string,
    options: { read?: boolean; write?: boolean; createNew?: boolean; mode?: number },
  ): Promise<DenoFile>;
  readTextFile(path: string): Promise<string>;
  readDir(path: string): AsyncIterable<{ name: string }>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  mkdir(path: string, options: { recursive: boolean; mode: number }): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  addSignalListener(signal: "SIGINT", listener: () => void): void;
  removeSignalListener(signal: "SIGINT", listener: () => void): void;
  createHttpClient?(options: { poolMaxIdlePerHost: number }): DenoHttpClient;
  Command: new (
    program: string,
    options: { args: string[]; stdin: "null"; stdout: "null"; stderr: "null" },
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
      info: { completed: Promise<void> },
    ) => Response | Promise<Response>,
  ): DenoServer;
}
