import { AuthError } from "../errors.ts";
import type { Runtime, StopSignal } from "../runtime/runtime.ts";

/**
 * Runs `wait` with the stop button turned into an abort. Without a listener, SIGINT ends the whole
 * kernel, with every variable in it; with one that stays, later cells could not be stopped.
 *
 * @param runtime where the interrupt comes from
 * @param wait what to run; it ends when the signal does, even if it does not listen
 * @param message what the error says, with what to do next
 * @throws {AuthError} `cancelled` when the stop button was pressed
 */
export async function interruptible<T>(
  runtime: Pick<Runtime, "onInterrupt">,
  wait: (signal: AbortSignal) => Promise<T>,
  message: string,
): Promise<T> {
  const controller = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  // `wait` may settle first; nobody listens then.
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
 * Listens to a signal, SIGINT unless named, where the runtime lets us: Windows has not every one, and
 * Deno may refuse.
 *
 * @returns how to stop listening
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
