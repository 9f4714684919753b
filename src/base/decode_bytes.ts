/**
 * Finds the texts in base64, hexadecimal and lists of bytes inside a text that `read_text.ts` has read.
 */
import {
  type Decoded,
  type DecodedForm,
  HAS_VALUE,
  KIND,
  OF_NUMBERS,
  placesOfKind,
  type ReadText,
} from "./read_text.ts";

/** The shortest text that counts among decoded bytes: pictures are full of shorter ones. */
export const SHORTEST_TEXT = 8;

/** Collects runs of text among bytes: UTF-8, and ASCII in UTF-16 and UTF-32. */
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
  /** How many zeros there are since the last character: UTF-16 has one, and UTF-32 three. */
  #zeros = 0;
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
      if (this.#zeros === 2) this.close();
      this.#zeros = 0;
      this.#put(byte, from, to);
    } else if (byte === 0 && this.#zeros < 3 && this.#length > 0) this.#zeros++;
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
    this.#zeros = 0;
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
export function fromBase64(read: ReadText, shortest: number): Decoded[] {
  const { text } = read;
  let places: Int32Array | undefined;
  const placeOf = (value: number) => (places ??= placesOfKind(text, HAS_VALUE))[value] ?? 0;
  return read.begins.flatMap((begins, first) =>
    begins.length === 0 ? [] : quads(read, first, begins, shortest).decoded("base64", placeOf)
  );
}

/** Decodes four values at a time, only where they may be text. */
function quads(
  { values, valueCount: count }: ReadText,
  first: number,
  begins: readonly number[],
  shortest: number,
): Stretches {
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
  return codes[at] === 48 && ((codes[at + 1] as number) | 32) === 120;
}

/**
 * Decodes hexadecimal texts, with or without separators between the bytes, and lists of decimal bytes,
 * such as a displayed `Uint8Array`.
 */
export function fromNumbers({ all: codes, text }: ReadText, shortest: number): Decoded[] {
  let pairs: [Stretches, Stretches] | undefined;
  let list: Stretches | undefined;
  // Check only every few characters: each list that counts is long enough to include one of them,
  // and everything as far as half a step before or after it.
  const half = shortest - 1;
  const step = 2 * half + 1;
  for (let at = step - 1; at < text.length; at += step) {
    if (!isOfNumbers(codes, at)) continue;
    if (
      !(isOfNumbers(codes, at - half) && isOfNumbers(codes, at - (half >> 1))) &&
      !(isOfNumbers(codes, at + half) && isOfNumbers(codes, at + (half >> 1)))
    ) continue;
    let [from, to] = [at, at + 1];
    while (from > 0 && isOfNumbers(codes, from - 1)) from--;
    while (to < text.length && isOfNumbers(codes, to)) to++;
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
