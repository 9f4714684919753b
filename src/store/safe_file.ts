import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import { parentPath, temporaryPath } from "./paths.ts";

/**
 * Reads a file of secrets as ssh reads its own: only one that belongs to this user or to root, and
 * that nobody else can write to. Whoever can change it decides where a secret is sent.
 *
 * @returns `null` when there is none
 * @throws the runtime's error: "unsafe" for another's file, "symlink" for a link
 */
export async function readSafely(runtime: Runtime, path: string): Promise<string | null> {
  const { files } = runtime;
  // Without Deno's permission to ask who this is, the owner of the folder stands for it.
  const user = runtime.userId() ??
    (await files.status(parentPath(path)).catch(() => null))?.owner ?? undefined;
  let seen: FileStatus | undefined;
  const isOurs = (status: FileStatus) => {
    seen = status;
    const { owner, mode } = status;
    return (mode === null || (mode & 0o022) === 0) &&
      (owner === null || owner === 0 || user === undefined || owner === user);
  };
  try {
    return files.readTextNoFollow(path, undefined, isOurs);
  } catch (error) {
    if (runtime.errorKind(error) !== "unsafe" || seen === undefined) throw error;
    if (!await looksLikeNew(runtime, parentPath(path), seen)) throw error;
    return files.readTextNoFollow(path);
  }
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
