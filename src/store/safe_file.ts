import { FileError } from "../runtime/error_kind.ts";
import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import { parentPath, temporaryPath } from "./paths.ts";

/**
 * Reads a file of secrets as ssh reads its own: only one that belongs to this user or to root, and
 * that nobody else can write to. Anyone who can change it decides where a secret is sent.
 *
 * @returns `null` when there is none
 * @throws the runtime's error: "unsafe" for another's file, "symlink" for a link
 */
export async function readSafely(runtime: Runtime, path: string): Promise<string | null> {
  const { files } = runtime;
  let seen: FileStatus | undefined;
  let stranger: number | undefined;
  const isOurs = (status: FileStatus) => {
    seen = status;
    const { owner, mode } = status;
    if (mode !== null && (mode & 0o022) !== 0) return false;
    if (owner === null || owner === 0) return true;
    // Deno may not tell who this is. Asking takes it 0.25 ms: not for root's files.
    const user = runtime.userId();
    if (user === undefined) stranger = owner;
    return user === undefined || owner === user;
  };
  try {
    const text = files.readTextNoFollow(path, undefined, isOurs);
    if (stranger === undefined || stranger === await ownerOfFolder(runtime, path)) return text;
    throw new FileError("UNSAFE", "it belongs to another user than its folder");
  } catch (error) {
    if (runtime.errorKind(error) !== "unsafe" || seen === undefined) throw error;
    if (!await looksLikeNew(runtime, parentPath(path), seen)) throw error;
    return files.readTextNoFollow(path);
  }
}

/**
 * True for a folder of this user or of root that nobody else can write to: whoever can puts files of
 * theirs in it, or others' in place of them. What is above it does not count: a folder that somebody
 * puts in its place is theirs.
 *
 * @throws the runtime's error where the folder, or where this user is not told the one above it, may not
 * be looked at
 */
export async function isSafeFolder(runtime: Runtime, folder: string): Promise<boolean> {
  const { files } = runtime;
  const path = await files.realPath(folder);
  const seen = await files.status(path);
  if (seen === null) return false;
  const { owner, mode } = seen;
  const user = runtime.userId() ?? (await files.status(parentPath(path)))?.owner;
  const isOthers = owner !== null && owner !== 0 && owner !== user;
  const isOpen = mode !== null && (mode & 0o022) !== 0;
  return !isOthers && !isOpen || await looksLikeNew(runtime, path, seen);
}

/** Stands for this user's number, where that is not told. */
async function ownerOfFolder({ files }: Runtime, path: string): Promise<number | undefined> {
  const status = await files.status(parentPath(path)).catch(() => null);
  return status?.owner ?? undefined;
}

/**
 * True when a private file made here and now looks the same: a disk without modes or owners (drvfs,
 * exFAT, SMB) shows the same ones for every file, and they say nothing.
 */
async function looksLikeNew(
  runtime: Runtime,
  folder: string,
  seen: FileStatus,
): Promise<boolean> {
  const { files } = runtime;
  const path = temporaryPath(runtime, folder);
  try {
    await (await files.createPrivate(path, 0o600)).close();
    const made = await files.status(path);
    await files.remove(path);
    return made !== null && made.mode === seen.mode && made.owner === seen.owner;
  } catch {
    return false;
  }
}
