/**
 * Removes one layer of encoding from a text that `read_text.ts` has read, and tells where each character
 * came from. The callers search the result: `scan/` for saved secrets, `http/redact.ts` for sent ones.
 */
import { fromBase64, fromNumbers, SHORTEST_TEXT } from "./decode_bytes.ts";
import { type Decoded, type ReadText, SIGNS } from "./read_text.ts";

type Rule = [pattern: RegExp, decode: (found: string) => string];

/** Matches one UTF-8 character, with a sign before each byte. */
const utf8 = (sign: string) =>
  [
    `${sign}[0-7][0-9a-f]`,
    `${sign}[cd][0-9a-f]${sign}[89ab][0-9a-f]`,
    `${sign}e[0-9a-f](?:${sign}[89ab][0-9a-f]){2}`,
    `${sign}f[0-7](?:${sign}[89ab][0-9a-f]){3}`,
  ].join("|");

const PERCENT = `${utf8("%")}|%u[0-9a-f]{4}`;
const BACKSLASH =
  "\\\\(?:u[0-9a-f]{4}|u\\{[0-9a-f]{1,6}\\}|U[0-9a-f]{8}|x[0-9a-f]{2}|[0-7]{1,3}|[^\\n])";
const ENTITY = "&(?:#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]{2,9});?";
const QUOTED_PRINTABLE = `=[ \\t]*\\r?\\n|${utf8("=")}`;
const TAGS = "<[/!]?[A-Za-z!-][^<>]*>";
/** Matches colours and invisible characters. */
const UNSEEN = "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]|\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)|" +
  "[\\x00\\xad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff\\u061c]+|(?:\\udb40[\\udc00-\\udc7f])+";

/** HTML's entity names, each with its character. */
const NAMED = new Map(
  ("amp& lt< gt> quot\" apos' excl! num# dollar$ percnt% lpar( rpar) ast* plus+ comma, period. sol/ " +
    "colon: semi; equals= quest? commat@ lsqb[ lbrack[ bsol\\ rsqb] rbrack] hat^ lowbar_ grave` " +
    "lcub{ lbrace{ verbar| vert| rcub} rbrace} hyphen- dash-")
    .split(" ").map((entry): [string, string] => [entry.slice(0, -1), entry.slice(-1)])
    .concat([["nbsp", " "], ["tab", "\t"], ["newline", "\n"], ["shy", ""]]),
);
/** The meaning of a letter after a backslash, if it is not the letter itself. */
const LETTERS: Record<string, string> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  e: "\x1b",
};

const RULES = {
  url: [new RegExp(PERCENT, "gi"), percent],
  backslash: [new RegExp(BACKSLASH, "gi"), backslash],
  entity: [new RegExp(ENTITY, "gi"), entity],
  quoted: [new RegExp(QUOTED_PRINTABLE, "gi"), quotedPrintable],
  tags: [new RegExp(TAGS, "g"), () => ""],
  markup: [new RegExp(`${TAGS}|${UNSEEN}`, "g"), () => ""],
  all: [
    new RegExp(`${PERCENT}|${BACKSLASH}|${ENTITY}`, "gi"),
    (found: string) =>
      found[0] === "%" ? percent(found) : found[0] === "\\" ? backslash(found) : entity(found),
  ],
} satisfies Record<string, Rule>;

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : "";
}

function percent(found: string): string {
  if (/^%u/i.test(found)) return character(parseInt(found.slice(2), 16));
  if (found.length === 3) return String.fromCharCode(parseInt(found.slice(1), 16));
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}

function quotedPrintable(found: string): string {
  return found.includes("\n") ? "" : percent(found.replaceAll("=", "%"));
}

function backslash(found: string): string {
  const sign = found[1] ?? "";
  if (/[uUx]/.test(sign) && found.length > 2) {
    return character(parseInt(found.slice(2).replace("{", ""), 16));
  }
  if (sign >= "0" && sign <= "7") return character(parseInt(found.slice(1), 8));
  return LETTERS[sign] ?? found.slice(1);
}

function entity(found: string): string {
  const name = found.slice(1).replace(/;$/, "").toLowerCase();
  if (name.startsWith("#x")) return character(parseInt(name.slice(2), 16));
  if (name.startsWith("#")) return character(Number(name.slice(1)));
  return NAMED.get(name) ?? found;
}

/** How much text around a decoded part is kept. The rest is unchanged and was searched before. */
const AROUND = 256;

/** A part of the previous text, and its decoded form. */
interface Change {
  from: number;
  to: number;
  text: string;
}

/** Removes one layer of a kind of encoding; `undefined` if there is none. */
function apply(kind: keyof typeof RULES, whole: string): Decoded | undefined {
  const [pattern, decode] = RULES[kind] as Rule;
  /** The decoded parts, and the unchanged text around them. */
  const changes: Change[] = [];
  const pieces: string[] = [];
  let until = 0;
  const copy = (from: number, to: number, text: string) => {
    changes.push({ from, to, text });
    pieces.push(text);
    until = to;
  };
  const keep = (to: number) => {
    if (to > until) copy(until, to, whole.slice(until, to));
  };
  // The result of `replace` is not used: it finds matches at less cost than `matchAll`.
  whole.replace(pattern, (found: string, index: number) => {
    const text = decode(found);
    if (text === found) return "";
    const near = index - AROUND;
    if (pieces.length === 0) until = Math.max(0, near);
    else if (near > until + AROUND) {
      keep(until + AROUND);
      // A line break separates parts that were not adjacent.
      copy(until, until, "\n");
      until = near;
    }
    keep(index);
    copy(index, index + found.length, text);
    return "";
  });
  if (pieces.length === 0) return undefined;
  keep(Math.min(whole.length, until + AROUND));
  // Most texts hold no secret, so trace where characters came from only on demand.
  let places: Places | undefined;
  const decoded = pieces.join("");
  const trace = () => places ??= placesOf(changes, decoded.length, whole);
  const form = kind === "markup" || kind === "tags" ? "pieces" : kind === "url" ? "url" : "escaped";
  return {
    text: decoded,
    form,
    from: (at) => trace().from[at] ?? 0,
    to: (at) => trace().to[at] ?? 0,
  };
}

/** For each character, the part of the previous text that it stands for. */
interface Places {
  from: Int32Array;
  to: Int32Array;
}

function placesOf(changes: readonly Change[], length: number, whole: string): Places {
  const places = { from: new Int32Array(length), to: new Int32Array(length) };
  let at = 0;
  for (const { from, to, text } of changes) {
    const isCopy = to - from === text.length && whole.startsWith(text, from);
    for (let unit = 0; unit < text.length; unit++, at++) {
      places.from[at] = isCopy ? from + unit : from;
      places.to[at] = isCopy ? from + unit + 1 : to;
    }
  }
  return places;
}

/**
 * The texts one layer below: with escapes of all kinds undone together, with markup removed, and
 * decoded from base64, hexadecimal or lists of bytes.
 *
 * @param alone also undoes each kind of escape alone, for secrets that look like another kind of escape
 * @param shortest the shortest text that counts among decoded bytes
 */
export function decodedOnce(read: ReadText, alone: boolean, shortest = SHORTEST_TEXT): Decoded[] {
  return [
    ...unescaped(read, alone),
    ...fromBase64(read, shortest),
    ...fromNumbers(read.all, shortest),
  ];
}

/** True when an equals sign begins an escape: code has many equals signs that do not. */
function isQuoted(text: string): boolean {
  for (let at = text.indexOf("="); at !== -1; at = text.indexOf("=", at + 1)) {
    AFTER_EQUALS.lastIndex = at + 1;
    if (AFTER_EQUALS.test(text)) return true;
  }
  return false;
}

const AFTER_EQUALS = /[0-7a-f][0-9a-f]|[ \t]*\r?\n/iy;

function unescaped({ text, signs }: ReadText, alone: boolean): Decoded[] {
  const has = (kind: keyof typeof SIGNS) => (signs & SIGNS[kind]) !== 0;
  const kinds = (["url", "backslash", "entity"] as const).filter(has);
  const tried: (keyof typeof RULES)[] = [];
  if (kinds.length > 1) tried.push("all");
  if (alone || kinds.length === 1) tried.push(...kinds);
  if (alone && has("quoted") && isQuoted(text)) tried.push("quoted");
  if (has("markup")) tried.push("markup");
  else if (has("tags")) tried.push("tags");
  const seen = new Set<string>();
  return tried.flatMap((kind) => {
    const decoded = apply(kind, text);
    if (decoded === undefined || seen.has(decoded.text)) return [];
    seen.add(decoded.text);
    return [decoded];
  });
}
