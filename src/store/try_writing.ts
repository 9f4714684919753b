import type { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parentPath, temporaryPath } from "./paths.ts";
import { removePrivateFile } from "./private_file.ts";
import { storeError } from "./safe_file.ts";

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
