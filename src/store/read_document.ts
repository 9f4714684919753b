import { AuthError } from "../errors.ts";
import { FileError } from "../runtime/error_kind.ts";
import type { ErrorKind, Runtime } from "../runtime/runtime.ts";
import { linkTarget } from "./credentials_file.ts";
import { parentPath, readSafely, storeError } from "./disk.ts";

/**
 * Reads a file that a person named, such as a notebook, of any size. Follows links, also those of a shell
 * to a program's output, but not to a device: such a file would not end.
 *
 * @param what what the file is, for the message, such as "notebook"
 * @throws {AuthError} `invalid_argument` when there is none, `permission_denied`, `store_unavailable`
 */
export async function readDocument(runtime: Runtime, path: string, what: string): Promise<string> {
  const { files } = runtime;
  try {
    const target = await files.realPath(path).catch(() => path);
    const status = await files.status(target).catch(() => null);
    if (status && !status.isFile && !status.isDirectory && !status.isSymlink) {
      throw new FileError("NOT_TEXT", "it is a device or a pipe");
    }
    return await files.readText(path);
  } catch (error) {
    if (runtime.errorKind(error) === "not_found") {
      throw new AuthError("invalid_argument", `There is no file "${path}". Check the path.`);
    }
    if (runtime.errorKind(error) !== "capability") {
      throw new AuthError(
        "invalid_argument",
        `The ${what} "${path}" cannot be read. Check that it is a file that you can read.`,
        { cause: error },
      );
    }
    throw storeError(runtime, error, `read the ${what} "${path}"`, parentPath(path));
  }
}

/**
 * Reads a file that holds a token. Follows links, because Kubernetes makes them. The file must belong
 * to this user or to root, and nobody else may be able to write to it.
 *
 * @returns `null` when there is none
 * @throws {AuthError} `credentials_damaged` for an unsafe file, `permission_denied`,
 * `store_unavailable`
 */
export async function readTokenFile(runtime: Runtime, path: string): Promise<string | null> {
  try {
    return await readSafely(runtime, await linkTarget(runtime, path));
  } catch (error) {
    const problem = PROBLEMS[runtime.errorKind(error)];
    if (problem === undefined) {
      throw storeError(runtime, error, `read the token file "${path}"`, parentPath(path));
    }
    throw new AuthError("credentials_damaged", `The token file "${path}" ${problem}`, {
      cause: error,
    });
  }
}

const PROBLEMS: Partial<Record<ErrorKind, string>> = {
  not_text: "is not a text file, or is too large.",
  utf16: "is UTF-16 text. Save it as UTF-8.",
  unsafe:
    "belongs to another user, or others can write to it, so it is not used. Check it, then run: chmod 600",
  symlink: "is a circular symbolic link. Remove it, or put a file there.",
};
