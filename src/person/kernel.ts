/** What a Jupyter frontend is given to show: one value per MIME type. */
export type MimeBundle = Record<string, string>;

/** The Jupyter kernel this code runs in, in the two verbs a sign-in needs. */
export interface Kernel {
  /**
   * Asks for one line in the notebook. Synchronous: the whole isolate waits.
   *
   * @returns what was typed; `""` for an empty answer or a cancel; `null` without a frontend that can ask
   */
  prompt(text: string, secret: boolean): string | null;
  /** Shows `bundle` under `id`; `update` replaces what the id showed before. */
  display(bundle: MimeBundle, id: string, update: boolean): Promise<void>;
}

/** The globals of a Deno kernel. A script has none of them, or others of the same name. */
export interface KernelGlobals {
  /** Its `jupyter` throws when read outside a kernel. */
  readonly Deno?: {
    readonly jupyter?: {
      display(
        bundle: MimeBundle,
        options: { raw: boolean; display_id: string; update: boolean },
      ): Promise<void>;
    };
  };
  /** A kernel asks the frontend; a script asks the terminal. */
  readonly prompt?: (
    text: string,
    initial: string,
    options: { password: boolean },
  ) => string | null;
}

/**
 * Finds the Jupyter kernel this code runs in.
 *
 * @param globals the globals to look in
 * @returns the kernel, or `null` outside of one
 */
export function findKernel(globals: KernelGlobals = globalThis as KernelGlobals): Kernel | null {
  try {
    // `Deno.jupyter` is a getter that throws outside a kernel.
    const jupyter = globals.Deno?.jupyter;
    const prompt = globals.prompt;
    if (!prompt || typeof jupyter?.display !== "function") return null;
    return {
      // A default would be shown, and for a password it would be a secret on the screen.
      prompt: (text, secret) => prompt(text, "", { password: secret }),
      display: (bundle, id, update) =>
        jupyter.display(bundle, { raw: true, display_id: id, update }),
    };
  } catch {
    return null;
  }
}
