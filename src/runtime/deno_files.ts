import type { DenoFile, DenoFileInfo, DenoNamespace } from "./deno_namespace.ts";
import { decodeText, errorKind, FileError } from "./error_kind.ts";
import type { FileStatus, FileSystem, PrivateFileHandle } from "./runtime.ts";

/** The disk under Deno. */
export function denoFiles(deno: DenoNamespace): FileSystem {
  const windows = deno.build.os === "windows";
  return {
    readText: (path) => deno.readTextFile(path),
    readTextNoFollow: (path, limit) =>
      new Promise((resolve) => resolve(readTextNoFollow(deno, path, limit))),
    status: (path) => status(deno, path),
    async createPrivate(path, mode) {
      const file = await deno.open(path, { write: true, createNew: true, mode });
      try {
        // The umask may have taken the owner's own rights away; it can never have added any.
        if (!windows) await deno.chmod(path, mode);
      } catch (error) {
        file.close();
        await deno.remove(path);
        throw error;
      }
      return privateHandle(file);
    },
    rename: (from, to) => deno.rename(from, to),
    remove: (path) => deno.remove(path),
    makeDirectory: (path) => deno.mkdir(path, { recursive: true, mode: 0o700 }),
    async syncDirectory(path) {
      if (windows) return; // a folder cannot be opened there
      const folder = await deno.open(path, { read: true });
      try {
        await folder.sync();
      } finally {
        folder.close();
      }
    },
    async setMode(path, mode) {
      if (!windows) await deno.chmod(path, mode);
    },
    async list(path) {
      const names: string[] = [];
      for await (const entry of deno.readDir(path)) names.push(entry.name);
      return names;
    },
  };
}

/** How often a file may be replaced by its writers while it is being opened. */
const OPENING_TRIES = 20;

/**
 * Deno has no `O_NOFOLLOW`: what was opened must be what `lstat` saw. Synchronous, because this is
 * on the way of every start: four calls of some 50 µs, of which each would otherwise wait for a
 * thread that has to be started first.
 */
function readTextNoFollow(deno: DenoNamespace, path: string, limit: number): string {
  for (let tries = 0; tries < OPENING_TRIES; tries++) {
    const seen = deno.lstatSync(path);
    if (seen.isSymlink) throw new FileError("ELOOP", "it is a symbolic link");
    // Before opening: a pipe would wait for its writer for good.
    if (!seen.isFile) throw new FileError("NOT_TEXT", "it is not a file");
    if (seen.size > limit) throw new FileError("NOT_TEXT", `it is larger than ${limit} bytes`);
    const file = deno.openSync(path, { read: true });
    try {
      if (sameFile(seen, file.statSync())) return decodeText(readAll(file, seen.size));
    } finally {
      file.close();
    }
  }
  throw new FileError("ELOOP", "something else is put in its place all the time");
}

function sameFile(a: DenoFileInfo, b: DenoFileInfo): boolean {
  return a.ino === null || b.ino === null || (a.ino === b.ino && a.dev === b.dev);
}

/** Nobody writes to these files: a new one is renamed over the old. The size is the size. */
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

async function status(deno: DenoNamespace, path: string): Promise<FileStatus | null> {
  try {
    const { isFile, isDirectory, isSymlink, mode } = await deno.lstat(path);
    return { isFile, isDirectory, isSymlink, mode: mode === null ? null : mode & 0o777 };
  } catch (error) {
    if (errorKind(error) === "not_found") return null;
    throw error;
  }
}

function privateHandle(file: DenoFile): PrivateFileHandle {
  return {
    async write(bytes) {
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
    },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}
