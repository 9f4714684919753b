import type { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { joinPath } from "./paths.ts";
import {
  removePrivateFile,
  setAside,
  sweepTemporaryFiles,
  writePrivateFile,
} from "./private_file.ts";
import type { StoredToken } from "./store.ts";
import { parseStoredToken } from "./token_store.ts";

/** A token's file. */
export interface TokenFile {
  path: string;
  /** Which token is in it. */
  key: string;
  /** The folder it is in. */
  folder: string;
  /** The application's folder that this one is in: what Deno's flags must allow. */
  directory: string;
}

/**
 * Writes a token, atomically and private.
 *
 * @param locked whether the caller holds the lock, and so may sweep up after others
 * @throws {AuthError} `store_unavailable` or `permission_denied`
 */
export async function writeToken(
  runtime: Runtime,
  file: TokenFile,
  token: StoredToken,
  locked: boolean,
): Promise<void> {
  const { path, key, folder } = file;
  try {
    if (locked) await sweepTemporaryFiles(runtime, folder);
    await setDamagedAside(runtime, path, key);
    await writePrivateFile(runtime, path, JSON.stringify({ ...token, version: 1, key }));
  } catch (error) {
    throw await explained(runtime, error, file, "save");
  }
}

/**
 * Removes a token; true when there was one.
 *
 * @throws {AuthError} `store_unavailable` or `permission_denied`
 */
export async function removeToken(runtime: Runtime, file: TokenFile): Promise<boolean> {
  try {
    await removeDamaged(runtime, file);
    return await removePrivateFile(runtime, file.path);
  } catch (error) {
    throw await explained(runtime, error, file, "remove");
  }
}

/**
 * Removes one file of an application's tokens, whatever is in it; true when there was one.
 *
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
    throw await explained(runtime, error, { path, directory }, "remove");
  }
}

/** True for a file that is there and holds no whole token; false where that cannot be seen. */
export function isDamaged(runtime: Runtime, path: string, key: string): boolean {
  try {
    const text = runtime.files.readTextNoFollow(path);
    return text !== null && parseStoredToken(text, key) === null;
  } catch (error) {
    // A link is replaced by the write, its target left alone; anything unreadable is set aside.
    return runtime.errorKind(error) === "not_text";
  }
}

/**
 * Only just before a write, never on reading: somebody may have put a whole file in the damaged
 * one's place since it was read, with a refresh token that must not be lost.
 */
async function setDamagedAside(runtime: Runtime, path: string, key: string): Promise<void> {
  if (isDamaged(runtime, path, key)) await setAside(runtime, path);
}

/** What was set aside may hold a token as well. */
async function removeDamaged(runtime: Runtime, { folder, path }: TokenFile): Promise<void> {
  for (const name of await runtime.files.list(folder).catch(() => [])) {
    const aside = joinPath(runtime, folder, name);
    if (aside.startsWith(`${path}.damaged-`)) await removePrivateFile(runtime, aside);
  }
}

async function explained(
  runtime: Runtime,
  error: unknown,
  { path, directory }: Pick<TokenFile, "path" | "directory">,
  verb: "save" | "remove",
): Promise<AuthError> {
  const { storeError } = await import("./store_error.ts");
  const doing = verb === "save" ? `save the token in "${path}"` : `remove the token "${path}"`;
  return storeError(runtime, error, doing, directory);
}
