import type { Runtime } from "../runtime/runtime.ts";
import type { Advice } from "./advice.ts";
import { type CardExtras, forwardFor, isFinal, renderCard } from "./card.ts";
import { plain } from "../base/text.ts";
import type { Kernel } from "./kernel.ts";
import type { CardState } from "./person.ts";
import { qrDataUri } from "./qr.ts";
import { timeLeft } from "./time_left.ts";

/** Where a sign-in's card appears. */
export interface Display {
  /** Shows a card, or updates the one that is there. */
  show(state: CardState): Promise<void>;
  /** Keeps the remaining time true until the function it returns is called. */
  countDown(): () => void;
  /** Takes a link or a code off the card: its wait is over, and what is shown last is saved. Never throws. */
  settle(message?: string): Promise<void>;
}

/**
 * Shows cards in the notebook, in place.
 *
 * @param kernel the kernel to show them in
 * @param now the clock
 */
export function notebookDisplay(kernel: Kernel, now: () => number): Display {
  let id = "";
  let shown = "";
  let state: CardState | undefined;
  let extras: CardExtras = {};

  const draw = async () => {
    if (!state) return;
    const { html, text } = renderCard(state, now(), extras);
    // A card that is drawn anew loses the reader's selection and an open fold: only on a change.
    if (text === shown) return;
    const update = shown !== "";
    shown = text;
    await kernel.display({ "text/html": html, "text/plain": text }, id, update);
  };

  const show = async (next: CardState) => {
    // A card that is final stays; what begins after it gets a card of its own.
    if (!state || (isFinal(state) && !isFinal(next))) {
      id = crypto.randomUUID();
      shown = "";
    }
    state = next;
    extras = {};
    if (next.kind === "link" || next.kind === "device") extras = { since: now() };
    await draw();
    const target = qrTarget(next);
    if (target === null) return;
    // Only after the card itself: the library that draws is loaded when it is first used.
    const qr = await qrDataUri(target);
    if (qr === undefined || state !== next) return;
    extras = { ...extras, qr };
    shown = `${shown}\n`;
    await draw();
  };

  return { show, countDown: () => every(1000, draw), settle: settleWith(() => state, show) };
}

/** The link another device can use as it is; not one that ends at this computer's loopback. */
function qrTarget(state: CardState): string | null {
  if (state.kind === "device") return state.completeUrl ?? state.url;
  return state.kind === "link" && forwardFor(state) === null ? state.url : null;
}

/**
 * Writes cards to standard error. The remaining time gets a line of its own, where standard error
 * is a terminal.
 *
 * @param runtime for standard error
 * @param now the clock
 * @param advice what the person is told to do
 */
export function terminalDisplay(
  runtime: Pick<Runtime, "writeError" | "errorIsTerminal">,
  now: () => number,
  advice: Advice,
): Display {
  let shown = "";
  let state: CardState | undefined;
  const wipe = "\r\x1b[K";

  const show = (next: CardState): Promise<void> => {
    state = next;
    const { text } = renderCard(next, now(), { advice });
    if (text !== shown) runtime.writeError(`${text}\n`);
    shown = text;
    return Promise.resolve();
  };

  const countDown = () => {
    if (!runtime.errorIsTerminal()) return () => {};
    let turn = 0;
    const stop = every(1000, () => {
      if (state?.kind !== "link" && state?.kind !== "device") return;
      const spinner = "|/-\\"[turn++ % 4];
      runtime.writeError(`${wipe}${spinner} waiting, ${plain(timeLeft(state.until - now()))}`);
    });
    return () => {
      stop();
      if (turn > 0) runtime.writeError(wipe);
    };
  };

  const settle = settleWith(() => state, show);
  return {
    show,
    countDown,
    // A terminal has no card to take anything off: why it failed is shown once, by whoever waited.
    settle: (message) => message === undefined ? settle() : Promise.resolve(),
  };
}

function settleWith(
  current: () => CardState | undefined,
  show: (state: CardState) => Promise<void>,
): (message?: string) => Promise<void> {
  return async (message) => {
    const state = current();
    if (state?.kind !== "link" && state?.kind !== "device") return;
    const next: CardState = message === undefined
      ? { kind: "starting", title: state.title, step: "Answer received." }
      : { kind: "failed", title: state.title, message };
    // What the wait came to counts, not whether it could be shown.
    await show(next).catch(() => {});
  };
}

/** A timer that never throws: in a kernel, a throw in a timer hangs it for good. */
function every(milliseconds: number, action: () => void | Promise<void>): () => void {
  const timer = setInterval(() => {
    try {
      Promise.resolve(action()).catch(() => {});
    } catch {
      // The next tick tries again.
    }
  }, milliseconds);
  return () => clearInterval(timer);
}
