import { plain, shortenHome } from "../base/text.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Host } from "./host.ts";

/** Writes one line to standard error, if it is open. */
export function say({ runtime }: Pick<Host, "runtime">, message: string): void {
  const line = `onecell: ${forPeople(runtime, message)}\n`;
  try {
    runtime.writeError(line);
  } catch {
    // It is closed.
  }
}

/** Makes a text readable: without control characters, and with paths that begin with `~`. */
export function forPeople(runtime: Pick<Runtime, "homeDirectory">, text: string): string {
  return shortenHome(plain(text), runtime.homeDirectory());
}

/**
 * JSON for another program. Characters that control a terminal or hide in it are escaped, which changes no
 * value: names come from servers and files.
 */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`.replace(
    /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    (found) =>
      Array.from(
        { length: found.length },
        (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`,
      ).join(""),
  );
}
