import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type CredentialsPlace, readCredentials, savedCredentials } from "./credentials_file.ts";
import { withLock } from "./lock.ts";
import { configDirectories, joinPath, parentPath } from "./paths.ts";
import {
  createPrivateFile,
  removePrivateFile,
  setAside,
  sweepTemporaryFiles,
  writePrivateFile,
} from "./private_file.ts";
import { storeError } from "./store_error.ts";

/** How long to wait for another process that saves credentials, in milliseconds. */
const WRITING_TIME = 10_000;

/**
 * Saves credentials as a plain JSON object, as Python's `json.dump` does, readable by their owner
 * only. What was there is kept beside it under another name: a secret may be shown only once.
 *
 * @returns where the earlier file is now, or `null` when there was none or it held the same
 * @throws {AuthError} `credentials_damaged` when the file that is there cannot be read, unless
 * `replaceDamaged`; `store_unavailable` or `permission_denied` when it cannot be written;
 * `store_locked`, or what `signal` was aborted with, when others do not stop saving
 */
export async function writeCredentials(
  runtime: Runtime,
  path: string,
  values: Record<string, unknown>,
  options: { replaceDamaged?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<string | null> {
  const directory = parentPath(path);
  // A lock of its own: the caller may hold the one of the tokens already.
  const place = { path: joinPath(runtime, directory, "onecell", "credentials.sqlite"), directory };
  let started = false;
  const write = () => {
    started = true;
    return replaceCredentials(runtime, path, values, options.replaceDamaged === true);
  };
  try {
    return await withLock(runtime, place, write, { timeout: WRITING_TIME, signal: options.signal });
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
    throw storeError(runtime, error, `save the credentials in "${path}"`, directory);
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

/**
 * Removes the saved credentials, under whichever of their names, and the earlier ones kept beside
 * them, which hold secrets too and may be good at the server still.
 *
 * @returns the files that were removed, the one that was in use first
 * @throws {AuthError} `credentials_damaged`, and then nothing is removed; `store_unavailable` or
 * `permission_denied` for the first file that could not be, the others are
 */
export async function forgetCredentials(
  runtime: Runtime,
  place: CredentialsPlace,
): Promise<string[]> {
  const folders = new Set(configDirectories(runtime, place.directory, place.override));
  const paths: string[] = [];
  // With the one in use alone gone, the next would take its place.
  for await (const { path } of savedCredentials(runtime, place)) {
    paths.push(path);
    folders.add(parentPath(path));
  }
  for (const folder of folders) paths.push(...await earlierFiles(runtime, folder, place.files));
  const removed: string[] = [];
  let problem: AuthError | undefined;
  for (const path of paths) {
    try {
      if (await removePrivateFile(runtime, path)) removed.push(path);
    } catch (error) {
      const doing = `remove the credentials file "${path}"`;
      problem ??= storeError(runtime, error, doing, parentPath(path));
    }
  }
  if (problem) throw problem;
  return removed;
}

/** Lists what {@linkcode keepEarlier} kept. */
async function earlierFiles(runtime: Runtime, folder: string, files: string[]): Promise<string[]> {
  let names: string[];
  try {
    names = await runtime.files.list(folder);
  } catch (error) {
    if (runtime.errorKind(error) === "not_found") return [];
    throw storeError(runtime, error, `look for earlier credentials in "${folder}"`, folder);
  }
  const isEarlier = (name: string) =>
    files.some((file) => name.startsWith(`${file}.backup-`)) && /\.backup-\d+$/.test(name);
  return names.filter(isEarlier).sort().map((name) => joinPath(runtime, folder, name));
}
