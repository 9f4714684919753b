import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parentPath } from "./paths.ts";
import { storeError } from "./store_error.ts";

/**
 * Reads a file a person names, such as a notebook: of any size, and through links.
 *
 * @param what what it is, for the message, such as "notebook"
 * @throws {AuthError} `invalid_argument` when there is none, `permission_denied`, `store_unavailable`
 */
export async function readDocument(runtime: Runtime, path: string, what: string): Promise<string> {
  try {
    return await runtime.files.readText(path);
  } catch (error) {
    if (runtime.errorKind(error) === "not_found") {
      throw new AuthError("invalid_argument", `There is no file "${path}". Check the path.`);
    }
    if (runtime.errorKind(error) !== "capability") {
      throw new AuthError(
        "invalid_argument",
        `The ${what} "${path}" cannot be read. Check that it is a file, and yours to read.`,
        { cause: error },
      );
    }
    throw storeError(runtime, error, `read the ${what} "${path}"`, parentPath(path));
  }
}
