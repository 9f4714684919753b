import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  type CredentialsPlace,
  findCredentials,
  linkTarget,
  readCredentials,
} from "./credentials_file.ts";
import { withLock } from "./lock.ts";
import {
  configDirectories,
  joinPath,
  otherConfigDirectories,
  parentPath,
  storeError,
} from "./disk.ts";
import {
  createPrivateFile,
  removePrivateFile,
  sweepTemporaryFiles,
  writePrivateFile,
} from "./private_file.ts";

type Values = Record<string, unknown>;

/** How long to wait for another process that saves credentials, in milliseconds. */
const WRITING_TIME = 10_000;

/**
 * Saves credentials as a plain JSON object, as Python's `json.dump` does, readable only by their
 * owner. Keeps the earlier file beside it under another name, because a secret may be shown only once.
 *
 * @param values what to save, or a function of the values saved by then; `null` changes nothing
 * @returns the earlier file's new path, or `null` when there was none or its content was the same
 * @throws {AuthError} `credentials_damaged` when the existing file cannot be read;
 * `store_unavailable` or `permission_denied` when it cannot be written; `store_locked`, or the reason
 * of `signal`, when other processes do not stop saving
 */
export async function writeCredentials(
  runtime: Runtime,
  path: string,
  values: Values | ((earlier: Values | null) => Values | null),
  options: { signal?: AbortSignal | undefined } = {},
): Promise<string | null> {
  const directory = parentPath(path);
  // A separate lock, because the caller may already hold the tokens' lock.
  const place = { path: joinPath(runtime, directory, "onecell", "credentials.sqlite"), directory };
  let started = false;
  const change = typeof values === "function" ? values : () => values;
  const write = () => {
    started = true;
    return replaceCredentials(runtime, path, change);
  };
  try {
    return await withLock(runtime, place, write, { timeout: WRITING_TIME, signal: options.signal });
  } catch (error) {
    const noLock = error instanceof AuthError && error.code === "store_unavailable";
    // Without locks, chance decides which of two simultaneous saves wins.
    if (started || !noLock) throw error;
    return await write();
  }
}

async function replaceCredentials(
  runtime: Runtime,
  path: string,
  change: (earlier: Values | null) => Values | null,
): Promise<string | null> {
  const directory = parentPath(path);
  let target = path;
  try {
    await sweepTemporaryFiles(runtime, directory);
    const earlier = await readCredentials(runtime, path);
    const values = change(earlier);
    if (values === null) return null;
    // Keep a link and replace its target.
    target = await linkTarget(runtime, path);
    if (target !== path) await sweepTemporaryFiles(runtime, parentPath(target));
    const kept = await keepEarlier(runtime, path, earlier, values);
    try {
      await writePrivateFile(runtime, target, asText(values));
    } catch (error) {
      // The file itself is still there, so a copy would only be one more secret on the disk.
      if (kept !== null) await removePrivateFile(runtime, kept).catch(() => {});
      throw error;
    }
    if (kept !== null) await removeOldest(runtime, path);
    return kept;
  } catch (error) {
    const where = target === path ? `"${path}"` : `"${path}", a link to "${target}"`;
    throw storeError(runtime, error, `save the credentials in ${where}`, directory);
  }
}

/** How many earlier files are kept: each one holds a secret. */
const MOST_BACKUPS = 5;

/** The numbers of the earlier files, lowest first. */
async function backupNumbers(runtime: Runtime, path: string): Promise<number[]> {
  const folder = parentPath(path);
  const start = `${path.slice(folder.length).replace(/^[\\/]/, "")}.backup-`;
  const names: string[] = await runtime.files.list(folder).catch(() => []);
  return names.filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)))
    .map((name) => Number(name.slice(start.length))).sort((one, other) => one - other);
}

async function removeOldest(runtime: Runtime, path: string): Promise<void> {
  const numbers = await backupNumbers(runtime, path);
  for (const number of numbers.slice(0, -MOST_BACKUPS)) {
    await removePrivateFile(runtime, `${path}.backup-${number}`).catch(() => {});
  }
}

/** Copies the existing file to the next backup name. The file itself stays until it is replaced. */
async function keepEarlier(
  runtime: Runtime,
  path: string,
  earlier: Values | null,
  values: Values,
): Promise<string | null> {
  if (!earlier || asText(earlier) === asText(values)) return null;
  for (let number = (await backupNumbers(runtime, path)).at(-1) ?? 0;;) {
    const backup = `${path}.backup-${++number}`;
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

/**
 * Removes the saved credentials, under any of their names, and the earlier ones kept beside them.
 * Those hold secrets too, and the server may still accept them.
 *
 * @returns the removed files, starting with the one that was in use
 * @throws {AuthError} `credentials_damaged` when the one in use is damaged, and then nothing is
 * removed; else for the first file that is damaged or could not be removed (`store_unavailable`,
 * `permission_denied`), and the others are removed
 */
export async function forgetCredentials(
  runtime: Runtime,
  place: CredentialsPlace,
): Promise<string[]> {
  const saved = await findCredentials(runtime, place);
  const folders = configDirectories(runtime, place.directory, place.override);
  const others = place.override ? [] : await otherConfigDirectories(runtime, place.directory);
  const paths = new Set(saved ? [saved.path] : []);
  let problem: AuthError | undefined;
  // If only the one in use were removed, the next one would be used.
  for (const folder of new Set([...folders, ...others])) {
    const look = async (find: () => Promise<string[]>) => {
      try {
        for (const path of await find()) paths.add(path);
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        // Only the first folder must be readable, as for a sign-in.
        if (folder === folders[0] || error.code === "credentials_damaged") problem ??= error;
      }
    };
    for (const file of place.files) {
      const path = joinPath(runtime, folder, file);
      await look(async () => await readCredentials(runtime, path) ? [path] : []);
    }
    await look(() => earlierFiles(runtime, folder, place.files));
  }
  // Leftovers of killed writers hold secrets, too. A running writer writes its file again.
  for (const folder of folders) await sweepTemporaryFiles(runtime, folder);
  const removed: string[] = [];
  for (const path of paths) {
    try {
      // A link's target holds the secret.
      const target = await linkTarget(runtime, path).catch(() => path);
      if (await removePrivateFile(runtime, path)) removed.push(path);
      if (target === path) continue;
      if (await removePrivateFile(runtime, target)) removed.push(target);
      await sweepTemporaryFiles(runtime, parentPath(target));
    } catch (error) {
      const doing = `remove the credentials file "${path}"`;
      problem ??= storeError(runtime, error, doing, parentPath(path));
    }
  }
  if (problem && removed.length > 0) {
    const what = removed.map((path) => `"${path}"`).join(", ");
    throw new AuthError(problem.code, `${problem.message} Removed: ${what}.`, { cause: problem });
  }
  if (problem) throw problem;
  return removed;
}

/** The end of such a file's name. */
const EARLIER = /^backup-\d+$/;

/** Lists the files that {@linkcode keepEarlier} kept. */
async function earlierFiles(
  runtime: Runtime,
  folder: string,
  files: readonly string[],
): Promise<string[]> {
  let names: string[];
  try {
    names = await runtime.files.list(folder);
  } catch (error) {
    if (runtime.errorKind(error) === "not_found") return [];
    throw storeError(runtime, error, `look for earlier credentials in "${folder}"`, folder);
  }
  const isEarlier = (name: string) =>
    files.some((file) => name.startsWith(`${file}.`) && EARLIER.test(name.slice(file.length + 1)));
  return names.filter(isEarlier).sort().map((name) => joinPath(runtime, folder, name));
}
