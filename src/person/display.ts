import type { Runtime } from "../runtime/runtime.ts";
import type { Advice } from "./advice.ts";
import { type CardExtras, deviceLink, forwardFor, isFinal, renderCard } from "./card.ts";
import { safeLink } from "./html.ts";
import type { Kernel } from "./kernel.ts";
import type { CardState } from "./person.ts";
import { qrDataUri } from "./qr.ts";

/** Where a sign-in's card appears. */
export interface Display {
  /** Shows a card, or updates the one that is there. */
  show(state: CardState): Promise<void>;
  /** Says on the card how to cancel, while a question is open. Never throws. */
  asking(open: boolean): Promise<void>;
  /** Shows that it waits, if that is not saved, until the function it returns is called. */
  waiting(): () => void;
  /** Takes a link or a code off the card: its wait is over, and what is shown last is saved. Never throws. */
  settle(message?: string): Promise<void>;
}

/**
 * Shows cards in the notebook, in place.
 *
 * @param kernel the kernel to show them in
 * @param now the clock
 * @param advice what the person is told to do
 */
export function notebookDisplay(kernel: Kernel, now: () => number, advice: Advice): Display {
  let id = "";
  let shown = "";
  let state: CardState | undefined;
  let extras: CardExtras = {};

  const draw = async () => {
    if (!state) return;
    const { html, text } = renderCard(state, now(), { ...extras, advice });
    // Drawing again loses the reader's selection and an open fold: only on a change.
    if (text === shown) return;
    const update = shown !== "";
    shown = text;
    await kernel.display({ "text/html": html, "text/plain": text }, id, update);
  };

  const show = async (next: CardState) => {
    // A final card stays; the next step gets its own card.
    if (!state || (isFinal(state) && !isFinal(next))) {
      id = crypto.randomUUID();
      shown = "";
    }
    state = next;
    extras = {};
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

  const asking = async (open: boolean) => {
    extras = { ...extras, asking: open };
    await draw().catch(() => {});
  };

  // A card that counted down would be saved half way: it says when the wait ends.
  return { show, asking, waiting: () => () => {}, settle: settleWith(() => state, show) };
}

/** The link another device can use as it is; not one that ends at this computer's loopback. */
function qrTarget(state: CardState): string | null {
  if (state.kind === "device") return deviceLink(state);
  if (state.kind !== "link" || forwardFor(state) !== null) return null;
  return safeLink(state.url)?.href ?? null;
}

/**
 * Writes cards to standard error. A line of its own says that it waits, where standard error is a
 * terminal.
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
  let heading = "";
  let state: CardState | undefined;
  const wipe = "\r\x1b[K";

  const show = (next: CardState): Promise<void> => {
    state = next;
    // A terminal has no card to bring to its end, and the error that follows says why.
    if (next.kind === "failed" || next.kind === "greeting") return Promise.resolve();
    const { text } = renderCard(next, now(), { advice });
    const [first = "", ...lines] = text.split("\n");
    // The heading stays on the screen, so the lines below do not repeat it.
    const news = first === heading ? lines : [first, ...lines];
    if (text !== shown) runtime.writeError(`${news.join("\n")}\n`);
    shown = text;
    heading = first;
    return Promise.resolve();
  };

  const waiting = () => {
    if (!runtime.errorIsTerminal()) return () => {};
    let turn = 0;
    const stop = every(1000, () => {
      if (state?.kind !== "link" && state?.kind !== "device") return;
      const spinner = "|/-\\"[turn++ % 4];
      runtime.writeError(`${wipe}${spinner} Waiting for you to sign in (Ctrl-C cancels)`);
    });
    return () => {
      stop();
      if (turn > 0) runtime.writeError(wipe);
    };
  };

  const settle = settleWith(() => state, show);
  return {
    show,
    asking: () => Promise.resolve(),
    waiting,
    settle: (message) => message === undefined ? settle() : Promise.resolve(),
  };
}

function settleWith(
  current: () => CardState | undefined,
  show: (state: CardState) => Promise<void>,
): (message?: string) => Promise<void> {
  return async (message) => {
    const state = current();
    const isLive = state?.kind === "link" || state?.kind === "device";
    if (!state || !(isLive || (message !== undefined && !isFinal(state)))) return;
    const next: CardState = message === undefined
      ? { kind: "starting", title: state.title, step: "Finishing the sign-in…" }
      : { kind: "failed", title: state.title, message };
    // A failure to show the wait does not fail the wait.
    await show(next).catch(() => {});
  };
}

/** A timer that never throws: in a kernel, a throw in a timer hangs it for good. */
function every(milliseconds: number, action: () => void): () => void {
  const timer = setInterval(() => {
    try {
      action();
    } catch {
      // The next tick tries again.
    }
  }, milliseconds);
  return () => clearInterval(timer);
}
