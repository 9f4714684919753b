import { plain } from "../base/text.ts";

/** What a frontend shows: rich where it can, plain where it cannot. Both carry everything. */
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

/** The link when it is an `http` or `https` one without a password in it, else `null`. */
export function safeLink(link: string): URL | null {
  if (!URL.canParse(link)) return null;
  const url = new URL(link);
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  return url.username === "" && url.password === "" ? url : null;
}

/** Cuts the query and fragment off every link in a text: what stays in a notebook has no parameters. */
export function withoutParameters(text: string): string {
  return text.replace(/(\bhttps?:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/gi, "$1");
}

/** `<a>` to an `http(s)` link; any other becomes plain text. */
export function anchor(link: string, label: string, style = ""): string {
  const url = safeLink(link);
  if (!url) return escapeHtml(label);
  const styled = style === "" ? "" : ` style="${style}"`;
  return `<a href="${escapeHtml(url.href)}" target="_blank" rel="noopener noreferrer"${styled}>${
    escapeHtml(label)
  }</a>`;
}
