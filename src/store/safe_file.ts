import { FileError } from "../runtime/error_kind.ts";
import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import { parentPath, temporaryPath } from "./paths.ts";
import { AuthError, isError } from "../errors.ts";

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
