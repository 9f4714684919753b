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
export const KIND = new Uint16Array(0x10000);
const VALUE = 63;
export const HAS_VALUE = 1 << 6;
/** A letter, a digit, or a visible non-ASCII character: it does not join pieces. */
const KEPT = 1 << 7;
/** A digit in a list of bytes, the letter in "0x", or a separator of digits. */
export const OF_NUMBERS = 1 << 14;
/** Bits for the characters that begin an encoding. */
export const SIGNS = {
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
export function placesOfKind(codes: Uint16Array, kind: number): Int32Array {
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

/** True when four values decode to three text characters, or zeros as in UTF-16. */
function isText(first: number, second: number, third: number, fourth: number): boolean {
  return TEXT[first << 2 & 255 | second >> 4] === 1 && TEXT[second << 4 & 255 | third >> 2] === 1 &&
    TEXT[third << 6 & 255 | fourth] === 1;
}

/** ASCII text bytes, and 0. */
const TEXT = new Uint8Array(256).fill(1, 32, 127);
for (const code of [0, 9, 10, 13]) TEXT[code] = 1;
