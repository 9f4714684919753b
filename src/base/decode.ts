/**
 * Reads a text, removes one layer of encoding, and tells where each character came from. The callers
 * search the result: `scan/` for saved secrets, `http/redact.ts` for sent ones.
 */

/** A decoded text. `from` and `to` say which part of the previous text a character stands for. */
export interface Decoded {
  text: string;
  /** How it was encoded. */
  form: DecodedForm;
  from(at: number): number;
  to(at: number): number;
}

export type DecodedForm = "url" | "escaped" | "pieces" | "base64" | "hex" | "bytes";

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

/** A text, and what one pass finds out about it. Its lists are valid until the next text is read. */
export interface ReadText {
  text: string;
  /** Its UTF-16 code units. */
  all: Uint16Array;
  /** Only its letters and digits, without the characters that may split a secret. */
  squeezed: Uint16Array;
  /** The values of its base64 characters. */
  values: Uint8Array;
  /** Where eight values begin that decode to six text characters, grouped by their quads' offset. */
  begins: readonly [number[], number[], number[], number[]];
  /** Which {@linkcode SIGNS} of encodings it contains. */
  signs: number;
}

/** Each character's kind: its base64 value in the lowest bits, then bits for its other properties. */
const KIND = new Uint16Array(0x10000);
const VALUE = 63;
const HAS_VALUE = 1 << 6;
/** A letter, a digit, or a visible non-ASCII character: it does not join pieces. */
const KEPT = 1 << 7;
/** A digit in a list of bytes, the letter in "0x", or a separator of digits. */
const OF_NUMBERS = 1 << 14;
/** Bits for the characters that begin an encoding. */
const SIGNS = {
  url: 1 << 8,
  backslash: 1 << 9,
  entity: 1 << 10,
  quoted: 1 << 11,
  tags: 1 << 12,
  markup: 1 << 13,
};
KIND.fill(KEPT, 0xc0).fill(0, 0x2000, 0x2c00);
for (const joining of [0x3000, 0xfeff, 0xdb40]) KIND[joining] = 0;
for (
  const [sign, bit] of [["%", SIGNS.url], ["\\", SIGNS.backslash], ["&", SIGNS.entity]] as const
) {
  KIND[sign.charCodeAt(0)] = bit;
}
KIND["=".charCodeAt(0)] = SIGNS.quoted;
KIND["<".charCodeAt(0)] = SIGNS.tags;
// The first characters of {@linkcode UNSEEN}.
KIND.fill(SIGNS.markup, 0x200b, 0x2010).fill(SIGNS.markup, 0x202a, 0x202f)
  .fill(SIGNS.markup, 0x2060, 0x2070);
for (const code of [0, 0x1b, 0x9b, 0xad, 0x61c, 0xfeff, 0xdb40]) {
  KIND[code] = (KIND[code] as number) | SIGNS.markup;
}
for (
  const [value, letter] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"]
    .entries()
) {
  KIND[letter.charCodeAt(0)] = value | HAS_VALUE | (value < 62 ? KEPT : 0);
}
// The URL-safe alphabet.
KIND["-".charCodeAt(0)] = 62 | HAS_VALUE;
KIND["_".charCodeAt(0)] = 63 | HAS_VALUE;

for (const sign of "0123456789abcdefABCDEFxX\t\n\r ,:;-\"'\\") {
  KIND[sign.charCodeAt(0)] = (KIND[sign.charCodeAt(0)] as number) | OF_NUMBERS;
}

/**
 * Reads a text in one pass, so that later steps look at few of its characters again. It reads pieces,
 * because V8 compiles a short function that is called often sooner than one long loop.
 */
export function readText(text: string): ReadText {
  const reading = new Reading(text);
  for (let at = 0; at < text.length; at += PIECE) {
    reading.read(at, Math.min(at + PIECE, text.length));
  }
  return reading.end();
}

const PIECE = 1024;

/** Reused lists: allocating new ones for each text takes as long as filling them. */
let scratch = scratchOf(2 ** 14);

function scratchOf(length: number) {
  return {
    all: new Uint16Array(length),
    squeezed: new Uint16Array(length),
    values: new Uint8Array(length),
  };
}

class Reading {
  readonly #text: string;
  readonly #all: Uint16Array;
  readonly #squeezed: Uint16Array;
  readonly #values: Uint8Array;
  readonly #begins: [number[], number[], number[], number[]] = [[], [], [], []];
  #kept = 0;
  #count = 0;
  #signs = 0;

  constructor(text: string) {
    this.#text = text;
    if (scratch.values.length < text.length) scratch = scratchOf(text.length * 2);
    this.#all = scratch.all;
    this.#squeezed = scratch.squeezed;
    this.#values = scratch.values;
  }

  read(from: number, to: number): void {
    const [text, all, squeezed, values] = [this.#text, this.#all, this.#squeezed, this.#values];
    let [kept, count, signs] = [this.#kept, this.#count, this.#signs];
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at);
      const kind = KIND[code] as number;
      signs |= kind;
      all[at] = code;
      // Without branches, because the processor would predict them poorly.
      squeezed[kept] = code;
      kept += kind >> 7 & 1;
      values[count] = kind & VALUE;
      count += kind >> 6 & 1;
    }
    this.#findBegins(this.#count, count);
    this.#kept = kept;
    this.#count = count;
    this.#signs = signs;
  }

  #findBegins(from: number, to: number): void {
    const values = this.#values;
    for (let at = Math.max(from, 7); at < to; at++) {
      const first = values[at - 3] as number;
      const second = values[at - 2] as number;
      const third = values[at - 1] as number;
      // The highest bits of three ASCII characters are 0.
      if ((first & 32 | second & 8 | third & 2) !== 0) continue;
      if (!isText(first, second, third, values[at] as number)) continue;
      const before = at - 7;
      if (
        isText(
          values[before] as number,
          values[before + 1] as number,
          values[before + 2] as number,
          values[before + 3] as number,
        )
      ) {
        this.#begins[before & 3 as 0]?.push(before);
      }
    }
  }

  end(): ReadText {
    return {
      text: this.#text,
      all: this.#all.subarray(0, this.#text.length),
      squeezed: this.#squeezed.subarray(0, this.#kept),
      values: this.#values.subarray(0, this.#count),
      begins: this.#begins,
      signs: this.#signs,
    };
  }
}

/** A text's UTF-16 code units. */
export function codesOf(text: string): Uint16Array {
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) codes[at] = text.charCodeAt(at);
  return codes;
}

/** Keeps only letters and digits, at the beginning of the list, and returns their number. */
export function squeezeCodes(codes: Uint16Array): number {
  let kept = 0;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] as number;
    codes[kept] = code;
    kept += (KIND[code] as number) >> 7 & 1;
  }
  return kept;
}

/** The positions of a text's letters and digits, or of its base64 characters. */
function placesOfKind(codes: Uint16Array, kind: number): Int32Array {
  const places = new Int32Array(codes.length);
  let count = 0;
  for (let at = 0; at < codes.length; at++) {
    if (((KIND[codes[at] as number] as number) & kind) !== 0) places[count++] = at;
  }
  return places;
}

/** The positions in the text of a squeezed text's characters. */
export function placesOfSqueezed({ all }: ReadText): Int32Array {
  return placesOfKind(all, KEPT);
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

/** The shortest text that counts among decoded bytes: pictures are full of shorter ones. */
const SHORTEST_TEXT = 8;

/** Collects runs of text among bytes: UTF-8, and ASCII in UTF-16. */
class Stretches {
  #text = "";
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  /** The length of the current run in the three lists. */
  #length = 0;
  readonly #open: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** The current character of several bytes. */
  #code = 0;
  #missing = 0;
  #start = 0;
  #zero = false;
  readonly #shortest: number;

  constructor(shortest: number) {
    this.#shortest = shortest;
  }

  get isOpen(): boolean {
    return this.#length > 0 || this.#missing > 0;
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
    } else if (byte === 0 && !this.#zero && this.#length > 0) this.#zero = true;
    else if (byte >= 0xc2 && byte < 0xf5) {
      this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      this.#code = byte & (0x3f >> this.#missing);
      this.#start = from;
    } else if (this.isOpen) this.close();
  }

  #put(code: number, from: number, to: number): void {
    if (code > 0x10ffff) return this.close();
    this.#open[this.#length] = code;
    this.#starts[this.#length] = from;
    this.#ends[this.#length++] = to;
  }

  /** Ends a run and drops it if it is short. */
  close(): void {
    const length = this.#length;
    this.#length = 0;
    this.#missing = 0;
    this.#zero = false;
    if (length < this.#shortest) return;
    for (let index = 0; index < length; index++) {
      const piece = String.fromCodePoint(this.#open[index] as number);
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

  /** @param placeOf maps a position passed to {@linkcode add} to one in the text */
  decoded(form: DecodedForm, placeOf = (at: number) => at): Decoded[] {
    this.close();
    if (this.#text === "") return [];
    const [from, to] = [this.#from, this.#to];
    return [{
      text: this.#text,
      form,
      from: (at) => placeOf(from[at] ?? 0),
      to: (at) => placeOf((to[at] ?? 1) - 1) + 1,
    }];
  }
}

/**
 * Decodes base64 texts, wherever they begin: in both alphabets, with or without padding, and across
 * line breaks, quotes and other signs.
 */
function fromBase64({ text, values, begins }: ReadText, shortest: number): Decoded[] {
  let places: Int32Array | undefined;
  const placeOf = (value: number) =>
    (places ??= placesOfKind(codesOf(text), HAS_VALUE))[value] ?? 0;
  return begins.flatMap((some, first) =>
    some.length === 0 ? [] : quads(values, first, some, shortest).decoded("base64", placeOf)
  );
}

/** True when four values decode to three text characters, or zeros as in UTF-16. */
function isText(first: number, second: number, third: number, fourth: number): boolean {
  return TEXT[first << 2 & 255 | second >> 4] === 1 && TEXT[second << 4 & 255 | third >> 2] === 1 &&
    TEXT[third << 6 & 255 | fourth] === 1;
}

/** ASCII text bytes, and 0. */
const TEXT = new Uint8Array(256).fill(1, 32, 127);
for (const code of [0, 9, 10, 13]) TEXT[code] = 1;

/** Decodes four values at a time, only where they may be text. */
function quads(
  values: Uint8Array,
  first: number,
  begins: readonly number[],
  shortest: number,
): Stretches {
  const count = values.length;
  const stretches = new Stretches(shortest);
  /** All quads before this one were added. */
  let added = first;
  const add = (at: number) => {
    const second = values[at + 1] as number;
    stretches.add((values[at] as number) << 2 | second >> 4, at, at + 2);
    if (at + 2 >= count) return;
    const third = values[at + 2] as number;
    stretches.add((second & 15) << 4 | third >> 2, at + 1, at + 3);
    if (at + 3 >= count) return;
    stretches.add((third & 3) << 6 | (values[at + 3] as number), at + 2, at + 4);
  };
  for (const begin of begins) {
    if (begin < added) continue;
    // The values just before may be the text's beginning, with two-byte letters.
    let at = Math.max(added, begin - 16);
    if (at > added) stretches.close();
    for (; at < begin; at += 4) add(at);
    do {
      add(at);
      at += 4;
    } while (stretches.isOpen && at + 1 < count);
    added = at;
  }
  return stretches;
}

/** A character's role in a list of bytes: a digit's value, {@linkcode BETWEEN}, or {@linkcode OTHER}. */
const BYTES = new Uint8Array(128).fill(255);
const BETWEEN = 254;
const OTHER = 255;
for (let value = 0; value < 16; value++) {
  BYTES[value.toString(16).charCodeAt(0)] = value;
  BYTES[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}
for (const sign of "\t\n\r ,:-;\"'\\") BYTES[sign.charCodeAt(0)] = BETWEEN;

function byteSign(codes: Uint16Array, at: number): number {
  const code = codes[at] as number;
  return code < 128 ? BYTES[code] as number : OTHER;
}

/** True for "0x", which is not part of a number. */
function isPrefix(codes: Uint16Array, at: number): boolean {
  return codes[at] === 48 && ((codes[at + 1] ?? 0) | 32) === 120;
}

/**
 * Decodes hexadecimal texts, with or without separators between the bytes, and lists of decimal bytes,
 * such as a displayed `Uint8Array`.
 */
function fromNumbers(codes: Uint16Array, shortest: number): Decoded[] {
  let pairs: [Stretches, Stretches] | undefined;
  let list: Stretches | undefined;
  // Check only every few characters: each list that counts is long enough to include one of them.
  const step = 2 * shortest - 1;
  for (let at = step - 1; at < codes.length; at += step) {
    if (!isOfNumbers(codes, at)) continue;
    let [from, to] = [at, at + 1];
    while (from > 0 && isOfNumbers(codes, from - 1)) from--;
    while (to < codes.length && isOfNumbers(codes, to)) to++;
    if (to - from < step) continue;
    if (hasDigits(codes, from, to, shortest)) {
      hexIn(
        codes,
        from,
        to,
        shortest,
        pairs ??= [new Stretches(shortest), new Stretches(shortest)],
      );
      listsIn(codes, from, to, shortest, list ??= new Stretches(shortest));
    }
    at = Math.max(at, to - step);
  }
  return [
    ...pairs?.flatMap((one) => one.decoded("hex")) ?? [],
    ...list?.decoded("bytes") ?? [],
  ];
}

/** True for digits, their separators, and the letter in "0x". */
function isOfNumbers(codes: Uint16Array, at: number): boolean {
  return ((KIND[codes[at] as number] as number) & OF_NUMBERS) !== 0;
}

/** False when there are mostly separators, such as a line's indentation. */
function hasDigits(codes: Uint16Array, from: number, to: number, least: number): boolean {
  let digits = 0;
  for (let at = from; at < to && digits < least; at++) {
    if ((BYTES[codes[at] as number] as number) < 16) digits++;
  }
  return digits >= least;
}

function hexIn(
  codes: Uint16Array,
  from: number,
  to: number,
  shortest: number,
  pairs: readonly [Stretches, Stretches],
): void {
  let begin = 0;
  let digits = 0;
  for (let at = from; at <= to; at++) {
    const sign = at < to ? byteSign(codes, at) : OTHER;
    if (sign < 16) {
      if (digits === 0) begin = at;
      if (sign === 0 && isPrefix(codes, at)) at++;
      else digits++;
    } else if (sign === OTHER && digits > 0) {
      if (digits >= 2 * shortest) digitsIn(codes, begin, at, pairs);
      digits = 0;
    }
  }
}

function listsIn(
  codes: Uint16Array,
  from: number,
  to: number,
  shortest: number,
  list: Stretches,
): void {
  let begin = 0;
  let numbers = 0;
  let within = false;
  for (let at = from; at <= to; at++) {
    const sign = at < to ? byteSign(codes, at) : OTHER;
    if (sign < 10) {
      if (within) continue;
      if (numbers === 0) begin = at;
      numbers++;
      within = true;
    } else {
      within = false;
      if (sign === BETWEEN) continue;
      if (numbers >= shortest) numbersIn(codes, begin, at, list);
      numbers = 0;
    }
  }
}

/** Reads digits in pairs, starting with the first and with the second. */
function digitsIn(
  codes: Uint16Array,
  begin: number,
  end: number,
  stretches: readonly [Stretches, Stretches],
): void {
  let count = 0;
  let last = 0;
  let lastAt = 0;
  for (let at = begin; at < end; at++) {
    const value = byteSign(codes, at);
    if (value >= 16) continue;
    if (value === 0 && isPrefix(codes, at)) {
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

function numbersIn(codes: Uint16Array, begin: number, end: number, stretches: Stretches): void {
  let value = 0;
  let digits = 0;
  for (let at = begin; at <= end; at++) {
    const sign = at < end ? byteSign(codes, at) : OTHER;
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
