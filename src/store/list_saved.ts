import { isObject } from "../base/text.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { CredentialsPlace } from "./credentials_file.ts";
import { baseDirectories, configDirectories, joinPath, otherConfigDirectories } from "./disk.ts";
import { findProvider, isOtherJson, parseToken, type Token } from "../token/token.ts";
import type { SavedCredentials } from "./store.ts";
import { TOKEN_FOLDER } from "./open_store.ts";

/** A token file's name, including one that was set aside. */
const TOKEN_FILE = /^[0-9a-f]+\.json(\.damaged-[\w-]+)?$/;

/** A token file and its content. */
export interface SavedToken {
  path: string;
  token: Token;
}

/** A token file without a complete token. */
export interface DamagedFile {
  path: string;
  /** The token's provider, if the file still shows it. */
  provider?: string;
}

/**
 * Lists an application's saved tokens, newest first. Leaves out what cannot be read, and changes
 * nothing.
 *
 * @param directory the application's configuration folder
 * @param unread collects damaged files, and their folder when it may not be listed
 */
export async function listTokens(
  runtime: Runtime,
  directory: string,
  unread?: Set<string>,
): Promise<SavedToken[]> {
  const { tokens, damaged } = await readTokenFolder(runtime, directory, unread);
  for (const { path } of damaged) unread?.add(path);
  return tokens.sort((one, other) => other.token.obtained_at - one.token.obtained_at);
}

/**
 * Lists token files without a complete token: damaged ones, and those set aside as damaged. They may
 * still hold a live token. Files of other versions and other programs are not listed.
 *
 * @param directory the application's configuration folder
 */
export async function listDamaged(runtime: Runtime, directory: string): Promise<DamagedFile[]> {
  return (await readTokenFolder(runtime, directory, undefined)).damaged;
}

async function readTokenFolder(
  runtime: Runtime,
  directory: string,
  unread: Set<string> | undefined,
): Promise<{ tokens: SavedToken[]; damaged: DamagedFile[] }> {
  const folder = joinPath(runtime, directory, TOKEN_FOLDER);
  const tokens: SavedToken[] = [];
  const damaged: DamagedFile[] = [];
  for (const name of (await listNames(runtime, folder, unread)).sort()) {
    if (!/\.json$/.test(name) && !TOKEN_FILE.test(name)) continue;
    const path = joinPath(runtime, folder, name);
    let text: string | null;
    try {
      text = runtime.files.readTextNoFollow(path);
    } catch (error) {
      if (TOKEN_FILE.test(name) && await isUnread(runtime, path, error)) damaged.push({ path });
      continue;
    }
    if (text === null || text.trim() === "") continue;
    const token = parseToken(text);
    if (token && /\.json$/.test(name)) tokens.push({ path, token });
    if (token || isOtherJson(text) || !TOKEN_FILE.test(name)) continue;
    const provider = findProvider(text);
    damaged.push({ path, ...(provider === undefined ? {} : { provider }) });
  }
  return { tokens, damaged };
}

/** Lists a folder's content; empty when it cannot be listed. */
export async function listNames(
  runtime: Runtime,
  folder: string,
  unread?: Set<string>,
): Promise<string[]> {
  return await runtime.files.list(folder).catch((error) => {
    // When one of Deno's flags is missing, the user chose what may be read.
    const forbidden = runtime.errorKind(error) === "permission";
    if (forbidden && runtime.missingFlag(error) === undefined) unread?.add(folder);
    return [];
  });
}

/** True when a file exists but could not be read, and Deno's flags are not the reason. */
async function isUnread(runtime: Runtime, path: string, error: unknown): Promise<boolean> {
  if (runtime.missingFlag(error) !== undefined) return false;
  const status = await runtime.files.status(path).catch(() => null);
  return status?.isFile === true || status?.isSymlink === true;
}

/**
 * Lists an application's credentials files and the earlier ones kept beside them, in every possible
 * folder. Leaves out what cannot be read.
 *
 * @param unread collects what could not be read
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

/** Lists the JSON files in a folder inside the home folder, such as another program's tokens. */
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
 * Lists the JSON objects in a folder's files. Leaves out what cannot be read.
 *
 * @param unread collects files that could not be read, except those that Deno's flags exclude
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
      if (isObject(values)) found.push({ path, values });
    } catch (error) {
      if (unread && await isUnread(runtime, path, error)) unread.add(path);
    }
  }
  return found;
}

/** A folder in which this module saved something, for any system. */
export interface Application {
  /** The folder's name inside the configuration folder, usually the system's name. */
  name: string;
  /** The folder's path. */
  path: string;
  /** Newest first. */
  tokens: SavedToken[];
  /** Credentials files, including the earlier ones kept beside them. */
  credentials: SavedCredentials[];
}

/** The usual name of a provider's credentials file. */
const USUAL_FILE = /^app_credentials(\.json)?(\.backup-\d+)?$/;

/** Every credentials file has one of these fields, even when its name is unusual. */
const CREDENTIAL_FIELDS = ["client_id", "client_secret", "private_key", "password"];

/**
 * Lists every application folder in the configuration folder that holds tokens or credentials,
 * registered or not. The list is empty when the configuration folder may not be listed.
 *
 * @param unread collects the files that could not be read
 */
export async function listApplications(
  runtime: Runtime,
  unread?: Set<string>,
): Promise<Application[]> {
  const found: Application[] = [];
  for await (const { name, path } of applicationFolders(runtime)) {
    const application = await readApplication(runtime, name, path, unread);
    if (application) found.push(application);
  }
  return found;
}

/** Lists the application folders in which this module saved sessions, in any kind of store. */
export async function listFolders(runtime: Runtime): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of applicationFolders(runtime)) {
    const inside: string[] = await runtime.files.list(path).catch(() => []);
    if (inside.includes(TOKEN_FOLDER)) found.push(path);
  }
  return found;
}

/** Every folder in the configuration folder that an application may use. */
async function* applicationFolders(
  runtime: Runtime,
): AsyncGenerator<{ name: string; path: string }, void, void> {
  for (const base of baseDirectories(runtime)) {
    const names: string[] = await runtime.files.list(base).catch(() => []);
    for (const name of names.sort()) {
      const folder = joinPath(runtime, base, name);
      // On Windows the folder is inside an author's folder, which here has the same name.
      if (runtime.platform === "windows") yield { name, path: joinPath(runtime, folder, name) };
      yield { name, path: folder };
    }
  }
}

/** Reads one folder; `null` when this module saved nothing in it. */
export async function readApplication(
  runtime: Runtime,
  name: string,
  path: string,
  unread?: Set<string>,
): Promise<Application | null> {
  const names: string[] = await runtime.files.list(path).catch(() => []);
  const ours = names.includes(TOKEN_FOLDER);
  if (!ours && !names.some((file) => USUAL_FILE.test(file))) return null;
  const credentials = await listObjects(
    runtime,
    path,
    (file) => USUAL_FILE.test(file),
    unread,
  );
  if (!ours) return credentials.length === 0 ? null : { name, path, tokens: [], credentials };
  // Beside our own folder a credentials file may have any name; elsewhere this would be a guess.
  const others = await listObjects(runtime, path, (file) => !USUAL_FILE.test(file));
  credentials.push(...others.filter(({ values }) => looksLikeCredentials(values)));
  const tokens = await listTokens(runtime, path, unread);
  return tokens.length + credentials.length === 0 ? null : { name, path, tokens, credentials };
}

function looksLikeCredentials(values: Record<string, unknown>): boolean {
  return Object.keys(values).some((name) => CREDENTIAL_FIELDS.includes(name.toLowerCase()));
}
