import type { Runtime } from "../runtime/runtime.ts";

/** Files of credentials and tokens are small; what is larger is something else. */
export const MAXIMUM_BYTES = 1_000_000;

/** The text of a file, or `null` when there is none. Never through a symlink. */
export function readPrivateFile(runtime: Pick<Runtime, "files">, path: string): string | null {
  return runtime.files.readTextNoFollow(path, MAXIMUM_BYTES);
}
