import { denoNamespace } from "./current.ts";

/** Version of the runtime, such as `"2.9.6"`; `""` where it is not told. */
export function runtimeVersion(): string {
  const deno = denoNamespace();
  if (deno) return deno.version.deno;
  const { process } = globalThis as { process?: { versions?: Record<string, string> } };
  return process?.versions?.["bun"] ?? process?.versions?.["node"] ?? "";
}
