import type { Runtime } from "../runtime/runtime.ts";
import type { Advice, CardState } from "./person.ts";
import { type CardExtras, deviceLink, forwardFor, isFinal, renderCard } from "./card.ts";
import { safeLink } from "./html.ts";
import type { Kernel } from "./kernel.ts";

/** The place where a sign-in's card appears. */
export interface Display {
  /** Shows a card, or updates the current one. */
  show(state: CardState): Promise<void>;
  /** Shows on the card how to cancel, while a prompt is open. Never throws. */
  asking(open: boolean): Promise<void>;
  /**
   * Shows that the sign-in is waiting, until the returned function is called. Shows nothing in a notebook,
   * which would save it.
   */
  waiting(): () => void;
  /** Removes the link or code after the wait, because a notebook saves the last card. Never throws. */
  settle(message?: string): Promise<void>;
}

/**
 * Shows cards in the notebook, in place.
 *
 * @param kernel the kernel to show them in
 * @param now the clock
 * @param advice the advice for the person
 */
export function notebookDisplay(kernel: Kernel, now: () => number, advice: Advice): Display {
  let id = "";
  let shown = "";
  let state: CardState | undefined;
  let extras: CardExtras = {};

  const draw = async () => {
    if (!state) return;
    const { html, text } = renderCard(state, now(), { ...extras, advice });
    // Draw only on a change, because it loses the reader's selection and closes open details.
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
    // Show the card first, because the first QR code has to load its library.
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

  // No countdown, because a notebook would save it halfway. The card shows when the wait ends.
  return { show, asking, waiting: () => () => {}, settle: settleWith(() => state, show) };
}

/** The link, if another device can use it: its redirect must not go to this computer's loopback. */
function qrTarget(state: CardState): string | null {
  if (state.kind === "device") return deviceLink(state);
  if (state.kind !== "link" || forwardFor(state) !== null) return null;
  return safeLink(state.url)?.href ?? null;
}

/**
 * Writes cards to standard error. If that is a terminal, a separate line shows that the sign-in is waiting.
 *
 * @param runtime writes to standard error
 * @param now the clock
 * @param advice the advice for the person
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
    // A terminal has no card to end, and the error that follows says why.
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
    // An error of the display must not fail the sign-in.
    await show(next).catch(() => {});
  };
}

/** A timer that never throws, because an error in a timer hangs a kernel permanently. */
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

/**
 * Draws a link as a QR code: black on white, with a white border.
 *
 * @param url the link to draw
 * @returns a `data:image/svg+xml;base64,` URI, or `undefined` if it cannot be drawn
 */
export async function qrDataUri(url: string): Promise<string | undefined> {
  try {
    const { renderSVG } = await import("uqr");
    const svg = renderSVG(url, { ecc: "L", border: 4, whiteColor: "#fff", blackColor: "#000" });
    return `data:image/svg+xml;base64,${btoa(svg)}`;
  } catch {
    // Offline before the first download, or the link is too long for a code. The card still shows the link.
    return undefined;
  }
}
