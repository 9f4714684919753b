import { isLoopback } from "../trust.ts";
import { AuthError } from "../errors.ts";
import type {
  DenoFile,
  DenoFileInfo,
  DenoHttpClient,
  DenoHttpClientOptions,
  DenoNamespace,
} from "./deno_namespace.ts";
import type { Doors } from "./doors.ts";
import {
  atOnce,
  decodeText,
  errorKind,
  FileError,
  isInability,
  MAXIMUM_BYTES,
  missingFlag,
} from "./error_kind.ts";
import type {
  DiskWeakness,
  FileStatus,
  FileSystem,
  OnceFetch,
  PrivateFileHandle,
  Runtime,
} from "./runtime.ts";

/** What Deno loads on first use. */
export interface DenoDoors extends Doors {
  signIn: () => Promise<typeof import("./deno_sign_in.ts")>;
}

/** Deno as a {@linkcode Runtime}. Nothing here imports a `node:` module: that alone takes 10–30 ms. */
export function denoRuntime(deno: DenoNamespace, doors: DenoDoors): Runtime {
  const platform = platformOf(deno.build.os);
  const refused = new Set<string>();
  const written = new Set<string>();
  let found: boolean | undefined;
  const proxied = () => found ??= mayUseProxy(deno);
  const runtime: Runtime = {
    name: "deno",
    platform,
    files: denoFiles(deno),
    getEnvironment(name) {
      try {
        return deno.env.get(name);
      } catch {
        refused.add(name); // not allowed, so treat it as unset
        return undefined;
      }
    },
    refusedVariables: () => [...refused],
    setEnvironment(name, value) {
      deno.env.set(name, value);
      written.add(name);
    },
    userId() {
      // Without the permission, the call would make Deno prompt the person.
      const { state } = deno.permissions.querySync({ name: "sys", kind: "uid" });
      return state === "granted" ? deno.uid() ?? undefined : undefined;
    },
    homeDirectory() {
      const home = runtime.getEnvironment(platform === "windows" ? "USERPROFILE" : "HOME");
      return home || undefined;
    },
    errorKind,
    missingFlag,
    inNotebook() {
      try {
        return deno.jupyter !== undefined;
      } catch {
        return false; // the getter throws outside a kernel
      }
    },
    inputIsTerminal: () => deno.stdin.isTerminal(),
    errorIsTerminal: () => deno.stderr.isTerminal(),
    async ask(text, secret) {
      return await (await doors.signIn()).ask(deno, runtime, doors, text, secret);
    },
    writeError: (text) => writeError(deno, text),
    onInterrupt(listener, signal = "SIGINT") {
      deno.addSignalListener(signal, listener);
      return () => deno.removeSignalListener(signal, listener);
    },
    onceFetch: () => onceFetch(deno, proxied),
    loopbackFetch: loopbackFetch(deno, proxied),
    async runProgram(command, options) {
      return await (await doors.program()).runDenoProgram(deno, runtime, command, options);
    },
    async openBrowser(url) {
      return await (await doors.signIn()).openBrowser(deno, runtime, doors, url, written);
    },
    async serveLoopback(hostname, port, handler) {
      return await (await doors.signIn()).serveLoopback(deno, hostname, port, handler);
    },
  };
  return runtime;
}

function platformOf(os: string): Runtime["platform"] {
  return os === "linux" || os === "darwin" || os === "windows" ? os : "other";
}

/** Reuses no connection, because Deno's `fetch` sends a request again, even a POST, when a reused one dies. */
function onceFetch(deno: DenoNamespace, proxied: () => boolean): OnceFetch {
  const create = deno.createHttpClient;
  if (create === undefined) return { fetch, close() {} };
  const clients: DenoHttpClient[] = [];
  return {
    fetch(input: RequestInfo | URL, init?: RequestInit) {
      const client = createClient(create, {
        poolMaxIdlePerHost: 0,
        ...(proxied() ? directTo(input) : {}),
      });
      clients.push(client);
      return fetch(input, { ...init, client } as RequestInit);
    },
    close: () => clients.forEach((client) => client.close()),
  };
}

/** Reaches this machine's servers directly: Deno's `fetch` takes proxies from the environment. */
function loopbackFetch(deno: DenoNamespace, proxied: () => boolean): typeof fetch {
  /** One client for each host and port; they live as long as the process. */
  const clients = new Map<string, DenoHttpClient>();
  return (input: RequestInfo | URL, init?: RequestInit) => {
    const create = deno.createHttpClient;
    const direct = proxied() ? directTo(input) : {};
    if (create === undefined || direct.proxy === undefined) return fetch(input, init);
    const key = JSON.stringify(direct);
    const client = clients.get(key) ?? createClient(create, direct);
    clients.set(key, client);
    return fetch(input, { ...init, client } as RequestInit);
  };
}

/** Options for a client that connects directly to a loopback URL's port, without a proxy. */
function directTo(input: RequestInfo | URL): Pick<DenoHttpClientOptions, "proxy"> {
  const { hostname, port, protocol } = new URL(
    typeof input === "object" && "url" in input ? input.url : input,
  );
  if (!isLoopback(hostname)) return {};
  return {
    proxy: {
      transport: "tcp",
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port || (protocol === "https:" ? 443 : 80)),
    },
  };
}

/** Whether Deno may use a proxy: one is set, or the variables cannot be read. */
function mayUseProxy(deno: DenoNamespace): boolean {
  return ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()])
    .some((variable) => {
      // Check first, because reading without the permission makes Deno prompt the person.
      const { state } = deno.permissions.querySync({ name: "env", variable });
      return state !== "granted" || Boolean(deno.env.get(variable));
    });
}

function createClient(
  create: NonNullable<DenoNamespace["createHttpClient"]>,
  options: DenoHttpClientOptions,
): DenoHttpClient {
  try {
    return create(options);
  } catch (error) {
    // Nothing else set up here can fail.
    throw new AuthError(
      "tls",
      "Deno cannot use the certificates it was given. Point DENO_CERT at a CA file in PEM, and set " +
        "DENO_TLS_CA_STORE to mozilla, system or both; or unset them.",
      { cause: error },
    );
  }
}

function writeError(deno: DenoNamespace, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += deno.stderr.writeSync(bytes.subarray(done));
}

/**
 * The disk under Deno. Calls that take some 50 µs are synchronous, because starting a thread takes longer.
 * Calls that wait for the disk itself are not.
 */
export function denoFiles(deno: DenoNamespace): FileSystem {
  const windows = deno.build.os === "windows";
  const weaknesses = new Set<DiskWeakness>();
  /** Skips what the disk does not support, and notes it. */
  const unable = (error: unknown, weakness: DiskWeakness) => {
    if (!isInability(error)) throw error;
    weaknesses.add(weakness);
  };
  const setMode = (path: string, mode: number) => {
    if (windows) return;
    try {
      deno.chmodSync(path, mode);
    } catch (error) {
      unable(error, "modes");
    }
  };
  return {
    readText: (path) => deno.readTextFile(path),
    readTextIfAllowed(path) {
      // Without the permission, the call would make Deno prompt the person.
      if (deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
      try {
        return deno.readTextFileSync(path);
      } catch {
        return undefined;
      }
    },
    readTextNoFollow(path, limit = MAXIMUM_BYTES, guard = undefined) {
      try {
        return readTextNoFollow(deno, path, limit, guard);
      } catch (error) {
        if (errorKind(error) === "not_found") return null;
        throw error;
      }
    },
    status: (path) => atOnce(() => status(deno, path)),
    createPrivate: (path, mode) =>
      atOnce(() => {
        const file = deno.openSync(path, { write: true, createNew: true, mode });
        try {
          // The umask may have removed the owner's rights; it never adds any.
          setMode(path, mode);
        } catch (error) {
          file.close();
          deno.removeSync(path);
          throw error;
        }
        return privateHandle(file, (error) => unable(error, "flush"));
      }),
    rename: (from, to) => atOnce(() => deno.renameSync(from, to)),
    remove: (path) => atOnce(() => deno.removeSync(path)),
    makeDirectory: (path) => atOnce(() => deno.mkdirSync(path, { recursive: true, mode: 0o700 })),
    async syncDirectory(path) {
      if (windows) return; // Windows cannot open a folder
      const folder = deno.openSync(path, { read: true });
      try {
        await folder.sync().catch((error) => unable(error, "flush"));
      } finally {
        folder.close();
      }
    },
    setMode: (path, mode) => atOnce(() => setMode(path, mode)),
    realPath: (path) => atOnce(() => deno.realPathSync(path)),
    weaknesses: () => [...weaknesses],
    list: (path) => atOnce(() => Array.from(deno.readDirSync(path), ({ name }) => name)),
  };
}

/** How often a file may be replaced while it is being opened. */
const OPENING_TRIES = 20;

/**
 * Deno has no `O_NOFOLLOW`, so the opened file must be the one that `lstat` saw. Synchronous, because every
 * start reads files, and each asynchronous call would wait for a thread.
 */
function readTextNoFollow(
  deno: DenoNamespace,
  path: string,
  limit: number,
  guard: ((status: FileStatus) => boolean) | undefined,
): string {
  for (let tries = 0; tries < OPENING_TRIES; tries++) {
    const seen = deno.lstatSync(path);
    if (seen.isSymlink) throw new FileError("ELOOP", "it is a symbolic link");
    // Check before opening: opening a pipe would wait forever for its writer.
    if (!seen.isFile) throw new FileError("NOT_TEXT", "it is not a file");
    if (seen.size > limit) throw new FileError("NOT_TEXT", `it is larger than ${limit} bytes`);
    const file = deno.openSync(path, { read: true });
    try {
      const opened = file.statSync();
      if (!sameFile(seen, opened)) continue;
      if (guard && !guard(statusOf(opened))) throw new FileError("UNSAFE", "others may change it");
      return decodeText(readAll(file, seen.size));
    } finally {
      file.close();
    }
  }
  throw new FileError("ELOOP", "it keeps being replaced");
}

function sameFile(a: DenoFileInfo, b: DenoFileInfo): boolean {
  return a.ino === null || b.ino === null || (a.ino === b.ino && a.dev === b.dev);
}

/** A rename replaces these files, and nobody writes to them, so the size is reliable. */
function readAll(file: DenoFile, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = file.readSync(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function status(deno: DenoNamespace, path: string): FileStatus | null {
  try {
    return statusOf(deno.lstatSync(path));
  } catch (error) {
    if (errorKind(error) === "not_found") return null;
    throw error;
  }
}

function statusOf({ isFile, isDirectory, isSymlink, mode, uid }: DenoFileInfo): FileStatus {
  return { isFile, isDirectory, isSymlink, mode: mode === null ? null : mode & 0o777, owner: uid };
}

function privateHandle(file: DenoFile, unable: (error: unknown) => void): PrivateFileHandle {
  return {
    write: (bytes) =>
      atOnce(() => {
        for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
      }),
    sync: () => file.sync().catch(unable),
    close: () => file.close(),
  };
}
