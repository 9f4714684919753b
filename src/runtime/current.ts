import { denoNamespace, denoRuntime } from "./deno.ts";
import type { Runtime } from "./runtime.ts";

let current: Promise<Runtime> | undefined;

/** The runtime this module runs in; always the same object. */
export function currentRuntime(): Promise<Runtime> {
  return current ??= chooseRuntime();
}

async function chooseRuntime(): Promise<Runtime> {
  const deno = denoNamespace();
  if (deno) return denoRuntime(deno);
  // Only here, and only now: Deno must not pay for what `node:` modules cost to import.
  const { nodeRuntime } = await import("./node.ts");
  return nodeRuntime();
}
