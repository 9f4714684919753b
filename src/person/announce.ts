/**
 * Lines that a notebook shows without a prompt: who is signed in, and what takes long.
 *
 * @module
 */
import { plain } from "../base/text.ts";
import { escapeHtml, type Rendered } from "./html.ts";
import { findKernel, type Kernel } from "./kernel.ts";

/** Renders one quiet line for a notebook. Pure. */
export function renderGreeting(title: string): Rendered {
  const line = `✓ ${title}`;
  return {
    html: `<div style="opacity:0.8;line-height:1.5">${escapeHtml(line)}</div>`,
    text: plain(line),
  };
}

/** Shows in a notebook who is signed in, if there was no prompt. Never throws. */
export async function greet(
  who: Parameters<typeof greetingOf>[0],
  kernel = findKernel(),
): Promise<void> {
  const { html, text } = renderGreeting(greetingOf(who));
  const bundle = { "text/html": html, "text/plain": text };
  await kernel?.display(bundle, crypto.randomUUID(), false).catch(() => {});
}

/** Who is signed in, in one line, such as "SpatiaFi: signed in as ada@example.com". */
export function greetingOf(
  { title, person, account }: {
    title: string;
    person: string | undefined;
    account?: { name: string } | undefined;
  },
): string {
  const who = person === undefined ? "" : ` as ${person}`;
  return `${title}: signed in${who}${account === undefined ? "" : ` (account ${account.name})`}`;
}

/** How long a first use may take before a notebook shows what it waits for, in milliseconds. */
const PATIENCE = 700;

/**
 * Shows in a notebook what a long wait is for, such as a first download. A module that is already downloaded
 * loads within `patience`, so nothing is shown. In a terminal, Deno shows its own progress bar.
 *
 * @param work the work to wait for
 * @param text the text to show, such as "Downloading openid-client (first use only)…"
 * @param kernel the notebook's kernel, or `null` outside a notebook
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
    // Leave nothing in the notebook.
    if (said !== undefined) await said.then(() => say("", "", true));
  }
}
