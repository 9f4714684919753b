import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parseToken } from "../token/token.ts";
import { isWithoutLocks, withLock } from "./lock.ts";
import { facts, TOKEN_FOLDER } from "./open_store.ts";
import { joinPath, parentPath, readSafely, storeError, temporaryPath } from "./disk.ts";
import type { OpenStoreOptions, TokenStore } from "./store.ts";
import { removePrivateFile } from "./private_file.ts";

/** The doctor's checks: whether a store can do what sessions need. */

/** True when a token's file exists but cannot be used; false when this cannot be checked. */
export async function isDamaged(runtime: Runtime, path: string, key: string): Promise<boolean> {
  try {
    const text = await readSafely(runtime, path);
    return text !== null && parseToken(text, key) === undefined;
  } catch (error) {
    return ["not_text", "utf16", "unsafe"].includes(runtime.errorKind(error));
  }
}

/** What the checks found out about a token folder. */
export interface FolderCondition {
  /** Whether its disk supports file locks; `null` when this could not be tried. */
  locks: boolean | null;
  /** What its disk cannot do: keep file modes, or flush writes. */
  weaknesses: string[];
  /** What does not work, in words. */
  problem?: AuthError;
}

/** Tries the lock of an application's folder, as a renewal does. Creates the folder if it is missing. */
export async function inspectFolder(
  runtime: Runtime,
  directory: string,
  signal?: AbortSignal,
): Promise<FolderCondition> {
  const path = joinPath(runtime, directory, TOKEN_FOLDER, "lock.sqlite");
  const weaknesses = () => runtime.files.weaknesses();
  try {
    const options = { timeout: 2_000, signal };
    await withLock(runtime, { path, directory }, () => Promise.resolve(), options);
    return { locks: true, weaknesses: weaknesses() };
  } catch (error) {
    const problem = error as AuthError;
    if (isWithoutLocks(error)) return { locks: false, weaknesses: weaknesses(), problem };
    // Another process held the lock for two seconds, so locks work.
    if (problem.code === "store_locked") return { locks: true, weaknesses: weaknesses() };
    return { locks: null, weaknesses: weaknesses(), problem };
  }
}

/** What the checks found out about a store. */
export interface StoreCondition extends FolderCondition {
  /** Where sessions are saved, without a password. */
  kept: string;
  /** The folder, if there is one. */
  folder?: string;
  /** Who else could read the sessions, in words. */
  readers: string;
}

/** Which store to look at. */
export interface InspectOptions extends Pick<OpenStoreOptions, "runtime" | "directory" | "store"> {
  /** Opens a store other than files or memory. */
  open: (() => Promise<TokenStore>) | undefined;
}

/** Inspects a store and tries its lock: one round trip, or one file lock. */
export async function inspectStore(
  options: InspectOptions,
  signal: AbortSignal = AbortSignal.timeout(10_000),
): Promise<StoreCondition> {
  const { runtime, directory, store, open } = options;
  const { kept } = facts(store);
  if (store === "memory") {
    return { kept, readers: "this process only", locks: true, weaknesses: [] };
  }
  const isFolder = kept === "disk" || kept === "keyring:";
  if (isFolder && directory === undefined) {
    const problem = new AuthError("store_unavailable", "There is no folder to save sessions in.");
    return { kept, readers: "nobody", locks: null, weaknesses: [], problem };
  }
  const readers = kept === "disk"
    ? "you and this machine's administrators"
    : kept === "own"
    ? "anyone who can read the store that the program passed in"
    : kept === "keyring:"
    ? "you, while your keyring is unlocked"
    : "anyone who has ONECELL_STORE_KEY and can reach the server";
  const folder = isFolder && directory !== undefined
    ? await inspectFolder(runtime, directory, signal)
    : undefined;
  const condition = folder ?? { locks: null, weaknesses: [] };
  const base = {
    kept,
    readers,
    ...condition,
    ...(isFolder ? { folder: directory as string } : {}),
  };
  if (open === undefined) return base;
  try {
    const driver = await open();
    const probe = "the doctor's question";
    await driver.exclusive(probe, () => driver.read(probe), { signal });
    return { ...base, locks: true };
  } catch (error) {
    if (error instanceof AuthError) return { ...base, problem: error };
    const problem = new AuthError("store_unavailable", "The store failed.", { cause: error });
    return { ...base, problem };
  }
}

/** What is at a path, as a report shows it. */
export interface PathCondition {
  /** The path. */
  path: string;
  /** What is at the path; `"unknown"` when this process may not look. */
  kind: "file" | "folder" | "symlink" | "other" | "missing" | "unknown";
  /** Permission bits in octal, such as `"0600"`; absent when the platform has none. */
  mode?: string;
}

/** Looks at a path without following a link; never throws. */
export async function inspectPath(runtime: Runtime, path: string): Promise<PathCondition> {
  try {
    const status = await runtime.files.status(path);
    if (status === null) return { path, kind: "missing" };
    const kind = status.isSymlink
      ? "symlink"
      : status.isFile
      ? "file"
      : status.isDirectory
      ? "folder"
      : "other";
    // A link's own mode says nothing about its target.
    if (status.mode === null || kind === "symlink") return { path, kind };
    return { path, kind, mode: `0${status.mode.toString(8).padStart(3, "0")}` };
  } catch {
    return { path, kind: "unknown" };
  }
}

/**
 * Checks whether files can be created in a folder, by creating and removing an empty private one.
 * Modes alone do not show a read-only disk, and Deno does not show this process's user. If the folder
 * is missing, tries the nearest existing one above, in which a first save would create it.
 *
 * @param directory the application's folder, which contains `folder`: Deno's flags must allow it
 * @returns the reason when files cannot be created, else `null`
 */
export async function tryWriting(
  runtime: Runtime,
  folder: string,
  directory: string,
): Promise<AuthError | null> {
  let at = folder;
  try {
    while (await runtime.files.status(at) === null) {
      const above = parentPath(at);
      // The folder above a relative path's first name is the current folder.
      at = above === at ? "." : above;
    }
    const path = temporaryPath(runtime, at);
    const file = await runtime.files.createPrivate(path, 0o600);
    await file.close();
    // A writer with the lock may already have removed it as a leftover.
    await removePrivateFile(runtime, path);
    return null;
  } catch (error) {
    const isAbove = at !== folder && at !== directory;
    // Deno may allow the folder itself but nothing above it; then it can still be created.
    if (isAbove && runtime.errorKind(error) === "capability") return null;
    return storeError(runtime, error, `save a session in "${folder}"`, directory);
  }
}
