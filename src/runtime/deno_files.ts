import type { DenoFile, DenoFileInfo, DenoNamespace } from "./deno_namespace.ts";
import {
  atOnce,
  decodeText,
  errorKind,
  FileError,
  isInability,
  MAXIMUM_BYTES,
} from "./error_kind.ts";
import type { DiskWeakness, FileStatus, FileSystem, PrivateFileHandle } from "./runtime.ts";

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
