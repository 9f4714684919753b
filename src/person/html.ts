import { plain } from "../base/text.ts";
import { isOpenable } from "../trust.ts";

/** What a frontend shows: HTML where it can, plain text where it cannot. Both carry everything. */
export interface Rendered {
  /** Inline styles only. */
  html: string;
  /** The same in words. */
  text: string;
}

/** Makes a value safe between tags and inside double or single quotes. */
export function escapeHtml(value: string): string {
  return plain(value)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/**
 * The link when it is one that a person may be sent to ({@linkcode isOpenable}), else `null`. Its host is
 * in ASCII: letters that only look alike show as `xn--…`.
 */
export function safeLink(link: string): URL | null {
  return isOpenable(link) ? new URL(link) : null;
}

/** A link as it is read: host and path, nothing that a reader could take for another host. */
export function linkLabel(link: string): string {
  const url = safeLink(link);
  return url ? url.host + url.pathname.replace(/\/$/, "") : link;
}

/** Cuts the query and fragment off every link in a text: what stays in a notebook has no parameters. */
export function withoutParameters(text: string): string {
  return text.replace(/(\bhttps?:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/gi, "$1");
}

/** `<a>` to a link that is {@linkcode safeLink}; any other becomes plain text. */
export function anchor(link: string, label: string, style = ""): string {
  const url = safeLink(link);
  if (!url) return escapeHtml(label);
  const styled = style === "" ? "" : ` style="${style}"`;
  return `<a href="${escapeHtml(url.href)}" target="_blank" rel="noopener noreferrer"${styled}>${
    escapeHtml(label)
  }</a>`;
}
