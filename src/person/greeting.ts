import { plain } from "../base/text.ts";
import { escapeHtml, type Rendered } from "./html.ts";
import { findKernel } from "./kernel.ts";

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
