import { AuthError, isError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What the runtime needs to say about an error. */
type Judge = Pick<Runtime, "errorKind" | "missingFlag">;

/**
 * Turns an error of the disk into one that says what to do.
 *
 * @param doing what did not work, such as `write "/home/ada/.config/x/app_credentials"`
 * @param directory the folder to allow, where Deno's flags are in the way
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

/** The system's own words, which hold a path and no contents. SQLite's say "readonly", say. */
function reason(error: unknown): string {
  const words = isError(error) ? error.message : "an unknown error";
  return `${words}. Choose another folder with the option \`directory\`.`;
}
