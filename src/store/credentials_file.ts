import { isObject } from "../base/json.ts";
import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { configDirectories, joinPath, otherConfigDirectories, parentPath } from "./paths.ts";
import type { SavedCredentials } from "./store.ts";

/** Where an application's credentials file may be. */
export interface CredentialsPlace {
  /** The folder's name below the user's configuration directory. */
  directory: string;
  /** Names of the file, the one to write first. */
  files: string[];
  /** A folder to look in instead of the user's configuration directory. */
  override?: string | undefined;
}

/** The file to save new credentials in, or `undefined` when there is no place for one. */
export function credentialsPath(runtime: Runtime, place: CredentialsPlace): string | undefined {
  const [folder] = configDirectories(runtime, place.directory, place.override);
  const [file] = place.files;
  return folder === undefined || file === undefined ? undefined : joinPath(runtime, folder, file);
}

/**
 * Finds saved credentials: in every folder they may be in, under every name.
 *
 * @throws {AuthError} `credentials_damaged` for the first file that is there and cannot be used; it
 * is left as it is
 */
export async function findCredentials(
  runtime: Runtime,
  place: CredentialsPlace,
): Promise<SavedCredentials | null> {
  const folders = configDirectories(runtime, place.directory, place.override);
  const [first, ...more] = folders;
  const found = first === undefined ? null : await findIn(runtime, first, place.files);
  if (found || place.override) return found;
  const others = await otherConfigDirectories(runtime, place.directory);
  for (const folder of [...more, ...others.filter((other) => !folders.includes(other))]) {
    try {
      const there = await findIn(runtime, folder, place.files);
      if (there) return there;
    } catch (error) {
      // Only the first folder has to be readable: these are where others might have put a file.
      if (!(error instanceof AuthError) || error.code === "credentials_damaged") throw error;
    }
  }
  return null;
}

async function findIn(
  runtime: Runtime,
  folder: string,
  files: string[],
): Promise<SavedCredentials | null> {
  for (const file of files) {
    const path = joinPath(runtime, folder, file);
    const values = await readCredentials(runtime, path);
    if (values) return { path, values };
  }
  return null;
}

/**
 * Reads one credentials file; `null` when there is none.
 *
 * @throws {AuthError} `credentials_damaged` when it cannot be used as it is
 */
export function readCredentials(
  runtime: Runtime,
  path: string,
): Promise<Record<string, unknown> | null> {
  return readObject(
    runtime,
    path,
    "credentials file",
    "It is left as it is: repair it, or move it away and sign in again.",
  );
}

/**
 * Reads a file that holds a JSON object; `null` when there is none.
 *
 * @param what what the file is, for messages
 * @param advice what to do when it is damaged
 * @throws {AuthError} `credentials_damaged` when it cannot be used as it is
 */
export async function readObject(
  runtime: Runtime,
  path: string,
  what: string,
  advice: string,
): Promise<Record<string, unknown> | null> {
  const damaged = (how: string) =>
    new AuthError("credentials_damaged", `The ${what} "${path}" ${how}. ${advice}`);
  let text;
  try {
    text = runtime.files.readTextNoFollow(path);
  } catch (error) {
    const kind = runtime.errorKind(error);
    if (kind === "symlink") throw damaged("is a symbolic link, which is never followed");
    if (kind === "not_text") throw damaged("is not a text file of a sensible size");
    const { storeError } = await import("./store_error.ts");
    throw storeError(runtime, error, `read the ${what} "${path}"`, parentPath(path));
  }
  if (text === null) return null;
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw damaged("is not whole JSON");
  }
  if (!isObject(values)) throw damaged("holds no JSON object");
  return values;
}
