/**
 * Text for people: safe to show, paths and times in short, the word that was meant. And text for programs:
 * JSON, bytes and hashes. `person/html.ts` escapes HTML, and `http/redact.ts` checks whether a text repeats
 * a secret.
 *
 * @module
 */

/**
 * Replaces what could control a terminal, reorder text or hide in it with a space. Names, codes, links
 * and messages come from a server.
 */
export function plain(value: string): string {
  return without(value, " ");
}

/** The same without the spaces, so that a word stays one word for the reader. */
export function visible(value: string): string {
  return without(value, "");
}

function without(value: string, instead: string): string {
  // Most shown text is printable ASCII and does not need Unicode's tables.
  if (/^[ -~]*$/.test(value)) return value;
  // ECMA-48 sequences: CSI, strings such as a title or a link (OSC), and ESC with one character.
  const sequences =
    // deno-lint-ignore no-control-regex
    /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;
  // Control and format characters (direction marks, zero-width ones, tags), line separators, fillers, and
  // halves of a surrogate pair. The two variation selectors of emoji stay. Created here, not
  // when this file loads: Unicode's tables would cost every start five million instructions.
  const unseen =
    /(?:(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}])+/gu;
  return value.replace(sequences, instead).replace(unseen, instead);
}

/** Bytes in base64url without padding (RFC 4648 section 5). */
export function base64url(bytes: Uint8Array): string {
  let binary = "";
  // One by one, because spreading many bytes exceeds the limit of a call's arguments.
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Shortens the paths in a text for people: paths inside the home folder begin with `~`. A quoted path
 * stays complete, because a shell does not expand a copied `~` in quotes.
 *
 * @param home the home folder, if there is one
 */
export function shortenHome(text: string, home: string | undefined): string {
  const folder = home?.replace(/[\\/]+$/, "");
  if (!folder) return text;
  let short = "";
  let from = 0;
  for (let at = text.indexOf(folder); at >= 0; at = text.indexOf(folder, at + 1)) {
    const next = text.charAt(at + folder.length);
    const isWhole = next === "/" || next === "\\";
    // It is quoted, or part of a longer path.
    if (!isWhole || /[\w"'/\\.:-]/.test(text.charAt(at - 1))) continue;
    short += `${text.slice(from, at)}~`;
    from = at + folder.length;
  }
  return short + text.slice(from);
}

/**
 * The same for what a shared notebook may show. In quotes, where a shell expands no `~`, the quotes are
 * removed, or begin after `~/`.
 */
export function withoutHome(text: string, home: string | undefined): string {
  const folder = home?.replace(/[\\/]+$/, "");
  if (!folder) return text;
  const bare = text.replace(/"([^"\n]*)"/g, (quoted, path: string) => {
    const [separator = "", ...rest] = path.startsWith(folder) ? path.slice(folder.length) : "";
    if (separator !== "/" && separator !== "\\") return quoted;
    const inner = rest.join("");
    return `~${separator}${/^[\p{L}\p{N}\w./\\@%+=:,-]+$/u.test(inner) ? inner : `"${inner}"`}`;
  });
  return shortenHome(bare, folder);
}

/**
 * Formats a time for people at this machine: local time without seconds, with the date if it is not
 * today. Pure except for the machine's time zone.
 *
 * @param moment in epoch milliseconds; any number, since a server chooses it
 * @param now in epoch milliseconds
 */
export function localTime(moment: number, now: number): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "at an unknown time";
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const dayOf = (day: Date) =>
    `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
  const day = dayOf(date);
  return day === dayOf(new Date(now)) ? time : `${day} ${time}`;
}

/** Says when an access token expires and what happens then, in one line for people. */
export function expiryText(
  { expiresAt, renews }: { expiresAt: number; renews: boolean },
  now: number,
): string {
  const verb = expiresAt > now ? "expires" : "expired";
  const after = renews ? "renews automatically" : "sign in again after that";
  return `access token ${verb} ${localTime(expiresAt, now)} (${
    expiresAt > now || renews ? after : "sign in again"
  })`;
}

/** The known word that a mistyped one was probably meant to be: one letter in three may be wrong. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    // The beginning of a word counts as a small mistake.
    const begun = word.length > 2 && candidate.startsWith(word);
    const cost = begun ? 1 : distance(word.toLowerCase(), candidate.toLowerCase());
    if (cost < least) [best, least] = [candidate, cost];
  }
  return best;
}

/** `Did you mean …?`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known);
  return found === undefined ? "" : ` Did you mean "${found}"?`;
}

/** Counts the letters to insert, delete, replace, or swap with the next one (Damerau–Levenshtein). */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let cost = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    [before, last] = [last, row];
  }
  return last[to.length] ?? 0;
}

/**
 * The SHA-256 hash of a UTF-8 text, in hexadecimal.
 *
 * Uses Web Crypto: its first digest takes a start 0.5 ms in Deno 2.9, and our own code 0.8 ms.
 */
export async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** How a text highlights things: marks, and important words. A terminal uses colours. */
export interface Style {
  /** The mark for what is fine. */
  readonly ok: string;
  /** The mark for what may go wrong. */
  readonly warning: string;
  /** The mark for what is wrong. */
  readonly problem: string;
  /** Highlights a word. */
  strong(text: string): string;
}

/** Marks without colours. */
export const PLAIN_STYLE: Style = { ok: "✓", warning: "!", problem: "✗", strong: (text) => text };

/** True for a JSON object, not for a list or `null`. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses a JSON object; `undefined` when the text is not one.
 *
 * Drops the parser's own error, because it quotes the text, which may be a secret.
 */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
