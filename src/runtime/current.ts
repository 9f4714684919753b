import type { DenoNamespace } from "./deno_namespace.ts";
import type { Runtime } from "./runtime.ts";

let current: Promise<Runtime> | undefined;

/** The runtime this module runs in; always the same object. */
export function currentRuntime(): Promise<Runtime> {
  return current ??= chooseRuntime();
}

async function chooseRuntime(): Promise<Runtime> {
  const deno = denoNamespace();
  // Each loads its own: Deno must not pay for what `node:` modules cost to import.
  if (deno) return (await import("./deno.ts")).denoRuntime(deno);
  const { nodeRuntime } = await import("./node.ts");
  return nodeRuntime();
}

/** `globalThis.Deno`, or `undefined` in another runtime. */
export function denoNamespace(): DenoNamespace | undefined {
  const { Deno } = globalThis as { Deno?: DenoNamespace };
  return typeof Deno?.version?.deno === "string" ? Deno : undefined;
}
