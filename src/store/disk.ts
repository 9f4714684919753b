/**
 * The disk, as the store sees it: an application's folders and paths, files of secrets that are read with
 * ssh's rules, and what to do when the disk refuses. `private_file.ts` writes.
 *
 * @module
 */
import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import { FileError } from "../runtime/error_kind.ts";
import { AuthError, isError } from "../errors.ts";

/** The parts of the runtime that finding a folder needs. */
export type PathRuntime = Pick<Runtime, "platform" | "getEnvironment" | "homeDirectory">;

/** Joins a folder and names with the platform's separator. */
export function joinPath(runtime: Pick<Runtime, "platform">, ...parts: string[]): string {
  const windows = runtime.platform === "windows";
  const [folder = "", ...names] = parts;
  const isSeparator = (letter: string) => letter === "/" || (windows && letter === "\\");
  // Without regular expressions: the first one used costs more than all of this.
  let end = folder.length;
  while (end > 1 && isSeparator(folder.charAt(end - 1))) end--;
  const separator = windows ? "\\" : "/";
  const trimmed = folder.slice(0, end);
  return [trimmed === separator ? "" : trimmed, ...names].join(separator);
}

/** The folder that contains a path. */
export function parentPath(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, "") || "/";
}

/**
 * The folders that may hold an application's credentials; new ones are written to the first. That is
 * Python's `platformdirs.user_config_dir(name)`, so that both languages share it. The others are
 * where platformdirs looks with other arguments or in other versions. Empty without a home folder.
 *
 * Imports nothing, and reads nothing but the environment.
 *
 * @param override a folder to use instead of all others
 */
export function configDirectories(
  runtime: PathRuntime,
  name: string,
  override?: string | undefined,
): string[] {
  if (override) return [override];
  return baseDirectories(runtime).flatMap((base) =>
    runtime.platform === "windows"
      // `appauthor` defaults to the name, unless it is switched off.
      ? [joinPath(runtime, base, name, name), joinPath(runtime, base, name)]
      : [joinPath(runtime, base, name)]
  );
}

/**
 * Where env-paths, and therefore other JavaScript tools, would keep an application's configuration.
 * Differs from {@linkcode configDirectories} only on macOS and Windows. Only read from, never
 * written to.
 */
export async function otherConfigDirectories(
  runtime: PathRuntime,
  name: string,
): Promise<string[]> {
  if (runtime.platform !== "darwin" && runtime.platform !== "windows") return [];
  try {
    const { default: envPaths } = await import("env-paths");
    return [envPaths(name, { suffix: "" }).config];
  } catch {
    return []; // such as when the home folder may not be read: skip these folders
  }
}

/** The configuration folders themselves; new files go to the first. */
export function baseDirectories(runtime: PathRuntime): string[] {
  const home = runtime.homeDirectory();
  if (runtime.platform === "windows") {
    const local = runtime.getEnvironment("LOCALAPPDATA");
    if (local) return [local];
    return home ? [joinPath(runtime, home, "AppData", "Local")] : [];
  }
  const bases = [];
  // Blank or relative counts as unset, as in the XDG specification and in platformdirs.
  const xdg = runtime.getEnvironment("XDG_CONFIG_HOME")?.trim();
  if (xdg?.startsWith("/")) bases.push(xdg);
  if (runtime.platform === "darwin") {
    // Before platformdirs 4.6 macOS ignored the variable, so files saved then must still be found.
    if (home) bases.push(joinPath(runtime, home, "Library", "Application Support"));
  } else if (home && bases.length === 0) bases.push(joinPath(runtime, home, ".config"));
  return bases;
}

/** A temporary file's path in a folder: recognizable as ours, hidden, and impossible to guess. */
export function temporaryPath(runtime: Pick<Runtime, "platform">, folder: string): string {
  const name = Array.from(
    crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  return joinPath(runtime, folder, `.onecell-${name}.tmp`);
}

/**
 * Reads a file of secrets with ssh's rules: it must belong to this user or to root, and nobody else
 * may be able to write to it. Anyone who can change it decides where a secret is sent.
 *
 * @returns `null` when there is none
 * @throws the runtime's error: "unsafe" for another user's file, "symlink" for a link
 */
export async function readSafely(runtime: Runtime, path: string): Promise<string | null> {
  const { files } = runtime;
  let seen: FileStatus | undefined;
  let stranger: number | undefined;
  const isOurs = (status: FileStatus) => {
    seen = status;
    const { owner, mode } = status;
    if (mode !== null && (mode & 0o022) !== 0) return false;
    if (owner === null || owner === 0) return true;
    // Deno may not allow reading the user ID. Reading it takes 0.25 ms, so skip it for root's files.
    const user = runtime.userId();
    if (user === undefined) stranger = owner;
    return user === undefined || owner === user;
  };
  try {
    const text = files.readTextNoFollow(path, undefined, isOurs);
    if (stranger === undefined || stranger === await ownerOfFolder(runtime, path)) return text;
    throw new FileError("UNSAFE", "it belongs to another user than its folder");
  } catch (error) {
    if (runtime.errorKind(error) !== "unsafe" || seen === undefined) throw error;
    if (!await looksLikeNew(runtime, parentPath(path), seen)) throw error;
    return files.readTextNoFollow(path);
  }
}

/**
 * True for a folder of this user or of root that nobody else can write to. Anyone who can write to it
 * could add files or replace them. The folders above it do not matter: a folder that another user
 * puts in its place belongs to that user.
 *
 * @throws the runtime's error when the folder may not be read, or, if the user ID is unknown, the
 * folder above it
 */
export async function isSafeFolder(runtime: Runtime, folder: string): Promise<boolean> {
  const { files } = runtime;
  const path = await files.realPath(folder);
  const seen = await files.status(path);
  if (seen === null) return false;
  const { owner, mode } = seen;
  const user = runtime.userId() ?? (await files.status(parentPath(path)))?.owner;
  const isOthers = owner !== null && owner !== 0 && owner !== user;
  const isOpen = mode !== null && (mode & 0o022) !== 0;
  return !isOthers && !isOpen || await looksLikeNew(runtime, path, seen);
}

/** Stands in for this user's ID when that is unknown. */
async function ownerOfFolder({ files }: Runtime, path: string): Promise<number | undefined> {
  const status = await files.status(parentPath(path)).catch(() => null);
  return status?.owner ?? undefined;
}

/**
 * True when a private file created here now looks the same. A disk without modes or owners (drvfs,
 * exFAT, SMB) shows the same ones for every file, so they say nothing.
 */
async function looksLikeNew(
  runtime: Runtime,
  folder: string,
  seen: FileStatus,
): Promise<boolean> {
  const { files } = runtime;
  const path = temporaryPath(runtime, folder);
  try {
    await (await files.createPrivate(path, 0o600)).close();
    const made = await files.status(path);
    await files.remove(path);
    return made !== null && made.mode === seen.mode && made.owner === seen.owner;
  } catch {
    return false;
  }
}

/** The parts of the runtime that explain an error. */
type Judge = Pick<Runtime, "errorKind" | "missingFlag">;

/**
 * Turns a disk error into one that says what to do.
 *
 * @param doing the action that failed, such as `write "/home/ada/.config/x/app_credentials"`
 * @param directory the folder to allow when Deno's flags are the reason
 */
export function storeError(
  runtime: Judge,
  error: unknown,
  doing: string,
  directory: string,
): AuthError {
  if (error instanceof AuthError) return error;
  const kind = runtime.errorKind(error);
  if (kind === "capability") {
    const flag = runtime.missingFlag(error) ?? "";
    const name = /^--allow-(read|write)/.exec(flag)?.[0];
    const wanted = name ? `${name}=${directory.replaceAll(",", ",,")}` : flag;
    return new AuthError(
      "permission_denied",
      `Cannot ${doing}: Deno was started without ${wanted || "a permission this needs"}. ` +
        `Run with that flag.`,
      { cause: error },
    );
  }
  return new AuthError("store_unavailable", `Cannot ${doing}: ${REASONS[kind] ?? reason(error)}`, {
    cause: error,
  });
}

const REASONS: Record<string, string> = {
  permission:
    "permission denied. Change the folder's owner or mode, or choose another one with the option `directory`.",
  read_only: "the disk is read-only. Choose another folder with the option `directory`.",
  no_space: "the disk is full, or a limit on file sizes is reached. Free some space and try again.",
  symlink: "there is a symbolic link, which is never followed. Remove it, or put a file there.",
  busy:
    "something else has it open, or it was mounted as a single file, which cannot be replaced. Mount its folder instead.",
  unsafe: "it belongs to another user, or others can write to it. Check it, then run `chmod 600`.",
  utf16: "it is UTF-16 text. Save it as UTF-8.",
  not_text: "it is not a plain text file, or is too large. Move it away.",
  not_found: "a parent folder is missing. Create it and try again.",
};

/** The system's own message: it may name a path, never contents. SQLite's says "readonly", for example. */
function reason(error: unknown): string {
  const words = isError(error) ? error.message : "an unknown error";
  return `${words}. Choose another folder with the option \`directory\`.`;
}
