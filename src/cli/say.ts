import { shortenHome } from "../base/home_path.ts";
import { plain } from "../base/text.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Host } from "./host.ts";

/** One line on standard error, if anybody listens there. */
export function say({ runtime }: Pick<Host, "runtime">, message: string): void {
  const line = `onecell: ${forPeople(runtime, message)}\n`;
  try {
    runtime.writeError(line);
  } catch {
    // Nobody does.
  }
}

/** A text that a person can read: nothing in it steers the terminal, and paths begin with `~`. */
export function forPeople(runtime: Pick<Runtime, "homeDirectory">, text: string): string {
  return shortenHome(plain(text), runtime.homeDirectory());
}
