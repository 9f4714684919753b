import type { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parseToken } from "../token/token.ts";
import { withLock } from "./lock.ts";
import { isWithoutLocks } from "./lock.ts";
import { TOKEN_FOLDER } from "./open_store.ts";
import { joinPath } from "./paths.ts";
import { readSafely } from "./safe_file.ts";

/** What the doctor looks at: whether a store can do what sessions need of it. */

/** True for a token's file that is there and cannot be used as one; false where that cannot be seen. */
export async function isDamaged(runtime: Runtime, path: string, key: string): Promise<boolean> {
  try {
    const text = await readSafely(runtime, path);
    return text !== null && parseToken(text, key) === undefined;
  } catch (error) {
    return ["not_text", "utf16", "unsafe"].includes(runtime.errorKind(error));
  }
}

/** What was found out of a folder of tokens. */
export interface FolderCondition {
  /** Whether its disk has file locks; `null` when that could not be tried. */
  locks: boolean | null;
  /** What its disk cannot do: keep modes, or flush what was written. */
  weaknesses: string[];
  /** What does not work, in words. */
  problem?: AuthError;
}

/** Tries the lock of an application's folder, as a renewal does. Makes the folder where it is missing. */
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
    // Held for two seconds: then it works.
    if (problem.code === "store_locked") return { locks: true, weaknesses: weaknesses() };
    return { locks: null, weaknesses: weaknesses(), problem };
  }
}
