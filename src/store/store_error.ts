import { AuthError, isError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";

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
