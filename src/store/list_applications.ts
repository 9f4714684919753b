import type { Runtime } from "../runtime/runtime.ts";
import { listObjects, listTokens, type SavedToken } from "./list_saved.ts";
import { baseDirectories, joinPath } from "./paths.ts";
import type { SavedCredentials } from "./store.ts";
import { TOKEN_FOLDER } from "./open_store.ts";

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
