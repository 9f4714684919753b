import { AuthError } from "../errors.ts";
import type { Runtime, StopSignal } from "../runtime/runtime.ts";

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

/**
 * Runs `wait`, and turns the stop button into an abort. Without a listener, SIGINT ends the whole kernel
 * with all its variables. With a listener that stays, later cells could not be stopped.
 *
 * @param runtime listens for the interrupt
 * @param wait the work to run; an abort ends the wait, even if the work ignores its signal
 * @param message the error's message, with the next step
 * @throws {AuthError} `cancelled` if the stop button was pressed
 */
export async function interruptible<T>(
  runtime: Pick<Runtime, "onInterrupt">,
  wait: (signal: AbortSignal) => Promise<T>,
  message: string,
): Promise<T> {
  const controller = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  // Nothing awaits this promise if `wait` settles first.
  stopped.catch(() => {});
  const forget = listen(runtime, () => {
    const error = new AuthError("cancelled", message);
    reject(error);
    controller.abort(error);
  });
  try {
    return await Promise.race([stopped, wait(controller.signal)]);
  } finally {
    forget();
  }
}

/**
 * Listens for a signal, by default SIGINT, if the runtime allows it. Windows does not have all signals,
 * and Deno may refuse.
 *
 * @returns a function that stops listening
 */
export function listen(
  runtime: Pick<Runtime, "onInterrupt">,
  listener: () => void,
  signal?: StopSignal,
): () => void {
  try {
    return runtime.onInterrupt(listener, signal);
  } catch {
    return () => {};
  }
}
