import { isError } from "../errors.ts";
import type { ErrorKind } from "./runtime.ts";

/** Files with credentials and tokens are small; a larger file is something else. */
export const MAXIMUM_BYTES = 1_000_000;

/** Codes of {@linkcode FileError} and of operating systems, by what they mean to the store. */
const KINDS: Record<string, ErrorKind> = {
  ENOENT: "not_found",
  EEXIST: "exists",
  EACCES: "permission",
  EPERM: "permission",
  EROFS: "read_only",
  ENOSPC: "no_space",
  EDQUOT: "no_space",
  EFBIG: "no_space",
  ELOOP: "symlink",
  EBUSY: "busy",
  NOT_TEXT: "not_text",
  UTF16: "utf16",
  UNSAFE: "unsafe",
};

/** Errors for what a disk does not support: drvfs, SMB, FUSE. Never EIO. */
const CANNOT: unknown[] = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL"];

/** The same as numbers, on Linux and macOS, for Deno's errors without a code. */
const CANNOT_NUMBERS = ["1", "22", "38", "45", "78", "95", "102"];

/** True if the error says that the disk does not support the operation for any file. */
export function isInability(error: unknown): boolean {
  if (!isError(error) || error.name === "NotCapable") return false;
  const number = /\(os error (\d+)\)/.exec(error.message)?.[1];
  return CANNOT.includes((error as { code?: unknown }).code) ||
    CANNOT_NUMBERS.includes(number ?? "");
}

/** Deno's error classes, for errors without a `code`. */
const CLASSES: Record<string, ErrorKind> = {
  NotCapable: "capability",
  NotFound: "not_found",
  AlreadyExists: "exists",
  PermissionDenied: "permission",
  FilesystemLoop: "symlink",
  Busy: "busy",
};

/** What a file turned out to be, in the operating systems' codes. */
export class FileError extends Error {
  /** The class name, `"FileError"`. */
  override name = "FileError";
  /** `ELOOP` for a symlink, `NOT_TEXT` for anything else that is not a text file. */
  readonly code: "ELOOP" | "NOT_TEXT" | "UTF16" | "UNSAFE";

  /** @param code what it is @param message what it is, in words */
  constructor(code: FileError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Classifies an error from any runtime. */
export function errorKind(error: unknown): ErrorKind {
  if (!isError(error)) return "other";
  // First, because an error from Deno's flags may carry another layer's code, for example from SQLite.
  if (error.name === "NotCapable") return "capability";
  const { code, name } = error as { code?: unknown; name: string };
  return own(KINDS, code) ?? own(CLASSES, name) ?? "other";
}

function own(kinds: Record<string, ErrorKind>, name: unknown): ErrorKind | undefined {
  return typeof name === "string" && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}

/** The Deno permission flag that an error asks for, as narrow as possible. */
export function missingFlag(error: unknown): string | undefined {
  if (errorKind(error) !== "capability") return undefined;
  const message = (error as Error).message;
  const flag = /--allow-[a-z]+/.exec(message)?.[0];
  if (!flag) return undefined;
  const value = /access to "(.+)", run again/.exec(message)?.[1]?.replace(/:0$/, "");
  // In a flag's list, a comma inside a value is written twice.
  return value ? `${flag}=${value.replaceAll(",", ",,")}` : flag;
}

/** At most this many bytes are converted to characters at once. */
const AT_ONCE = 16_384;

/** Decodes UTF-8 strictly, without a byte order mark. */
export function decodeText(bytes: Uint8Array): string {
  // Most files are ASCII. Creating a decoder takes longer than reading such a file.
  if (bytes.length <= AT_ONCE && bytes.every((byte) => byte < 0x80 && byte !== 0)) {
    return String.fromCharCode(...bytes);
  }
  if (looksLikeUtf16(bytes)) throw new FileError("UTF16", "it is UTF-16 text");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FileError("NOT_TEXT", "it is not UTF-8 text");
  }
}

/** True with a byte order mark, as PowerShell writes, or with a NUL in both of the first letters. */
function looksLikeUtf16(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  if (bytes.length % 2 !== 0 || bytes.length < 4) return false;
  const isMarked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  return isMarked || (a !== 0 && b === 0 && c !== 0 && d === 0) ||
    (a === 0 && b !== 0 && c === 0 && d !== 0);
}

/** Runs an action now; if it throws, the promise rejects. */
export function atOnce<T>(action: () => T): Promise<T> {
  return new Promise((resolve) => resolve(action()));
}
