import { pause } from "../base/wait.ts";
import type { PrivateFileHandle, Runtime } from "../runtime/runtime.ts";
import { joinPath, parentPath, storeError, temporaryPath } from "./disk.ts";

/** The parts of the runtime that file access needs. */
export type FileRuntime = Pick<Runtime, "files" | "platform" | "errorKind">;

/** Matches temporary files' names; see {@linkcode temporaryPath}. */
const TEMPORARY_NAME = /^\.onecell-[0-9a-f]{32}\.tmp$/;

/** How often a write starts over when another process swept its temporary file. */
const WRITING_TRIES = 5;

/** How often a rename is tried again on Windows, and after what pause, in milliseconds. */
const RENAMING_TRIES = 20;
const RENAMING_PAUSE = 25;

/**
 * Writes a file that only its owner can read, completely or not at all: writes a temporary file in the
 * same folder, flushes it, then renames it to `path`. Replaces a symlink there, and never follows it.
 *
 * @throws the runtime's error; the old file is then unchanged, and no temporary file is left
 */
export async function writePrivateFile(
  runtime: FileRuntime,
  path: string,
  text: string,
): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let tries = 1;; tries++) {
    try {
      return await writeOnce(runtime, path, bytes);
    } catch (error) {
      // A process with the lock removed it as a leftover, because it could not know that we still run.
      if (runtime.errorKind(error) !== "not_found" || tries === WRITING_TRIES) throw error;
    }
  }
}

async function writeOnce(runtime: FileRuntime, path: string, bytes: Uint8Array): Promise<void> {
  const folder = parentPath(path);
  const temporary = temporaryPath(runtime, folder);
  await createPrivateFile(runtime, temporary, bytes);
  try {
    await replace(runtime, temporary, path);
  } catch (error) {
    await runtime.files.remove(temporary).catch(() => {});
    throw error;
  }
  // The file is in place now. If the folder cannot be flushed, only a power cut could undo the rename.
  await runtime.files.syncDirectory(folder).catch(() => {});
}

async function replace(runtime: FileRuntime, from: string, to: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await runtime.files.rename(from, to);
    } catch (error) {
      // Windows refuses while another process has the old file open, which is usually brief.
      const busy = runtime.platform === "windows" && runtime.errorKind(error) === "permission";
      if (!busy || tries === RENAMING_TRIES) throw error;
      await pause(RENAMING_PAUSE);
    }
  }
}

/**
 * Creates a file that only its owner can read, with all its bytes on the disk, and its folder.
 *
 * @throws the runtime's error, "exists" when the name is taken; no part of the file is left
 */
export async function createPrivateFile(
  runtime: FileRuntime,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  const handle = await createWithFolder(runtime, parentPath(path), path);
  try {
    try {
      await handle.write(bytes);
      // Before any rename; otherwise a power cut could leave the new name without content.
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await runtime.files.remove(path).catch(() => {});
    throw error;
  }
}

async function createWithFolder(
  runtime: FileRuntime,
  folder: string,
  path: string,
): Promise<PrivateFileHandle> {
  try {
    return await runtime.files.createPrivate(path, 0o600);
  } catch (error) {
    if (runtime.errorKind(error) !== "not_found") throw error;
    await runtime.files.makeDirectory(folder);
    return await runtime.files.createPrivate(path, 0o600);
  }
}

/** Removes a file; true when there was one. */
export async function removePrivateFile(runtime: FileRuntime, path: string): Promise<boolean> {
  try {
    await runtime.files.remove(path);
    return true;
  } catch (error) {
    if (runtime.errorKind(error) === "not_found") return false;
    throw error;
  }
}

/**
 * Renames a damaged file to set it aside, readable only by its owner.
 *
 * @returns its new name
 */
export async function setAside(runtime: FileRuntime, path: string): Promise<string> {
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const aside = `${path}.damaged-${time}`;
  await runtime.files.rename(path, aside);
  const status = await runtime.files.status(aside);
  if (status?.isFile) await runtime.files.setMode(aside, 0o600);
  return aside;
}

/**
 * Removes temporary files of killed writers, because they hold secrets. The caller must hold the
 * lock; a writer without the lock that loses its file here writes it again.
 */
export async function sweepTemporaryFiles(runtime: FileRuntime, folder: string): Promise<void> {
  for (const name of await runtime.files.list(folder).catch(() => [])) {
    if (TEMPORARY_NAME.test(name)) {
      await runtime.files.remove(joinPath(runtime, folder, name)).catch(() => {});
    }
  }
}

/**
 * Removes one of an application's token files, even a damaged one; true when there was one.
 *
 * @param directory the application's folder: Deno's flags must allow it
 * @throws {AuthError} `store_unavailable` or `permission_denied`
 */
export async function removeTokenFile(
  runtime: Runtime,
  path: string,
  directory: string,
): Promise<boolean> {
  try {
    return await removePrivateFile(runtime, path);
  } catch (error) {
    throw storeError(runtime, error, `remove the token "${path}"`, directory);
  }
}
