import type { Runtime } from "../runtime/runtime.ts";
import type { CredentialsPlace } from "./credentials_file.ts";
import { configDirectories, joinPath, otherConfigDirectories } from "./paths.ts";
import type { SavedCredentials, StoredToken } from "./store.ts";
import { parseStoredToken, TOKEN_FOLDER } from "./token_store.ts";

/** What a token file is called, also once it was set aside. */
const TOKEN_FILE = /^[0-9a-f]+\.json(\.damaged-[\w-]+)?$/;

/** A token file, and what it holds. */
export interface SavedToken {
  path: string;
  token: StoredToken;
}

/**
 * Lists the tokens saved for an application, newest first. What cannot be read is left out: this is
 * for looking around, and changes nothing.
 *
 * @param directory the application's configuration folder
 */
export async function listTokens(runtime: Runtime, directory: string): Promise<SavedToken[]> {
  const folder = joinPath(runtime, directory, TOKEN_FOLDER);
  const found: SavedToken[] = [];
  for (
    const { path, values } of await listObjects(runtime, folder, (name) => /\.json$/.test(name))
  ) {
    const key = values["key"];
    const token = typeof key === "string" ? parseStoredToken(JSON.stringify(values), key) : null;
    if (token) found.push({ path, token });
  }
  return found.sort((one, other) => other.token.obtained_at - one.token.obtained_at);
}

/** A token file without a whole token in it. */
export interface DamagedFile {
  path: string;
  /** The provider it was of, where that can still be read. */
  provider?: string;
}

/**
 * Lists files of tokens that hold no whole one: damaged, or set aside as such. There may be a live
 * token in them all the same. Those of other versions, and other programs', are none.
 *
 * @param directory the application's configuration folder
 * @param unread gets them, and their folder where it may not be listed
 */
export async function listDamaged(
  runtime: Runtime,
  directory: string,
  unread?: Set<string>,
): Promise<DamagedFile[]> {
  const folder = joinPath(runtime, directory, TOKEN_FOLDER);
  const names = await listNames(runtime, folder, unread);
  const found: DamagedFile[] = [];
  for (const name of names.filter((name) => TOKEN_FILE.test(name)).sort()) {
    const path = joinPath(runtime, folder, name);
    let text: string | null;
    try {
      text = runtime.files.readTextNoFollow(path);
    } catch (error) {
      const forbidden = runtime.missingFlag(error) !== undefined;
      if (!forbidden && await isFile(runtime, path)) found.push({ path });
      continue;
    }
    if (text === null || text.trim() === "" || isWhole(text)) continue;
    const provider = /"key":\s*"\[\\"([a-z0-9-]+)\\"/.exec(text)?.[1];
    found.push({ path, ...(provider === undefined ? {} : { provider }) });
  }
  for (const { path } of found) unread?.add(path);
  return found;
}

/** What is in a folder; nothing where that cannot be seen. */
async function listNames(
  runtime: Runtime,
  folder: string,
  unread: Set<string> | undefined,
): Promise<string[]> {
  return await runtime.files.list(folder).catch((error) => {
    // A flag of Deno's says what to look at.
    const forbidden = runtime.errorKind(error) === "permission";
    if (forbidden && runtime.missingFlag(error) === undefined) unread?.add(folder);
    return [];
  });
}

/** Whether a text is a token, or JSON that is none of this version. */
function isWhole(text: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  const { version, key } = (value ?? {}) as { version?: unknown; key?: unknown };
  return version !== 1 || typeof key !== "string" || parseStoredToken(text, key) !== null;
}

async function isFile(runtime: Runtime, path: string): Promise<boolean> {
  const status = await runtime.files.status(path).catch(() => null);
  return status?.isFile === true || status?.isSymlink === true;
}

/**
 * Lists an application's credentials files with the earlier ones kept beside them, in every folder
 * they may be in. What cannot be read is left out.
 *
 * @param unread gets what could not be
 */
export async function listCredentials(
  runtime: Runtime,
  place: CredentialsPlace,
  unread?: Set<string>,
): Promise<SavedCredentials[]> {
  const folders = new Set(configDirectories(runtime, place.directory, place.override));
  if (place.override === undefined) {
    for (const folder of await otherConfigDirectories(runtime, place.directory)) {
      folders.add(folder);
    }
  }
  const isOurs = (name: string) =>
    place.files.some((file) => name === file || name.startsWith(`${file}.backup-`));
  const found = [];
  for (const folder of folders) found.push(...await listObjects(runtime, folder, isOurs, unread));
  return found;
}

/** Lists files of JSON in a folder below the home folder, such as another program's tokens. */
export async function listForeignFiles(
  runtime: Runtime,
  folder: string,
  file: string,
  unread?: Set<string>,
): Promise<SavedCredentials[]> {
  const home = runtime.homeDirectory();
  if (home === undefined) return [];
  const path = joinPath(runtime, home, ...folder.split("/"));
  const wanted = (name: string) => name === file || name.startsWith(`${file}.`);
  return await listObjects(runtime, path, wanted, unread);
}

/**
 * The JSON objects in a folder's files. What cannot be read is left out.
 *
 * @param unread gets the files that could not be, unless Deno's flags forbid it: they say what to look at
 */
export async function listObjects(
  runtime: Runtime,
  folder: string,
  wanted: (name: string) => boolean,
  unread?: Set<string>,
): Promise<SavedCredentials[]> {
  const found: SavedCredentials[] = [];
  const names = await listNames(runtime, folder, unread);
  for (const name of names.filter(wanted).sort()) {
    const path = joinPath(runtime, folder, name);
    try {
      const text = runtime.files.readTextNoFollow(path);
      if (text === null || text.trim() === "") continue;
      const values: unknown = JSON.parse(text);
      if (typeof values !== "object" || values === null || Array.isArray(values)) continue;
      found.push({ path, values: values as Record<string, unknown> });
    } catch (error) {
      const forbidden = runtime.missingFlag(error) !== undefined;
      if (unread && !forbidden && await isFile(runtime, path)) unread.add(path);
    }
  }
  return found;
}
