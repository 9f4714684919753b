/**
 * Takes one layer of encoding off a text, and tells where each character came from. What to look for
 * in the result is the caller's: `scan/` looks for saved secrets, `http/redact.ts` for sent ones.
 */

/** A decoded text; `from` and `to` say which part of the text before it a character stands for. */
export interface Decoded {
  text: string;
  /** How it was written before. */
  form: DecodedForm;
  from(at: number): number;
  to(at: number): number;
}

export type DecodedForm = "url" | "escaped" | "pieces" | "base64" | "hex" | "bytes";

type Rule = [pattern: RegExp, decode: (found: string) => string];

/** One character of UTF-8, with a sign before each byte. */
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
/** Tags, comments, colours and what nobody sees. */
const MARKUP =
  "<[/!]?[a-z!-][^<>]*>|(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]|\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)|" +
  "[\\x00\\xad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff\\u061c]+|[\\u{e0000}-\\u{e007f}]+";

const NAMED = new Map(
  Object.entries({
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    nbsp: " ",
    excl: "!",
    num: "#",
    dollar: "$",
    percnt: "%",
    lpar: "(",
    rpar: ")",
    ast: "*",
    plus: "+",
    comma: ",",
    period: ".",
    sol: "/",
    colon: ":",
    semi: ";",
    equals: "=",
    quest: "?",
    commat: "@",
    lsqb: "[",
    lbrack: "[",
    bsol: "\\",
    rsqb: "]",
    rbrack: "]",
    hat: "^",
    lowbar: "_",
    grave: "`",
    lcub: "{",
    lbrace: "{",
    verbar: "|",
    vert: "|",
    rcub: "}",
    rbrace: "}",
    hyphen: "-",
    dash: "-",
    tab: "\t",
    newline: "\n",
    shy: "",
  }),
);
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
  markup: [new RegExp(MARKUP, "giu"), () => ""],
  all: [
    new RegExp(`${PERCENT}|${BACKSLASH}|${ENTITY}`, "gi"),
    (found: string) =>
      found[0] === "%" ? percent(found) : found[0] === "\\" ? backslash(found) : entity(found),
  ],
} satisfies Record<string, Rule>;

/** What tells at a glance whether a rule may find anything. */
const SIGNS = {
  url: /%/,
  backslash: /\\/,
  entity: /&/,
  quoted: /=/,
  markup: /[^\t\n\r -;=-~]/,
};

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

/** How much around what was decoded is kept: the rest is as it was, and was looked at before. */
const AROUND = 256;

/** The text around all that a rule decodes; nothing where it decodes nothing. */
function changesIn(kind: keyof typeof RULES, whole: string): Stretch[] {
  const [pattern, decode] = RULES[kind] as Rule;
  const stretches: Stretch[] = [];
  let last: Stretch | undefined;
  for (const { 0: found, index } of whole.matchAll(pattern)) {
    if (decode(found) === found) continue;
    const from = Math.max(0, index - AROUND);
    const to = Math.min(whole.length, index + found.length + AROUND);
    if (last !== undefined && from <= last.to) last.to = to;
    else stretches.push(last = { from, to });
  }
  return stretches;
}

interface Stretch {
  from: number;
  to: number;
}

/** A text with one layer of a kind taken off, where there is one. */
function apply(kind: keyof typeof RULES, whole: string): Decoded | undefined {
  const [pattern, decode] = RULES[kind] as Rule;
  const stretches = changesIn(kind, whole);
  if (stretches.length === 0) return undefined;
  const decoded = stretches.map(({ from, to }) => whole.slice(from, to).replace(pattern, decode))
    .join("\n");
  // Most texts hold no secret: where characters came from is worked out when it is asked for.
  let places: [Int32Array, Int32Array] | undefined;
  const trace = () => {
    if (places !== undefined) return places;
    const [froms, tos] = [new Int32Array(decoded.length), new Int32Array(decoded.length)];
    let at = 0;
    for (const { from, to } of stretches) {
      let read = from;
      const copy = (until: number) => {
        for (; read < until; read++, at++) [froms[at], tos[at]] = [read, read + 1];
      };
      for (const { 0: found, index } of whole.slice(from, to).matchAll(pattern)) {
        copy(from + index);
        const end = at + decode(found).length;
        read += found.length;
        for (; at < end; at++) [froms[at], tos[at]] = [from + index, read];
      }
      copy(to);
      // What stands between two stretches.
      [froms[at], tos[at]] = [to, to];
      at++;
    }
    return places = [froms, tos];
  };
  const form = kind === "markup" ? "pieces" : kind === "url" ? "url" : "escaped";
  return {
    text: decoded,
    form,
    from: (at) => trace()[0][at] ?? 0,
    to: (at) => trace()[1][at] ?? 0,
  };
}

/**
 * The texts one layer below: escapes of all kinds undone together, and markup taken out.
 *
 * @param alone each kind of escape alone too, for secrets that look like an escape of another kind
 */
export function unescaped(text: string, alone: boolean): Decoded[] {
  const kinds = (["url", "backslash", "entity"] as const).filter((kind) => SIGNS[kind].test(text));
  const tried: (keyof typeof RULES)[] = [];
  if (kinds.length > 1) tried.push("all");
  if (alone || kinds.length === 1) tried.push(...kinds);
  if (alone && SIGNS.quoted.test(text)) tried.push("quoted");
  if (SIGNS.markup.test(text)) tried.push("markup");
  const seen = new Set<string>();
  return tried.flatMap((kind) => {
    const decoded = apply(kind, text);
    if (decoded === undefined || seen.has(decoded.text)) return [];
    seen.add(decoded.text);
    return [decoded];
  });
}

/** The shortest text that counts among decoded bytes: below it pictures are full of them. */
const SHORTEST_TEXT = 8;

/** Gathers stretches of text among bytes: UTF-8, and UTF-16 of ASCII. */
class Stretches {
  #text = "";
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  /** The stretch under way. */
  readonly #open: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** A character of several bytes under way. */
  #code = 0;
  #missing = 0;
  #start = 0;
  #zero = false;
  readonly #shortest: number;

  constructor(shortest: number) {
    this.#shortest = shortest;
  }

  get isOpen(): boolean {
    return this.#open.length > 0 || this.#missing > 0;
  }

  add(byte: number, from: number, to: number): void {
    if (this.#missing > 0) {
      if ((byte & 0xc0) === 0x80) {
        this.#code = this.#code << 6 | byte & 0x3f;
        if (--this.#missing === 0) this.#put(this.#code, this.#start, to);
        return;
      }
      this.close();
    }
    if (byte >= 32 && byte < 127 || byte === 10 || byte === 13 || byte === 9) {
      this.#zero = false;
      this.#put(byte, from, to);
    } else if (byte === 0 && !this.#zero && this.#open.length > 0) this.#zero = true;
    else if (byte >= 0xc2 && byte < 0xf5) {
      this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      this.#code = byte & (0x3f >> this.#missing);
      this.#start = from;
    } else if (this.isOpen) this.close();
  }

  #put(code: number, from: number, to: number): void {
    if (code > 0x10ffff) return this.close();
    this.#open.push(code);
    this.#starts.push(from);
    this.#ends.push(to);
  }

  /** Ends a stretch; a short one is forgotten. */
  close(): void {
    if (this.#open.length >= this.#shortest) {
      for (const [index, code] of this.#open.entries()) {
        const piece = String.fromCodePoint(code);
        this.#text += piece;
        for (let unit = 0; unit < piece.length; unit++) {
          this.#from.push(this.#starts[index] ?? 0);
          this.#to.push(this.#ends[index] ?? 0);
        }
      }
      const end = this.#to.at(-1) ?? 0;
      this.#text += "\n";
      this.#from.push(end);
      this.#to.push(end);
    }
    this.#open.length = this.#starts.length = this.#ends.length = 0;
    this.#missing = 0;
    this.#zero = false;
  }

  decoded(form: DecodedForm): Decoded[] {
    this.close();
    if (this.#text === "") return [];
    const [from, to] = [this.#from, this.#to];
    return [{ text: this.#text, form, from: (at) => from[at] ?? 0, to: (at) => to[at] ?? 0 }];
  }
}

const BASE64 = new Int8Array(128).fill(-1);
for (let value = 0; value < 64; value++) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  BASE64[alphabet.charCodeAt(value)] = value;
}
BASE64["-".charCodeAt(0)] = 62;
BASE64["_".charCodeAt(0)] = 63;

/**
 * The texts in base 64, wherever they begin: in both alphabets, with or without padding, and over
 * line breaks, quotes and other marks.
 */
export function fromBase64(text: string, shortest: number = SHORTEST_TEXT): Decoded[] {
  const values = new Uint8Array(text.length);
  const places = new Int32Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const value = code < 128 ? BASE64[code] as number : -1;
    if (value < 0) continue;
    values[count] = value;
    places[count++] = at;
  }
  const found: Decoded[] = [];
  for (let first = 0; first < 4; first++) {
    found.push(...quads(values, places, count, first, shortest));
  }
  return found;
}

/** True for four values that are three characters of text, or zeros as UTF-16 has them. */
function isText(values: Uint8Array, at: number): boolean {
  const bits = (values[at] as number) << 18 | (values[at + 1] as number) << 12 |
    (values[at + 2] as number) << 6 | (values[at + 3] as number);
  return TEXT[bits >> 16] === 1 && TEXT[bits >> 8 & 255] === 1 && TEXT[bits & 255] === 1;
}

/** Bytes of text in ASCII, and 0. */
const TEXT = new Uint8Array(256).fill(1, 32, 127);
for (const code of [0, 9, 10, 13]) TEXT[code] = 1;

/** Decodes four values at a time, and only where they can be text. */
function quads(
  values: Uint8Array,
  places: Int32Array,
  count: number,
  first: number,
  shortest: number,
): Decoded[] {
  const stretches = new Stretches(shortest);
  /** Quads before this one were added. */
  let added = first;
  const add = (at: number) => {
    const second = values[at + 1] as number;
    const from = places[at] as number;
    const next = places[at + 1] as number;
    stretches.add((values[at] as number) << 2 | second >> 4, from, next + 1);
    if (at + 2 >= count) return;
    const third = values[at + 2] as number;
    const after = places[at + 2] as number;
    stretches.add((second & 15) << 4 | third >> 2, next, after + 1);
    if (at + 3 >= count) return;
    const fourth = values[at + 3] as number;
    stretches.add((third & 3) << 6 | fourth, after, (places[at + 3] as number) + 1);
  };
  for (let at = first; at + 1 < count; at += 4) {
    // The highest bits of three ASCII characters are 0; the shortest text has six in two quads.
    const high = (values[at] as number) & 32 | (values[at + 1] as number) & 8 |
      (values[at + 2] as number) & 2 | (values[at + 4] as number) & 32 |
      (values[at + 5] as number) & 8 | (values[at + 6] as number) & 2;
    if (high !== 0 || !isText(values, at) || !isText(values, at + 4)) continue;
    // What stands just before may be a text's beginning, with letters of two bytes in it.
    const from = Math.max(added, at - 16);
    if (from > added) stretches.close();
    for (let before = from; before < at; before += 4) add(before);
    do {
      add(at);
      at += 4;
    } while (stretches.isOpen && at + 1 < count);
    added = at;
    at -= 4;
  }
  return stretches.decoded("base64");
}

/** What a character is in a list of bytes: a digit's value, {@linkcode BETWEEN}, or {@linkcode OTHER}. */
const BYTES = new Uint8Array(128).fill(255);
const BETWEEN = 254;
const OTHER = 255;
for (let value = 0; value < 16; value++) {
  BYTES[value.toString(16).charCodeAt(0)] = value;
  BYTES[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}
for (const sign of "\t\n\r ,:-;\"'\\") BYTES[sign.charCodeAt(0)] = BETWEEN;

function byteSign(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? BYTES[code] as number : OTHER;
}

/** "0x" is no part of a number. */
function isPrefix(text: string, at: number): boolean {
  return text.charCodeAt(at) === 48 && (text.charCodeAt(at + 1) | 32) === 120;
}

/** The texts in hexadecimal, with or without separators between the bytes. */
export function fromHex(text: string, shortest: number = SHORTEST_TEXT): Decoded[] {
  const stretches = [new Stretches(shortest), new Stretches(shortest)] as const;
  let begin = 0;
  let digits = 0;
  for (let at = 0; at <= text.length; at++) {
    const sign = at < text.length ? byteSign(text, at) : OTHER;
    if (sign < 16) {
      if (digits === 0) begin = at;
      if (sign === 0 && isPrefix(text, at)) at++;
      else digits++;
    } else if (sign === OTHER && digits > 0) {
      if (digits >= 2 * shortest) digitsIn(text, begin, at, stretches);
      digits = 0;
    }
  }
  return stretches.flatMap((one) => one.decoded("hex"));
}

/** Reads digits in pairs, beginning with the first and with the second. */
function digitsIn(
  text: string,
  begin: number,
  end: number,
  stretches: readonly [Stretches, Stretches],
): void {
  let count = 0;
  let last = 0;
  let lastAt = 0;
  for (let at = begin; at < end; at++) {
    const value = byteSign(text, at);
    if (value >= 16) continue;
    if (value === 0 && isPrefix(text, at)) {
      at++;
      continue;
    }
    if (count > 0) stretches[count % 2 as 0 | 1].add(last << 4 | value, lastAt, at + 1);
    last = value;
    lastAt = at;
    count++;
  }
  for (const one of stretches) one.close();
}

/** The texts in lists of decimal bytes, such as a `Uint8Array` that was shown. */
export function fromBytes(text: string, shortest: number = SHORTEST_TEXT): Decoded[] {
  const stretches = new Stretches(shortest);
  let begin = 0;
  let numbers = 0;
  let within = false;
  for (let at = 0; at <= text.length; at++) {
    const sign = at < text.length ? byteSign(text, at) : OTHER;
    if (sign < 10) {
      if (within) continue;
      if (numbers === 0) begin = at;
      numbers++;
      within = true;
    } else {
      within = false;
      if (sign === BETWEEN) continue;
      if (numbers >= shortest) numbersIn(text, begin, at, stretches);
      numbers = 0;
    }
  }
  return stretches.decoded("bytes");
}

function numbersIn(text: string, begin: number, end: number, stretches: Stretches): void {
  let value = 0;
  let digits = 0;
  for (let at = begin; at <= end; at++) {
    const sign = at < end ? byteSign(text, at) : OTHER;
    if (sign < 10) {
      value = Math.min(256, value * 10 + sign);
      digits++;
    } else if (digits > 0) {
      if (value < 256) stretches.add(value, at - digits, at);
      else stretches.close();
      value = 0;
      digits = 0;
    }
  }
  stretches.close();
}
