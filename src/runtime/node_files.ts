import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import { decodeText, errorKind, FileError } from "./error_kind.ts";
import type { FileStatus, FileSystem, PrivateFileHandle } from "./runtime.ts";

const { process } = globalThis as unknown as { process: { platform: string } };
const windows = process.platform === "win32";

/** Windows has no such flags; there the first `lstat` must do. */
const NO_FOLLOW = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** The disk under Node and Bun. */
export const nodeFiles: FileSystem = {
  readText: (path) => fs.readFile(path, "utf8"),
  readTextNoFollow,
  status,
  createPrivate,
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.unlink(path),
  makeDirectory: (path) => makeDirectory(path),
  async syncDirectory(path) {
    if (windows) return; // a folder cannot be opened there
    const folder = await fs.open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  async setMode(path, mode) {
    if (!windows) await fs.chmod(path, mode);
  },
  list: (path) => fs.readdir(path),
};

/** Synchronous, because this is on the way of every start: each step would wait for a thread. */
function readTextNoFollow(path: string, limit: number): string {
  if (lstatSync(path).isSymbolicLink()) throw new FileError("ELOOP", "it is a symbolic link");
  // Without waiting, or a pipe would keep us until somebody writes to it.
  const file = openSync(path, constants.O_RDONLY | NO_FOLLOW);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new FileError("NOT_TEXT", "it is not a file");
    if (stat.size > limit) throw new FileError("NOT_TEXT", `it is larger than ${limit} bytes`);
    // Nobody writes to these files: a new one is renamed over the old. The size is the size.
    const bytes = new Uint8Array(stat.size);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(file, bytes, length, bytes.length - length, length);
      if (count === 0) break;
      length += count;
    }
    return decodeText(bytes.subarray(0, length));
  } finally {
    closeSync(file);
  }
}

async function status(path: string): Promise<FileStatus | null> {
  try {
    const stat = await fs.lstat(path);
    return {
      isFile: stat.isFile(),
      isDirectory: stat.isDirectory(),
      isSymlink: stat.isSymbolicLink(),
      mode: windows ? null : stat.mode & 0o777,
    };
  } catch (error) {
    if (errorKind(error) === "not_found") return null;
    throw error;
  }
}

/** Folder by folder: Node's own recursion calls a read-only disk "not found". */
async function makeDirectory(path: string, withParents = true): Promise<void> {
  try {
    await fs.mkdir(path, { mode: 0o700 });
  } catch (error) {
    const kind = errorKind(error);
    if (kind === "exists") return;
    if (kind !== "not_found" || !withParents || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await makeDirectory(path, false);
  }
}

async function createPrivate(path: string, mode: number): Promise<PrivateFileHandle> {
  const file = await fs.open(path, "wx", mode);
  try {
    // The umask may have taken the owner's own rights away; it can never have added any.
    if (!windows) await file.chmod(mode);
  } catch (error) {
    await file.close();
    await fs.unlink(path);
    throw error;
  }
  return {
    async write(bytes) {
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
      }
    },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}
