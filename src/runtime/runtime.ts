/** What differs between Deno and Node or Bun: one interface, and a file for each side. */

/** A text file's status, as the store needs it. */
export interface FileStatus {
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
  /** Permission bits, such as `0o600`; `null` if the platform has none. */
  mode: number | null;
  /** Its owner's user number; `null` if the platform has none. */
  owner: number | null;
}

/** What a disk may not support; see {@linkcode FileSystem.weaknesses}. */
export type DiskWeakness = "modes" | "flush";

/** A file being written: created exclusively, and private from its first byte. */
export interface PrivateFileHandle {
  /** Writes all bytes, or throws. */
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes the bytes to the disk. */
  sync(): Promise<void>;
  close(): void | Promise<void>;
}

/** The disk operations that the store uses. Errors are the runtime's own; see {@linkcode Runtime.errorKind}. */
export interface FileSystem {
  readText(path: string): Promise<string>;
  /** Reads an optional file, synchronously: `undefined` if it cannot be read. Asks for no permission. */
  readTextIfAllowed(path: string): string | undefined;
  /**
   * Reads a file of at most `limit` bytes (a megabyte) as UTF-8; `null` if there is none. It does not
   * follow a symlink: that is `errorKind` "symlink". A folder, a pipe, a larger file or other bytes are
   * "not_text", UTF-16 is "utf16". Synchronous, because a start has nothing else to do.
   *
   * @param guard checks the opened file before it is read; a file that it rejects is "unsafe"
   */
  readTextNoFollow(
    path: string,
    limit?: number,
    guard?: (status: FileStatus) => boolean,
  ): string | null;
  /** The path after all links; throws "not_found" if a link is broken. */
  realPath(path: string): Promise<string>;
  /** `lstat`: never follows a symlink. `null` if nothing is there. */
  status(path: string): Promise<FileStatus | null>;
  /** Creates a file exclusively (`O_EXCL`, so never through a symlink) with `mode`; nobody else can read it. */
  createPrivate(path: string, mode: number): Promise<PrivateFileHandle>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Creates missing folders with mode 0700; existing folders keep their modes. */
  makeDirectory(path: string): Promise<void>;
  /** Flushes a folder, so that a rename in it survives a power cut. Does nothing if that is not possible. */
  syncDirectory(path: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  list(path: string): Promise<string[]>;
  /** What the disk turned out not to support in this process, without harm to what was done. */
  weaknesses(): DiskWeakness[];
}

/** A class of runtime error, the same under every runtime. */
export type ErrorKind =
  | "not_found"
  | "exists"
  | "permission" // the operating system refuses
  | "capability" // Deno's permission flags refuse
  | "read_only"
  | "no_space"
  | "symlink"
  | "not_text" // it exists, but is not a plain text file within the size limit
  | "utf16" // a text file, but not in UTF-8
  | "unsafe" // another user's, or writable by others
  | "busy" // mounted on its own, or open in another program
  | "other";

/** Handles a request; its connection's ports tell who is at the other end. */
export type LoopbackHandler = (
  request: Request,
  connection: { readonly from: number; readonly to: number },
) => Response | Promise<Response>;

/** A server from {@linkcode Runtime.serveLoopback}. */
export interface LoopbackServer {
  /** The port in use. */
  readonly port: number;
  /** Stops listening, and closes open connections. */
  close(): Promise<void>;
}

/**
 * A `fetch` that never lets the runtime send a request a second time. `close` releases what it opened;
 * bodies that are still being read finish first.
 */
export interface OnceFetch {
  fetch: typeof fetch;
  close(): void;
}

/** A program's result. */
export interface ProgramResult {
  /** Its exit code; `null` if a signal ended it. */
  readonly code: number | null;
  /** What it wrote to standard output. */
  readonly output: string;
}

/** How to run a program. */
export interface ProgramOptions {
  /** Ends the program. */
  readonly signal: AbortSignal;
  /** Variables that the program does not inherit. */
  readonly without: readonly string[];
}

/** Signals that ask a process to end, from a person at the keyboard or another program. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** One runtime. */
export interface Runtime {
  readonly name: "deno" | "node" | "bun";
  readonly platform: "linux" | "darwin" | "windows" | "other";
  readonly files: FileSystem;
  /** Reads an environment variable; `undefined` if it is unset, or the runtime may not read it. */
  getEnvironment(name: string): string | undefined;
  /** The variables that could not be read so far, because of missing permissions. */
  refusedVariables(): string[];
  /** Sets an environment variable; throws if the runtime may not. */
  setEnvironment(name: string, value: string): void;
  /** The number of the user that runs this process; `undefined` if it is unknown. */
  userId(): number | undefined;
  /** The user's home folder, or `undefined` if there is none. */
  homeDirectory(): string | undefined;
  /** Classifies an error that the runtime threw. For "capability", {@linkcode missingFlag} names the flag. */
  errorKind(error: unknown): ErrorKind;
  /** The permission flag that an error asks for, such as `--allow-env=HOME`, if it asks for one. */
  missingFlag(error: unknown): string | undefined;
  /** True in a Jupyter kernel. */
  inNotebook(): boolean;
  /** True if a person can type into standard input. */
  inputIsTerminal(): boolean;
  /** True if standard error is a terminal. */
  errorIsTerminal(): boolean;
  /** Asks for one line on the terminal; `null` at end of input or if cancelled. */
  ask(text: string, secret: boolean): Promise<string | null>;
  /** Writes text to standard error. */
  writeError(text: string): void;
  /** Calls `listener` on SIGINT or SIGTERM instead of ending the process; returns a function that stops it. */
  onInterrupt(listener: () => void, signal?: StopSignal): () => void;
  /** A `fetch` for requests that must run once; see {@linkcode OnceFetch}. */
  onceFetch(): OnceFetch;
  /** A `fetch` for servers on this machine: it uses no proxy from the environment. */
  loopbackFetch: typeof fetch;
  /**
   * Runs a program without a shell, until it ends. It gets no input, and its standard error goes to this
   * process's if that is a terminal.
   *
   * @throws {AuthError} `permission_denied` if Deno may not run it; the signal's reason; else the runtime's
   * error, "not_found" if there is no such program
   */
  runProgram(command: readonly string[], options: ProgramOptions): Promise<ProgramResult>;
  /** Opens a URL in the person's browser; false if that does not work here. */
  openBrowser(url: string): Promise<boolean>;
  /** Listens on one loopback address, on a free port or on the given one. */
  serveLoopback(
    hostname: "127.0.0.1" | "::1",
    port: number,
    handler: LoopbackHandler,
  ): Promise<LoopbackServer>;
}
