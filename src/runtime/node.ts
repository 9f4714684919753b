import type { Runtime } from "./runtime.ts";

/** Node or Bun as a {@linkcode Runtime}. */
export function nodeRuntime(): Runtime {
  throw new Error("not yet");
}
