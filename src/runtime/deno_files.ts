import type { DenoFile, DenoFileInfo, DenoNamespace } from "./deno_namespace.ts";
import { decodeText, errorKind, FileError } from "./error_kind.ts";
import type { FileStatus, FileSystem, PrivateFileHandle } from "./runtime.ts";

/** The disk under Deno. */
export function denoFiles(deno: DenoNamespace): FileSystem {
  const windows = deno.build.os === "windows";
  return {
    readText: (path) => deno.readTextFile(path),
    readTextNoFollow: (path, limit) => readTextNoFollow(deno, path, limit),
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
    // What is no UTF-8 was replaced by this, unless the file does hold it.
    if (text.includes("\ufffd")) return decodeText(deno.readFileSync(path));
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }
  throw new FileError("ELOOP", "something else is put in its place all the time");
}

/** Nobody writes to these files: a new one is renamed over the old. */
function sameFile(a: DenoFileInfo, b: DenoFileInfo): boolean {
  return a.size === b.size && a.isFile === b.isFile && a.isSymlink === b.isSymlink &&
    (a.ino === null || b.ino === null || (a.ino === b.ino && a.dev === b.dev));
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
