/** What differs between Deno and Node/Bun: one interface, two files behind it. */

/** A text file's state as the store needs it. */
export interface FileStatus {
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
  /** Permission bits, such as `0o600`; `null` where the platform has none. */
  mode: number | null;
  /** The number of the user it belongs to; `null` where the platform has none. */
  owner: number | null;
}

/** What a disk may be unable to do; see {@linkcode FileSystem.weaknesses}. */
export type DiskWeakness = "modes" | "flush";

/** An open file being written: created exclusively, private from its first byte. */
export interface PrivateFileHandle {
  /** Writes all bytes or throws. */
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes the bytes to the disk. */
  sync(): Promise<void>;
  close(): void | Promise<void>;
}

/** The disk, in the few verbs the store uses. Errors are the runtime's own; see {@linkcode Runtime.errorKind}. */
export interface FileSystem {
  readText(path: string): Promise<string>;
  /** What may be left unread, at once: `undefined` where it cannot be read. Asks for no permission. */
  readTextIfAllowed(path: string): string | undefined;
  /**
   * Reads a file of at most `limit` bytes (a megabyte) as UTF-8; `null` when there is none. Not
   * through a symlink: that is `errorKind` "symlink". A folder, a pipe, a larger file or other bytes are
   * "not_text", UTF-16 is "utf16". At once: a start has nothing to do meanwhile.
   *
   * @param guard looks at what was opened, before it is read; a file it does not take is "unsafe"
   */
  readTextNoFollow(
    path: string,
    limit?: number,
    guard?: (status: FileStatus) => boolean,
  ): string | null;
  /** The path behind all links; throws "not_found" when they lead nowhere. */
  realPath(path: string): Promise<string>;
  /** `lstat`: never follows a symlink. `null` when nothing is there. */
  status(path: string): Promise<FileStatus | null>;
  /** Exclusive create (`O_EXCL`, so never through a symlink) with `mode`, readable by nobody else. */
  createPrivate(path: string, mode: number): Promise<PrivateFileHandle>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Creates missing folders with mode 0700; folders that were there keep their modes. */
  makeDirectory(path: string): Promise<void>;
  /** Flushes a folder, so that a rename in it survives a power cut. A no-op where impossible. */
  syncDirectory(path: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  list(path: string): Promise<string[]>;
  /** What the disk turned out to be unable to do in this process, without harm to what was done. */
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
  | "not_text" // there, but not a plain text file within the size limit
  | "utf16" // a text file, but not in UTF-8
  | "unsafe" // another user's, or writable by others
  | "busy" // mounted on its own, or open in another program
  | "other";

/** Answers a request; the ports of its connection tell who is at the other end. */
export type LoopbackHandler = (
  request: Request,
  connection: { readonly from: number; readonly to: number },
) => Response | Promise<Response>;

/** A server of {@linkcode Runtime.serveLoopback}. */
export interface LoopbackServer {
  /** The port the system chose. */
  readonly port: number;
  /** Stops listening and closes what is open. */
  close(): Promise<void>;
}

/**
 * A `fetch` that never lets the runtime send a request a second time. `close` frees what it opened;
 * bodies that are still being read come to their end.
 */
export interface OnceFetch {
  fetch: typeof fetch;
  close(): void;
}

/** What a program came to. */
export interface ProgramResult {
  /** Its exit code; `null` where a signal ended it. */
  readonly code: number | null;
  /** What it printed on standard output. */
  readonly output: string;
}

/** How a program is run. */
export interface ProgramOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Variables that it does not inherit. */
  readonly without: readonly string[];
}

/** What asks a process to end: a person at the keyboard, or another program. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** One runtime. */
export interface Runtime {
  readonly name: "deno" | "node" | "bun";
  readonly platform: "linux" | "darwin" | "windows" | "other";
  readonly files: FileSystem;
  /** Reads one environment variable; `undefined` when unset, or when the runtime may not read it. */
  getEnvironment(name: string): string | undefined;
  /** The variables the runtime's permissions kept from being read so far. */
  refusedVariables(): string[];
  /** Sets one environment variable; throws when the runtime may not. */
  setEnvironment(name: string, value: string): void;
  /** The number of the user this process runs as; `undefined` where it is not told. */
  userId(): number | undefined;
  /** The user's home folder, or `undefined` when there is none. */
  homeDirectory(): string | undefined;
  /** Classifies an error thrown by the runtime. For "capability", {@linkcode missingFlag} names the flag. */
  errorKind(error: unknown): ErrorKind;
  /** The permission flag an error asks for, such as `--allow-env=HOME`, if that is what it is. */
  missingFlag(error: unknown): string | undefined;
  /** True in a Jupyter kernel. */
  inNotebook(): boolean;
  /** True when a person can type into standard input. */
  inputIsTerminal(): boolean;
  /** True when standard error is a terminal. */
  errorIsTerminal(): boolean;
  /** Asks one line on the terminal; `null` at end of input or when cancelled. */
  ask(text: string, secret: boolean): Promise<string | null>;
  /** Writes text to standard error. */
  writeError(text: string): void;
  /** Calls `listener` on SIGINT, or SIGTERM, instead of ending the process; returns how to stop listening. */
  onInterrupt(listener: () => void, signal?: StopSignal): () => void;
  /** A `fetch` for requests that must run once; see {@linkcode OnceFetch}. */
  onceFetch(): OnceFetch;
  /** A `fetch` for servers of this machine: no proxy of the environment sees the request. */
  loopbackFetch: typeof fetch;
  /**
   * Runs a program without a shell, to its end; it reads nothing, and what it says on standard error
   * goes to this process's, where that is a terminal.
   *
   * @throws {AuthError} `permission_denied` where Deno may not; what `signal` was aborted with; else
   * the runtime's error, "not_found" where there is none
   */
  runProgram(command: readonly string[], options: ProgramOptions): Promise<ProgramResult>;
  /** Opens a URL in the person's browser; false when that cannot work here. */
  openBrowser(url: string): Promise<boolean>;
  /** Listens on one loopback address, on a free port or on the one given. */
  serveLoopback(
    hostname: "127.0.0.1" | "::1",
    port: number,
    handler: LoopbackHandler,
  ): Promise<LoopbackServer>;
}
