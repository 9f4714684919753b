import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { browserIsLocal } from "./browser_is_local.ts";
import type { Display } from "./display.ts";
import { plain } from "./html.ts";
import { interruptible } from "./interruptible.ts";
import { findKernel, type Kernel } from "./kernel.ts";
import type { Person } from "./person.ts";

/** What a test passes instead of the real thing. */
export interface PersonOptions {
  /** The kernel, or `null` for none. */
  kernel?: Kernel | null;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

/**
 * Finds out how the person at the edge can be reached: in a notebook, at a terminal, or not at all.
 * One sign-in uses one person. Nothing is loaded before there is something to show.
 *
 * @param runtime the runtime this code runs in
 * @param options the kernel and the clock, for tests
 */
export function createPerson(runtime: Runtime, options: PersonOptions = {}): Person {
  const kernel = options.kernel === undefined ? findKernel() : options.kernel;
  const now = options.now ?? Date.now;
  let kind: Person["kind"] = kernel
    ? "notebook"
    : runtime.inputIsTerminal()
    ? "terminal"
    : "nobody";
  let display: Promise<Display> | undefined;

  const getDisplay = () =>
    display ??= import("./display.ts").then((module) =>
      kernel ? module.notebookDisplay(kernel, now) : module.terminalDisplay(runtime, now)
    );

  const isLocal = () => kind !== "nobody" && browserIsLocal(runtime, kernel !== null);

  /** Ends what the card shows: its wait is over, and neither link nor code may be saved. */
  const endCard = async (error: unknown) => {
    const message = error instanceof AuthError ? error.message : "The sign-in did not succeed.";
    if (display) await (await display).settle(message);
  };

  return {
    get kind() {
      return kind;
    },
    get browserIsLocal() {
      return isLocal();
    },
    async ask(text, { secret }) {
      if (kind === "nobody") return null;
      // A question may quote a server.
      const question = `${plain(text)}: `;
      if (!kernel) return await runtime.ask(question, secret);
      try {
        const answer = await interruptible(runtime, () => askKernel(kernel, question, secret));
        // Only a notebook says so for good: at a terminal `null` may be one cancelled question.
        if (answer === null) kind = "nobody";
        return answer;
      } catch (error) {
        await endCard(error);
        throw error;
      }
    },
    async show(state) {
      // A card that is there is brought to its end even when nobody turns out to be there.
      if (kind !== "nobody" || display) await (await getDisplay()).show(state);
    },
    async open(url) {
      return isLocal() && await runtime.openBrowser(url);
    },
    async interruptible(wait) {
      const card = await display;
      const stop = card?.countDown();
      try {
        const result = await interruptible(runtime, wait);
        stop?.();
        await card?.settle();
        return result;
      } catch (error) {
        stop?.();
        await endCard(error);
        throw error;
      }
    },
  };
}

/**
 * Asks in the notebook. `prompt` stops the isolate, so a press of the stop button meanwhile is known
 * only afterwards: a listener has to be there already, or the press ends the kernel.
 */
async function askKernel(
  kernel: Kernel,
  question: string,
  secret: boolean,
): Promise<string | null> {
  const answer = kernel.prompt(question, secret);
  if (answer !== null) await new Promise((resolve) => setTimeout(resolve, 10));
  return answer;
}
