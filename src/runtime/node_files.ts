import * as fs from "node:fs";
import { dirname } from "node:path";
import {
  atOnce,
  decodeText,
  errorKind,
  FileError,
  isInability,
  MAXIMUM_BYTES,
} from "./error_kind.ts";
import type { DiskWeakness, FileStatus, FileSystem, PrivateFileHandle } from "./runtime.ts";

const { process } = globalThis as unknown as { process: { platform: string } };
const windows = process.platform === "win32";

/** Windows has no such flags, so the first `lstat` has to be enough. */
const NO_FOLLOW = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

const weaknesses = new Set<DiskWeakness>();

/** Skips what the disk does not support, and notes it. */
function unable(error: unknown, weakness: DiskWeakness): void {
  if (!isInability(error)) throw error;
  weaknesses.add(weakness);
}

function setMode(action: () => void): void {
  if (windows) return;
  try {
    action();
  } catch (error) {
    unable(error, "modes");
  }
}

/**
 * The disk under Node and Bun. Calls that take some 50 µs are synchronous, because waiting for a thread
 * takes longer. Calls that wait for the disk itself are not.
 */
export const nodeFiles: FileSystem = {
  readText: (path) =>
    new Promise((resolve, reject) =>
      fs.readFile(path, "utf8", (error, text) => error ? reject(error) : resolve(text))
    ),
  readTextIfAllowed(path) {
    try {
      return fs.readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  readTextNoFollow,
  status: (path) => atOnce(() => status(path)),
  createPrivate: (path, mode) => atOnce(() => createPrivate(path, mode)),
  rename: (from, to) => atOnce(() => fs.renameSync(from, to)),
  remove: (path) => atOnce(() => fs.unlinkSync(path)),
  makeDirectory: (path) => atOnce(() => makeDirectory(path)),
  async syncDirectory(path) {
    if (windows) return; // Windows cannot open a folder
    const folder = fs.openSync(path, "r");
    try {
      await sync(folder);
    } finally {
      fs.closeSync(folder);
    }
  },
  setMode: (path, mode) => atOnce(() => setMode(() => fs.chmodSync(path, mode))),
  realPath: (path) => atOnce(() => fs.realpathSync(path)),
  weaknesses: () => [...weaknesses],
  list: (path) => atOnce(() => fs.readdirSync(path)),
};

/** Synchronous, because every start reads files, and each asynchronous step would wait for a thread. */
function readTextNoFollow(
  path: string,
  limit = MAXIMUM_BYTES,
  guard: ((status: FileStatus) => boolean) | undefined = undefined,
): string | null {
  const seen = fs.lstatSync(path, { throwIfNoEntry: false });
  if (seen === undefined) return null;
  if (seen.isSymbolicLink()) throw new FileError("ELOOP", "it is a symbolic link");
  // Non-blocking: otherwise opening a pipe would wait until somebody writes to it.
  const file = fs.openSync(path, fs.constants.O_RDONLY | NO_FOLLOW);
  try {
    const stat = fs.fstatSync(file);
    if (!stat.isFile()) throw new FileError("NOT_TEXT", "it is not a file");
    if (stat.size > limit) throw new FileError("NOT_TEXT", `it is larger than ${limit} bytes`);
    if (guard && !guard(statusOf(stat))) throw new FileError("UNSAFE", "others may change it");
    return decodeText(fs.readFileSync(file));
  } finally {
    fs.closeSync(file);
  }
}

function status(path: string): FileStatus | null {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : statusOf(stat);
}

function statusOf(stat: fs.Stats): FileStatus {
  return {
    isFile: stat.isFile(),
    isDirectory: stat.isDirectory(),
    isSymlink: stat.isSymbolicLink(),
    mode: windows ? null : stat.mode & 0o777,
    owner: windows ? null : stat.uid,
  };
}

/** Creates one folder at a time, because Node's own recursion reports a read-only disk as "not found". */
function makeDirectory(path: string, withParents = true): void {
  try {
    fs.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const kind = errorKind(error);
    if (kind === "exists") return;
    if (kind !== "not_found" || !withParents || dirname(path) === path) throw error;
    makeDirectory(dirname(path));
    makeDirectory(path, false);
  }
}

function createPrivate(path: string, mode: number): PrivateFileHandle {
  const file = fs.openSync(path, "wx", mode);
  try {
    // The umask may have removed the owner's rights; it never adds any.
    setMode(() => fs.fchmodSync(file, mode));
  } catch (error) {
    fs.closeSync(file);
    fs.unlinkSync(path);
    throw error;
  }
  return {
    write: (bytes) =>
      atOnce(() => {
        for (let done = 0; done < bytes.length;) {
          done += fs.writeSync(file, bytes, done, bytes.length - done);
        }
      }),
    sync: () => sync(file),
    close: () => fs.closeSync(file),
  };
}

function sync(file: number): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    fs.fsync(file, (error) => error ? reject(error) : resolve());
  }).catch((error) => unable(error, "flush"));
}
