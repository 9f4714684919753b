import type { ErrorKind } from "./runtime.ts";

/** Files of credentials and tokens are small; what is larger is something else. */
export const MAXIMUM_BYTES = 1_000_000;

/** Codes of {@linkcode FileError} and of the systems' own errors, by what they mean to the store. */
const KINDS = new Map<unknown, ErrorKind>(Object.entries({
  ENOENT: "not_found",
  EEXIST: "exists",
  EACCES: "permission",
  EPERM: "permission",
  EROFS: "read_only",
  ENOSPC: "no_space",
  EDQUOT: "no_space",
  EFBIG: "no_space",
  ELOOP: "symlink",
  NOT_TEXT: "not_text",
}));

/** Deno's error classes, for those that carry no `code`. */
const CLASSES = new Map<string, ErrorKind>(Object.entries({
  NotCapable: "capability",
  NotFound: "not_found",
  AlreadyExists: "exists",
  PermissionDenied: "permission",
  FilesystemLoop: "symlink",
}));

/** What a file turned out to be, in the codes the systems use. */
export class FileError extends Error {
  /** The class name, `"FileError"`. */
  override name = "FileError";
  /** `ELOOP` for a symlink, `NOT_TEXT` for anything else that is not a text file. */
  readonly code: "ELOOP" | "NOT_TEXT";

  /** @param code what it is @param message what it is, in words */
  constructor(code: "ELOOP" | "NOT_TEXT", message: string) {
    super(message);
    this.code = code;
  }
}

/** Classifies an error of any runtime. */
export function errorKind(error: unknown): ErrorKind {
  if (!(error instanceof Error)) return "other";
  // First: what Deno's flags refuse may carry another layer's code, as from SQLite.
  if (error.name === "NotCapable") return "capability";
  const { code, name } = error as { code?: unknown; name: string };
  return KINDS.get(code) ?? CLASSES.get(name) ?? "other";
}

/** The Deno permission flag an error asks for, as narrow as the error allows. */
export function missingFlag(error: unknown): string | undefined {
  if (errorKind(error) !== "capability") return undefined;
  const message = (error as Error).message;
  const flag = /--allow-[a-z]+/.exec(message)?.[0];
  if (!flag) return undefined;
  const value = /access to "(.+)", run again/.exec(message)?.[1]?.replace(/:0$/, "");
  // In a flag's list of values a comma inside one is written twice.
  return value ? `${flag}=${value.replaceAll(",", ",,")}` : flag;
}

/** Up to this many bytes are made characters at once. */
const AT_ONCE = 16_384;

/** Decodes UTF-8 strictly, without a byte order mark. */
export function decodeText(bytes: Uint8Array): string {
  // Most files are ASCII, which needs no decoder: to make one takes longer than to read the file.
  if (bytes.length <= AT_ONCE && bytes.every((byte) => byte < 0x80)) {
    return String.fromCharCode(...bytes);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FileError("NOT_TEXT", "it is not UTF-8 text");
  }
}

/** Does something now; what it throws rejects. */
export function atOnce<T>(action: () => T): Promise<T> {
  return new Promise((resolve) => resolve(action()));
}
