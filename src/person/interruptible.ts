import { AuthError } from "../errors.ts";
import type { Runtime, StopSignal } from "../runtime/runtime.ts";

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
