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

/** Deno has no `O_NOFOLLOW`: what was opened must be what `lstat` saw. */
async function readTextNoFollow(deno: DenoNamespace, path: string, limit: number): Promise<string> {
  for (let tries = 0; tries < OPENING_TRIES; tries++) {
    const seen = await deno.lstat(path);
    if (seen.isSymlink) throw new FileError("ELOOP", "it is a symbolic link");
    // Before opening: a pipe would wait for its writer for good.
    if (!seen.isFile) throw new FileError("NOT_TEXT", "it is not a file");
    const file = await deno.open(path, { read: true });
    try {
      if (sameFile(seen, await file.stat())) return decodeText(await readLimited(file, limit));
    } finally {
      file.close();
    }
  }
  throw new FileError("ELOOP", "something else is put in its place all the time");
}

function sameFile(a: DenoFileInfo, b: DenoFileInfo): boolean {
  return a.ino === null || b.ino === null || (a.ino === b.ino && a.dev === b.dev);
}

async function readLimited(file: DenoFile, limit: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(8192);
  let length = 0;
  for (;;) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) return bytes.subarray(0, length);
    length += count;
    if (length > limit) throw new FileError("NOT_TEXT", `it is larger than ${limit} bytes`);
    if (length === bytes.length) {
      const larger = new Uint8Array(bytes.length * 4);
      larger.set(bytes);
      bytes = larger;
    }
  }
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
