/**
 * Reads a text in one pass: what each of its characters may mean to an encoding. `decode.ts` and
 * `decode_bytes.ts` remove encodings.
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

/**
 * A text, and what one pass finds out about it. The lists are longer than their content, which is
 * valid until the next text is read: a view of each would take as long as reading a short text.
 */
export interface ReadText {
  text: string;
  /** Its UTF-16 code units, and a 0 after the last. */
  all: Uint16Array;
  /** Only its letters and digits, without the characters that may split a secret, and a 0. */
  squeezed: Uint16Array;
  squeezedLength: number;
  /** The values of its base64 characters. */
  values: Uint8Array;
  valueCount: number;
  /** Where eight values begin that decode to six text characters, grouped by their quads' offset. */
  begins: readonly [number[], number[], number[], number[]];
  /** The positions of the characters that may begin an escape or markup. */
  signs: Int32Array;
  signCount: number;
}

/** Each character's kind: its base64 value in the lowest bits, then bits for its other properties. */
export const KIND = new Uint16Array(0x10000);
const VALUE = 63;
export const HAS_VALUE = 1 << 6;
/** A letter, a digit, or a visible non-ASCII character: it does not join pieces. */
const KEPT = 1 << 7;
/** A digit in a list of bytes, the letter in "0x", or a separator of digits. */
export const OF_NUMBERS = 1 << 14;
/** A character that may begin an escape or markup. */
const IS_SIGN = 1 << 15;
/** The bits for which sign it is. */
const SIGN = 7 << 8;

/** The signs, by what they may begin. */
export const SIGNS = {
  url: 1 << 8,
  backslash: 2 << 8,
  entity: 3 << 8,
  quoted: 4 << 8,
  tag: 5 << 8,
  unseen: 6 << 8,
};
KIND.fill(KEPT, 0xc0).fill(0, 0x2000, 0x2c00);
for (const joining of [0x3000, 0xfeff, 0xdb40]) KIND[joining] = 0;
for (
  const [first, sign, last = first] of [
    [0x25, SIGNS.url],
    [0x5c, SIGNS.backslash],
    [0x26, SIGNS.entity],
    [0x3d, SIGNS.quoted],
    [0x3c, SIGNS.tag],
    // The first code units of what `decode.ts` takes for unseen.
    [0x00, SIGNS.unseen],
    [0x08, SIGNS.unseen],
    [0x1b, SIGNS.unseen],
    [0x9b, SIGNS.unseen],
    [0xad, SIGNS.unseen],
    [0x34f, SIGNS.unseen],
    [0x61c, SIGNS.unseen],
    [0x115f, SIGNS.unseen, 0x1160],
    [0x17b4, SIGNS.unseen, 0x17b5],
    [0x180b, SIGNS.unseen, 0x180f],
    [0x200b, SIGNS.unseen, 0x200f],
    [0x202a, SIGNS.unseen, 0x202e],
    [0x2060, SIGNS.unseen, 0x206f],
    [0x3164, SIGNS.unseen],
    [0xd82f, SIGNS.unseen],
    [0xd834, SIGNS.unseen],
    [0xdb40, SIGNS.unseen, 0xdb43],
    [0xfe00, SIGNS.unseen, 0xfe0f],
    [0xfeff, SIGNS.unseen],
    [0xffa0, SIGNS.unseen],
    [0xfff0, SIGNS.unseen, 0xfffb],
  ] as const
) {
  for (let code: number = first; code <= last; code++) {
    KIND[code] = (KIND[code] as number) | sign | IS_SIGN;
  }
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
    signs: new Int32Array(length),
  };
}

class Reading {
  readonly #text: string;
  readonly #all: Uint16Array;
  readonly #squeezed: Uint16Array;
  readonly #values: Uint8Array;
  readonly #signs: Int32Array;
  readonly #begins: [number[], number[], number[], number[]] = [[], [], [], []];
  #kept = 0;
  #count = 0;
  #signCount = 0;
  /** The last four values, in 24 bits. */
  #quad = -1;
  /** For each of the last values, a bit: whether the quad that ends there may be text. */
  #texts = 0;

  constructor(text: string) {
    this.#text = text;
    if (scratch.signs.length <= text.length) scratch = scratchOf(text.length * 2);
    this.#all = scratch.all;
    this.#squeezed = scratch.squeezed;
    this.#values = scratch.values;
    this.#signs = scratch.signs;
  }

  read(from: number, to: number): void {
    const [text, all, squeezed, values] = [this.#text, this.#all, this.#squeezed, this.#values];
    const signs = this.#signs;
    let [kept, count, signCount] = [this.#kept, this.#count, this.#signCount];
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at);
      const kind = KIND[code] as number;
      all[at] = code;
      // Without branches, because the processor would predict them poorly.
      squeezed[kept] = code;
      kept += kind >> 7 & 1;
      values[count] = kind & VALUE;
      count += kind >> 6 & 1;
      signs[signCount] = at;
      signCount += kind >> 15;
    }
    this.#findBegins(this.#count, count);
    this.#kept = kept;
    this.#count = count;
    this.#signCount = signCount;
  }

  #findBegins(from: number, to: number): void {
    const values = this.#values;
    let [quad, texts] = [this.#quad, this.#texts];
    for (let at = from; at < to; at++) {
      quad = quad << 6 & 0xffffff | (values[at] as number);
      // Three ASCII characters have no highest bit. Then, and only then, the difference is negative.
      texts = texts << 1 | (quad & 0x808080) - 1 >>> 31;
      if ((texts & 0b10001) !== 0b10001) continue;
      const begin = at - 7;
      if (isText(values, begin) && isText(values, begin + 4)) {
        this.#begins[begin & 3 as 0]?.push(begin);
      }
    }
    this.#quad = quad;
    this.#texts = texts;
  }

  end(): ReadText {
    this.#all[this.#text.length] = 0;
    this.#squeezed[this.#kept] = 0;
    return {
      text: this.#text,
      all: this.#all,
      squeezed: this.#squeezed,
      squeezedLength: this.#kept,
      values: this.#values,
      valueCount: this.#count,
      begins: this.#begins,
      signs: this.#signs,
      signCount: this.#signCount,
    };
  }
}

/** A text's UTF-16 code units. */
export function codesOf(text: string): Uint16Array {
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) codes[at] = text.charCodeAt(at);
  return codes;
}

/** 1 for a letter, a digit or a visible non-ASCII character, 0 for what may split a secret. */
export function isKept(code: number): number {
  return (KIND[code] as number) >> 7 & 1;
}

/** Keeps only letters and digits, at the beginning of the list, and returns their number. */
export function squeezeCodes(codes: Uint16Array): number {
  let kept = 0;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] as number;
    codes[kept] = code;
    kept += isKept(code);
  }
  return kept;
}

/** The positions of a text's letters and digits, or of its base64 characters. */
export function placesOfKind(text: string, kind: number): Int32Array {
  const places = new Int32Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    if (((KIND[text.charCodeAt(at)] as number) & kind) !== 0) places[count++] = at;
  }
  return places;
}

/** The positions in the text of a squeezed text's characters. */
export function placesOfSqueezed(text: string): Int32Array {
  return placesOfKind(text, KEPT);
}

/** True when four values decode to three text characters, or zeros as in UTF-16. */
function isText(values: Uint8Array, at: number): boolean {
  const [first, second] = [values[at] as number, values[at + 1] as number];
  const [third, fourth] = [values[at + 2] as number, values[at + 3] as number];
  return TEXT[first << 2 | second >> 4] === 1 && TEXT[second << 4 & 255 | third >> 2] === 1 &&
    TEXT[third << 6 & 255 | fourth] === 1;
}

/** Which sign a character is, of {@linkcode SIGNS}. */
export function signOf(code: number): number {
  return (KIND[code] as number) & SIGN;
}

/** ASCII text bytes, and 0. */
const TEXT = new Uint8Array(256).fill(1, 32, 127);
for (const code of [0, 9, 10, 13]) TEXT[code] = 1;
