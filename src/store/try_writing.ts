import type { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parentPath, temporaryPath } from "./paths.ts";
import { removePrivateFile } from "./private_file.ts";
import { storeError } from "./store_error.ts";

/**
 * Finds out whether files can be made in a folder, by making an empty private one and removing it:
 * modes alone do not tell of read-only disks, and Deno does not tell whose process this is. Where the
 * folder is missing it is tried in the nearest one above, which a first save would make it in.
 *
 * @param directory the application's folder, that `folder` is in: what Deno's flags must allow
 * @returns why it cannot be, or `null`
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
      // Nothing is above the first name of a relative path but where this process is.
      at = above === at ? "." : above;
    }
    const path = temporaryPath(runtime, at);
    const file = await runtime.files.createPrivate(path, 0o600);
    await file.close();
    // A writer with the lock may have taken it for a leftover already.
    await removePrivateFile(runtime, path);
    return null;
  } catch (error) {
    const isAbove = at !== folder && at !== directory;
    // Deno may allow the folder itself and nothing above it, and then it can be made.
    if (isAbove && runtime.errorKind(error) === "capability") return null;
    return storeError(runtime, error, `save a session in "${folder}"`, directory);
  }
}
