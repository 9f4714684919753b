import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { configDirectories, joinPath, otherConfigDirectories, parentPath } from "./paths.ts";
import {
  createPrivateFile,
  readPrivateFile,
  removePrivateFile,
  setAside,
  sweepTemporaryFiles,
  writePrivateFile,
} from "./private_file.ts";
import type { SavedCredentials } from "./store.ts";
import type { storeError } from "./store_error.ts";

/** Where an application's credentials file may be. */
export interface CredentialsPlace {
  /** The folder's name below the user's configuration directory. */
  directory: string;
  /** Names of the file, the one to write first. */
  files: string[];
  /** A folder to look in instead of the user's configuration directory. */
  override?: string | undefined;
}

/** How long to wait for another process that saves credentials, in milliseconds. */
const WRITING_TIME = 10_000;

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
export async function readCredentials(
  runtime: Runtime,
  path: string,
): Promise<Record<string, unknown> | null> {
  let text;
  try {
    text = await readPrivateFile(runtime, path);
  } catch (error) {
    const kind = runtime.errorKind(error);
    if (kind === "symlink") throw damaged(path, "is a symbolic link, which is never followed");
    if (kind === "not_text") throw damaged(path, "is not a text file of a sensible size");
    throw await explained(runtime, error, `read the credentials file "${path}"`, parentPath(path));
  }
  if (text === null) return null;
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw damaged(path, "is not whole JSON");
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw damaged(path, "holds no JSON object");
  }
  return values as Record<string, unknown>;
}

/**
 * Saves credentials as a plain JSON object, as Python's `json.dump` does, readable by their owner
 * only. What was there is kept beside it under another name: a secret may be shown only once.
 *
 * @returns where the earlier file is now, or `null` when there was none or it held the same
 * @throws {AuthError} `credentials_damaged` when the file that is there cannot be read, unless
 * `replaceDamaged`; `store_unavailable` or `permission_denied` when it cannot be written
 */
export async function writeCredentials(
  runtime: Runtime,
  path: string,
  values: Record<string, unknown>,
  options: { replaceDamaged?: boolean } = {},
): Promise<string | null> {
  const directory = parentPath(path);
  // A lock of its own: the caller may hold the one of the tokens already.
  const place = { path: joinPath(runtime, directory, "onecell", "credentials.sqlite"), directory };
  let started = false;
  const write = () => {
    started = true;
    return replaceCredentials(runtime, path, values, options.replaceDamaged === true);
  };
  // Only now: a start that only reads needs no lock.
  const { withLock } = await import("./lock.ts");
  try {
    return await withLock(runtime, place, write, { timeout: WRITING_TIME });
  } catch (error) {
    const noLock = error instanceof AuthError && error.code === "store_unavailable";
    // Where there is no lock, two that save at the very same moment are left to chance.
    if (started || !noLock) throw error;
    return await write();
  }
}

async function replaceCredentials(
  runtime: Runtime,
  path: string,
  values: Record<string, unknown>,
  replaceDamaged: boolean,
): Promise<string | null> {
  const directory = parentPath(path);
  try {
    await sweepTemporaryFiles(runtime, directory);
    const kept = await keepEarlier(runtime, path, values, replaceDamaged);
    await writePrivateFile(runtime, path, asText(values));
    return kept;
  } catch (error) {
    throw await explained(runtime, error, `save the credentials in "${path}"`, directory);
  }
}

/** Copies the file that is there to the first free backup name; it stays itself until replaced. */
async function keepEarlier(
  runtime: Runtime,
  path: string,
  values: Record<string, unknown>,
  replaceDamaged: boolean,
): Promise<string | null> {
  let earlier;
  try {
    earlier = await readCredentials(runtime, path);
  } catch (error) {
    const isDamaged = error instanceof AuthError && error.code === "credentials_damaged";
    if (!isDamaged || !replaceDamaged) throw error;
    return await setAside(runtime, path);
  }
  if (!earlier || asText(earlier) === asText(values)) return null;
  for (let number = 1;; number++) {
    const backup = `${path}.backup-${number}`;
    try {
      await createPrivateFile(runtime, backup, new TextEncoder().encode(asText(earlier)));
      return backup;
    } catch (error) {
      if (runtime.errorKind(error) !== "exists") throw error;
    }
  }
}

function asText(values: Record<string, unknown>): string {
  return `${JSON.stringify(values, null, 2)}\n`;
}

/** Removes a credentials file; true when there was one. */
export async function forgetCredentials(runtime: Runtime, path: string): Promise<boolean> {
  try {
    return await removePrivateFile(runtime, path);
  } catch (error) {
    throw await explained(
      runtime,
      error,
      `remove the credentials file "${path}"`,
      parentPath(path),
    );
  }
}

async function explained(...failure: Parameters<typeof storeError>): Promise<AuthError> {
  const { storeError } = await import("./store_error.ts");
  return storeError(...failure);
}

function damaged(path: string, what: string): AuthError {
  return new AuthError(
    "credentials_damaged",
    `The credentials file "${path}" ${what}. It is left as it is: repair it, or move it away and sign in again.`,
  );
}
