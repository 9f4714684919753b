/**
 * Chooses the runtime. Only the current one is loaded.
 *
 * @module
 */
import type { DenoNamespace } from "./deno_namespace.ts";
import type { Doors } from "./doors.ts";
import type { Runtime } from "./runtime.ts";

let current: Promise<Runtime> | undefined;

/** The runtime this module runs in; always the same object. */
export function currentRuntime(): Promise<Runtime> {
  return current ??= chooseRuntime();
}

const doors: Doors = {
  terminal: () => import("./terminal.ts"),
  browser: () => import("./browser.ts"),
  program: () => import("./program.ts"),
};

async function chooseRuntime(): Promise<Runtime> {
  const deno = denoNamespace();
  // Each loads its own files: importing `node:` modules would slow Deno down.
  if (deno) {
    const { denoRuntime } = await import("./deno.ts");
    return denoRuntime(deno, { ...doors, signIn: () => import("./deno_sign_in.ts") });
  }
  const { nodeRuntime } = await import("./node.ts");
  return nodeRuntime({
    ...doors,
    server: () => import("./node_server.ts"),
    directFetch: () => import("./node_direct_fetch.ts"),
  });
}

/** `globalThis.Deno`, or `undefined` in another runtime. */
function denoNamespace(): DenoNamespace | undefined {
  const { Deno } = globalThis as { Deno?: DenoNamespace };
  return typeof Deno?.version?.deno === "string" ? Deno : undefined;
}

/** The runtime's version, such as `"2.9.6"`; `""` if it is unknown. */
export function runtimeVersion(): string {
  const deno = denoNamespace();
  if (deno) return deno.version.deno;
  const { process } = globalThis as { process?: { versions?: Record<string, string> } };
  return process?.versions?.["bun"] ?? process?.versions?.["node"] ?? "";
}
