import { isObject } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import type { ErrorKind, Runtime } from "../runtime/runtime.ts";
import { TOKEN_FOLDER } from "./open_store.ts";
import {
  configDirectories,
  joinPath,
  otherConfigDirectories,
  parentPath,
  readSafely,
  storeError,
} from "./disk.ts";
import type { SavedCredentials } from "./store.ts";

/** Where an application's credentials file may be. */
export interface CredentialsPlace {
  /** The folder's name inside the user's configuration folder. */
  directory: string;
  /** The file's possible names; new credentials go to the first. */
  files: readonly string[];
  /** A folder to look in instead of the user's configuration folder. */
  override?: string | undefined;
}

/** The file to save new credentials in, or `undefined` when there is no folder for it. */
export function credentialsPath(runtime: Runtime, place: CredentialsPlace): string | undefined {
  const [folder] = configDirectories(runtime, place.directory, place.override);
  const [file] = place.files;
  return folder === undefined || file === undefined ? undefined : joinPath(runtime, folder, file);
}

/**
 * Finds saved credentials: looks in every possible folder, for every possible name.
 *
 * @throws {AuthError} `credentials_damaged` for the first file that exists but cannot be used; the
 * file stays as it is
 */
export async function findCredentials(
  runtime: Runtime,
  place: CredentialsPlace,
): Promise<SavedCredentials | null> {
  const folders = configDirectories(runtime, place.directory, place.override);
  const [first] = folders;
  const found = first === undefined ? null : await findIn(runtime, first, place.files);
  return found || place.override ? found : await findElsewhere(runtime, place, folders);
}

/** Looks in the other folders, where another tool or an earlier version may have put a file. */
async function findElsewhere(
  runtime: Runtime,
  place: CredentialsPlace,
  folders: string[],
): Promise<SavedCredentials | null> {
  const others = await otherConfigDirectories(runtime, place.directory);
  const more = [...folders.slice(1), ...others.filter((other) => !folders.includes(other))];
  for (const folder of more) {
    try {
      const there = await findIn(runtime, folder, place.files);
      if (there) return there;
    } catch (error) {
      // Only the first folder must be readable.
      if (!(error instanceof AuthError) || error.code === "credentials_damaged") throw error;
    }
  }
  return null;
}

async function findIn(
  runtime: Runtime,
  folder: string,
  files: readonly string[],
): Promise<SavedCredentials | null> {
  for (const file of files) {
    const path = joinPath(runtime, folder, file);
    const values = await readCredentials(runtime, path);
    if (values) return { path, values };
  }
  return null;
}

/**
 * Reads one credentials file; `null` when there is none. Follows a link to a plain file of this user
 * or of root, because Kubernetes, stow and chezmoi make such links.
 *
 * @throws {AuthError} `credentials_damaged` when the file cannot be used
 */
export async function readCredentials(
  runtime: Runtime,
  path: string,
): Promise<Record<string, unknown> | null> {
  const advice = "It was not changed: repair it, or move it away and sign in again.";
  return await readObject(runtime, path, "credentials file", advice, readSafely);
}

/**
 * Reads a file with a JSON object; `null` when there is none.
 *
 * @param what what the file is, for messages
 * @param advice what to do when it is damaged
 * @param read reads a file that is not a link
 * @param parse parses the file's text
 * @throws {AuthError} `credentials_damaged` when the file cannot be used
 */
export async function readObject(
  runtime: Runtime,
  path: string,
  what: string,
  advice: string,
  read: (runtime: Runtime, path: string) => Promise<string | null> | string | null = readPlainly,
  parse: (text: string) => unknown = JSON.parse,
): Promise<Record<string, unknown> | null> {
  let link = "";
  const damaged = (how: string) =>
    new AuthError("credentials_damaged", `The ${what} "${path}"${link} ${how}. ${advice}`);
  let text: string | null;
  try {
    text = await readThrough(runtime, path, read, (target) => {
      link = `, a symbolic link to "${target}",`;
    });
  } catch (error) {
    const how = PROBLEMS[runtime.errorKind(error)];
    if (how !== undefined) throw damaged(how);
    throw storeError(runtime, error, `read the ${what} "${path}"`, parentPath(path));
  }
  if (text === null) return null;
  let values: unknown;
  try {
    values = parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw damaged("is not valid JSON");
  }
  if (!isObject(values)) throw damaged("is not a JSON object");
  return values;
}

async function readThrough(
  runtime: Runtime,
  path: string,
  read: (runtime: Runtime, path: string) => Promise<string | null> | string | null,
  onLink: (target: string) => void,
): Promise<string | null> {
  try {
    return await read(runtime, path);
  } catch (error) {
    if (runtime.errorKind(error) !== "symlink") throw error;
  }
  const target = await linkTarget(runtime, path);
  if (target !== path) onLink(target);
  return await read(runtime, target);
}

const PROBLEMS: Partial<Record<ErrorKind, string>> = {
  not_text: "is not a text file, or is too large",
  utf16: "is UTF-16 text and must be UTF-8",
  unsafe: "belongs to another user, or others can write to it (chmod 600 makes it private)",
  symlink: "is a symbolic link to itself, or keeps being replaced",
};

const readPlainly = (runtime: Runtime, path: string) => runtime.files.readTextNoFollow(path);

/** The file, beside the system's tokens, that names the current account. `onecell switch` writes it. */
export function accountFile(runtime: Runtime, folder: string): string {
  return joinPath(runtime, folder, TOKEN_FOLDER, "account");
}

/**
 * The account that `onecell switch` chose. Each start reads this small file, if it exists.
 *
 * @throws {AuthError} `invalid_argument` when the file's content is not valid
 */
export function chosenAccount(runtime: Runtime, folder: string): string | undefined {
  const path = accountFile(runtime, folder);
  try {
    return runtime.files.readTextNoFollow(path, 1000)?.trim() || undefined;
  } catch (error) {
    const kind = runtime.errorKind(error);
    // An unreadable file chooses nothing: the app credentials beside it are unreadable too.
    if (kind !== "symlink" && kind !== "not_text" && kind !== "utf16") return undefined;
    throw new AuthError(
      "invalid_argument",
      `"${path}" does not say which account is in use. Remove it, or run: onecell switch SYSTEM ACCOUNT`,
    );
  }
}

/** The file a path points to: the path itself, unless it is a link. */
export async function linkTarget(runtime: Runtime, path: string): Promise<string> {
  const { files } = runtime;
  if (!(await files.status(path))?.isSymlink) return path;
  try {
    return await files.realPath(path);
  } catch (error) {
    if (runtime.errorKind(error) !== "not_found") throw error;
    throw new AuthError(
      "credentials_damaged",
      `"${path}" is a symbolic link that leads nowhere. Remove it, or put its target back.`,
    );
  }
}
