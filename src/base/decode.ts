/**
 * Removes one layer of encoding from a text that `read_text.ts` has read, and tells where each character
 * came from. The callers search the result: `scan/` for saved secrets, `http/redact.ts` for sent ones.
 */
import { fromBase64, fromNumbers, SHORTEST_TEXT } from "./decode_bytes.ts";
import { type Decoded, type DecodedForm, type ReadText, signOf, SIGNS } from "./read_text.ts";

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
  "\\\\(?:u[0-9a-f]{4}|[ux]\\{[0-9a-f]{1,6}\\}|U[0-9a-f]{8}|x[0-9a-f]{2}|[0-7]{1,3}|[^\\n])";
const ENTITY = "&(?:#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]{2,9});?";
const QUOTED_PRINTABLE = `=[ \\t]*\\r?\\n|${utf8("=")}`;
const TAGS = "<[/!]?[A-Za-z!-][^<>]*>";
/**
 * Matches colours, letters printed over a letter, and invisible characters: controls of direction and
 * joining, fillers, variation selectors and tags (Unicode's Default_Ignorable_Code_Point).
 */
const UNSEEN =
  "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]|\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)|\\x08.|" +
  "[\\x00\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e" +
  "\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb]+|" +
  "(?:[\\udb40-\\udb43][\\udc00-\\udfff]|\\ud82f[\\udca0-\\udca3]|\\ud834[\\udd73-\\udd7a])+";

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

/** The kinds of escapes and markup that are undone. */
type Kind = "url" | "backslash" | "entity" | "quoted" | "markup";

/** How one kind is written, and what it stands for. */
interface Rule {
  kind: Kind;
  /** Sticky: it is tried only where {@linkcode readText} saw its sign. */
  pattern: RegExp;
  decode: (found: string) => string;
}

const RULES = new Map<number, Rule>([
  [SIGNS.url, { kind: "url", pattern: new RegExp(PERCENT, "iy"), decode: percent }],
  [SIGNS.backslash, { kind: "backslash", pattern: new RegExp(BACKSLASH, "iy"), decode: backslash }],
  [SIGNS.entity, { kind: "entity", pattern: new RegExp(ENTITY, "iy"), decode: entity }],
  [SIGNS.quoted, {
    kind: "quoted",
    pattern: new RegExp(QUOTED_PRINTABLE, "iy"),
    decode: quotedPrintable,
  }],
  [SIGNS.tag, { kind: "markup", pattern: new RegExp(TAGS, "y"), decode: () => "" }],
  [SIGNS.unseen, { kind: "markup", pattern: new RegExp(UNSEEN, "y"), decode: () => "" }],
]);

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

/** Finds what is escaped and what is markup, by kind and in the text's order. */
function changesIn({ text, all, signs, signCount }: ReadText): Record<Kind, Change[]> {
  const changes: Record<Kind, Change[]> = {
    url: [],
    backslash: [],
    entity: [],
    quoted: [],
    markup: [],
  };
  for (let index = 0; index < signCount; index++) {
    const from = signs[index] as number;
    const rule = RULES.get(signOf(all[from] as number)) as Rule;
    const some = changes[rule.kind];
    if (from < (some.at(-1)?.to ?? 0)) continue;
    const { pattern } = rule;
    pattern.lastIndex = from;
    // `test` makes no list of groups, as `exec` does.
    if (!pattern.test(text)) continue;
    const to = pattern.lastIndex;
    const found = text.slice(from, to);
    const decoded = rule.decode(found);
    if (decoded !== found) some.push({ from, to, text: decoded });
  }
  return changes;
}

/** The changes of several kinds together, without those that begin inside another one. */
function merged(kinds: readonly Change[][]): Change[] {
  let until = 0;
  return kinds.flat().sort((one, other) => one.from - other.from).filter(({ from, to }) => {
    if (from < until) return false;
    until = to;
    return true;
  });
}

/** Makes some changes, and keeps the text around them. */
function apply(changes: readonly Change[], whole: string, form: DecodedForm): Decoded {
  /** The decoded parts, and the unchanged text around them. */
  const parts: Change[] = [];
  let until = Math.max(0, (changes[0]?.from ?? 0) - AROUND);
  const keep = (to: number) => {
    if (to > until) parts.push({ from: until, to, text: whole.slice(until, to) });
  };
  for (const change of changes) {
    const near = change.from - AROUND;
    if (near > until + AROUND) {
      keep(until + AROUND);
      // A line break separates parts that were not adjacent.
      parts.push({ from: until + AROUND, to: until + AROUND, text: "\n" });
      until = near;
    }
    keep(change.from);
    parts.push(change);
    until = change.to;
  }
  keep(Math.min(whole.length, until + AROUND));
  let text = "";
  for (const part of parts) text += part.text;
  // Most texts hold no secret, so trace where characters came from only on demand.
  let places: Places | undefined;
  const trace = () => places ??= placesOf(parts, text.length, whole);
  return { text, form, from: (at) => trace().from[at] ?? 0, to: (at) => trace().to[at] ?? 0 };
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
    ...fromNumbers(read, shortest),
  ];
}

function unescaped(read: ReadText, alone: boolean): Decoded[] {
  const { url, backslash, entity, quoted, markup } = changesIn(read);
  const decoded: Decoded[] = [];
  const add = (changes: readonly Change[], form: DecodedForm) => {
    if (changes.length > 0) decoded.push(apply(changes, read.text, form));
  };
  const escapes = [url, backslash, entity].filter(({ length }) => length > 0);
  if (escapes.length > 1) add(merged(escapes), "escaped");
  if (alone || escapes.length === 1) {
    add(url, "url");
    add(backslash, "escaped");
    add(entity, "escaped");
  }
  add(quoted, "escaped");
  add(markup, "pieces");
  return decoded;
}
