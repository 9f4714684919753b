import { escapeHtml } from "./html.ts";
import { findKernel, type Kernel } from "./kernel.ts";

/** How long a first use may take before a notebook says what it waits for, in milliseconds. */
const PATIENCE = 700;

/**
 * Says in a notebook what a long wait is for, such as a first download. A module that is there takes
 * less than the time until then, and nothing is shown. A terminal has Deno's own bar.
 *
 * @param work what is waited for
 * @param text what to say, such as "Downloading openid-client (first use only)…"
 * @param kernel the notebook, or `null` for none
 */
export async function announceSlow<T>(
  work: Promise<T>,
  text: string,
  kernel: Kernel | null = findKernel(),
  patience = PATIENCE,
): Promise<T> {
  if (kernel === null) return await work;
  const id = crypto.randomUUID();
  let said: Promise<void> | undefined;
  const say = (html: string, text: string, update: boolean) =>
    kernel.display({ "text/html": html, "text/plain": text }, id, update).catch(() => {});
  const timer = setTimeout(() => {
    said = say(`<div style="opacity:0.8;line-height:1.5">${escapeHtml(text)}</div>`, text, false);
  }, patience);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    // It leaves nothing in the notebook.
    if (said !== undefined) await said.then(() => say("", "", true));
  }
}
