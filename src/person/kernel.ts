/** Output for a Jupyter frontend: one value per MIME type. */
export type MimeBundle = Record<string, string>;

/** The Jupyter kernel that this code runs in, with the two functions that a sign-in needs. */
export interface Kernel {
  /**
   * Prompts for one line in the notebook. Synchronous: it blocks the isolate.
   *
   * @returns the typed line; `""` if it is empty or cancelled; `null` if the frontend cannot prompt
   */
  prompt(text: string, secret: boolean): string | null;
  /** Shows `bundle` under `id`; `update` replaces what the id showed before. */
  display(bundle: MimeBundle, id: string, update: boolean): Promise<void>;
}

/** The globals of a Deno kernel. A script does not have them, or has others with the same names. */
export interface KernelGlobals {
  /** Reading its `jupyter` throws outside a kernel. */
  readonly Deno?: {
    readonly jupyter?: {
      display(
        bundle: MimeBundle,
        options: { raw: boolean; display_id: string; update: boolean },
      ): Promise<void>;
    };
  };
  /** A kernel prompts in the frontend; a script, in the terminal. */
  readonly prompt?: (
    text: string,
    initial: string,
    options: { password: boolean },
  ) => string | null;
}

/**
 * Finds the Jupyter kernel that this code runs in.
 *
 * @param globals the globals to look in
 * @returns the kernel, or `null` outside a kernel
 */
export function findKernel(globals: KernelGlobals = globalThis as KernelGlobals): Kernel | null {
  try {
    // `Deno.jupyter` is a getter that throws outside a kernel.
    const jupyter = globals.Deno?.jupyter;
    const prompt = globals.prompt;
    if (!prompt || typeof jupyter?.display !== "function") return null;
    return {
      // No default value, because it would show a password on the screen.
      prompt: (text, secret) => prompt(text, "", { password: secret }),
      display: (bundle, id, update) =>
        jupyter.display(bundle, { raw: true, display_id: id, update }),
    };
  } catch {
    return null;
  }
}
