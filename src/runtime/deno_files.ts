import type { DenoFile, DenoFileInfo, DenoNamespace } from "./deno_namespace.ts";
import { atOnce, errorKind, FileError, MAXIMUM_BYTES, plainText } from "./error_kind.ts";
import type { FileStatus, FileSystem, PrivateFileHandle } from "./runtime.ts";

/**
 * The disk under Deno. What takes some 50 µs is done at once, instead of waiting for a thread that
 * has to be started first; what waits for the disk itself is not.
 */
export function denoFiles(deno: DenoNamespace): FileSystem {
  const windows = deno.build.os === "windows";
  return {
    readText: (path) => deno.readTextFile(path),
    readTextNoFollow(path, limit = MAXIMUM_BYTES) {
      try {
        return readTextNoFollow(deno, path, limit);
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
          // The umask may have taken the owner's own rights away; it can never have added any.
          if (!windows) deno.chmodSync(path, mode);
        } catch (error) {
          file.close();
          deno.removeSync(path);
          throw error;
        }
        return privateHandle(file);
      }),
    rename: (from, to) => atOnce(() => deno.renameSync(from, to)),
    remove: (path) => atOnce(() => deno.removeSync(path)),
    makeDirectory: (path) => atOnce(() => deno.mkdirSync(path, { recursive: true, mode: 0o700 })),
    async syncDirectory(path) {
      if (windows) return; // a folder cannot be opened there
      const folder = deno.openSync(path, { read: true });
      try {
        await folder.sync();
      } finally {
        folder.close();
      }
    },
    setMode: (path, mode) => atOnce(() => windows ? undefined : deno.chmodSync(path, mode)),
    list: (path) => atOnce(() => Array.from(deno.readDirSync(path), ({ name }) => name)),
  };
}

/** How often a file may be replaced by its writers while it is being read. */
const READING_TRIES = 20;

/**
 * Deno has no `O_NOFOLLOW`: what was read must be what `lstat` sees before and after. Synchronous,
 * because this is on the way of every start, and each call would otherwise wait for a thread.
 */
function readTextNoFollow(deno: DenoNamespace, path: string, limit: number): string {
  for (let tries = 0; tries < READING_TRIES; tries++) {
    const seen = deno.lstatSync(path);
    if (seen.isSymlink) throw new FileError("ELOOP", "it is a symbolic link");
    // Before opening: a pipe would wait for its writer for good.
    if (!seen.isFile) throw new FileError("NOT_TEXT", "it is not a file");
    if (seen.size > limit) throw new FileError("NOT_TEXT", `it is larger than ${limit} bytes`);
    const text = deno.readTextFileSync(path);
    const after = deno.lstatSync(path);
    if (!sameFile(seen, after)) continue;
    return plainText(text, () => deno.readFileSync(path));
  }
  throw new FileError("ELOOP", "something else is put in its place all the time");
}

/** Nobody writes to these files: a new one is renamed over the old. */
function sameFile(a: DenoFileInfo, b: DenoFileInfo): boolean {
  return a.size === b.size && a.isFile === b.isFile && a.isSymlink === b.isSymlink &&
    (a.ino === null || b.ino === null || (a.ino === b.ino && a.dev === b.dev));
}

function status(deno: DenoNamespace, path: string): FileStatus | null {
  try {
    const { isFile, isDirectory, isSymlink, mode } = deno.lstatSync(path);
    return { isFile, isDirectory, isSymlink, mode: mode === null ? null : mode & 0o777 };
  } catch (error) {
    if (errorKind(error) === "not_found") return null;
    throw error;
  }
}

function privateHandle(file: DenoFile): PrivateFileHandle {
  return {
    write: (bytes) =>
      atOnce(() => {
        for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
      }),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}
