import { plain } from "../base/text.ts";
import { isOpenable } from "../trust.ts";

/** What a frontend shows: HTML if it can, else plain text. Both contain everything. */
export interface Rendered {
  /** Inline styles only. */
  html: string;
  /** The same content as plain text. */
  text: string;
}

/** Escapes a value for use between tags and inside double or single quotes. */
export function escapeHtml(value: string): string {
  return plain(value)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/**
 * The link if it is safe to open ({@linkcode isOpenable}), else `null`. Its host is in ASCII, so lookalike
 * letters show as `xn--…`.
 */
export function safeLink(link: string): URL | null {
  return isOpenable(link) ? new URL(link) : null;
}

/** A link's label: only host and path, so that nothing in it looks like another host. */
export function linkLabel(link: string): string {
  const url = safeLink(link);
  return url ? url.host + url.pathname.replace(/\/$/, "") : link;
}

/** Removes the query and fragment from links in a text, so that a notebook saves no parameters. */
export function withoutParameters(text: string): string {
  return text.replace(/(\bhttps?:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/gi, "$1");
}

/** An `<a>` for a safe link ({@linkcode safeLink}), else only the label as plain text. */
export function anchor(link: string, label: string, style = ""): string {
  const url = safeLink(link);
  if (!url) return escapeHtml(label);
  const styled = style === "" ? "" : ` style="${style}"`;
  return `<a href="${escapeHtml(url.href)}" target="_blank" rel="noopener noreferrer"${styled}>${
    escapeHtml(label)
  }</a>`;
}
