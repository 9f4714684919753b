/**
 * An index of all secrets, built once. Finds them in a text in linear time, no matter how many secrets
 * there are. `scan_text.ts` undoes encodings.
 */
import { codesOf, isKept, type ReadText, squeezeCodes } from "../base/read_text.ts";

/**
 * The shortest part that counts, in characters. In a notebook of ten million characters, a run of
 * 12 of a hexadecimal secret of a thousand turns up by chance once in 28,000 notebooks (16^12 to
 * 10^10), in base64 practically never; a run of 8 hexadecimal ones would turn up twice in each.
 */
export const SHORTEST_PART = 12;

/** Shorter secrets are not looked for, because every text contains them. */
const SHORTEST_SECRET = 4;
/** Shorter secrets count only as a separate word, and not in pieces. */
const SHORTEST_INSIDE_A_WORD = 8;
/** Tokens of one issuer begin alike, and a payload is useless without its signature. */
const SHORTEST_PAYLOAD = 40;

/** A part of a text that matches a secret or a part of one. */
export interface Hit {
  name: string;
  at: number;
  length: number;
  /** Whether it is the whole secret. */
  whole: boolean;
  reversed: boolean;
  /** True if it counts only when just line breaks and quotes separate its pieces. */
  joined: boolean;
}

/** Something to look for. */
interface Needle {
  names: string[];
  codes: Uint16Array;
  /** The shortest run that counts. */
  least: number;
  /** Whether a full match is the whole secret. */
  complete: boolean;
  /** The secret's characters before it, if they are not looked for separately. */
  before: Uint16Array;
  reversed: boolean;
  alone: boolean;
  joined: boolean;
}

/** The secrets to look for, as they are and without signs and spaces. */
export class SecretIndex {
  readonly #parts: NamedPart[] = [];
  readonly #filter: Filter;
  /** Needles that are too short for the filter. */
  readonly #short: Groups;
  /** The other needles, gathered when a text may contain one. */
  #long: Groups | undefined;
  /** A shorter text contains none of these secrets, and no part of one. */
  readonly shortest: number;

  /** @param secrets the secrets, by the name they are reported under */
  constructor(secrets: Readonly<Record<string, string>>) {
    let total = 0;
    for (const [name, secret] of Object.entries(secrets)) {
      if (secret.length < SHORTEST_SECRET) continue;
      for (const part of partsOf(secret)) {
        this.#parts.push({ ...part, name });
        total += part.text.length;
      }
    }
    this.shortest = Math.min(...this.#parts.map(({ least }) => least), SHORTEST_PART);
    const filter = new Filter(total * 2);
    // A part that is long enough with its signs may be too short without them.
    const short = this.#parts.filter(({ text }) => filter.add(text) < SHORTEST_PART);
    this.#filter = filter;
    this.#short = groupsOf(short, (least) => least < SHORTEST_PART);
  }

  /** Finds secrets in a text as it is. */
  find({ all, text }: ReadText): Hit[] {
    return this.#findIn("exact", all, text.length);
  }

  /** Finds secrets in a text's letters and digits only. */
  findSqueezed({ squeezed, squeezedLength }: ReadText): Hit[] {
    return this.#findIn("squeezed", squeezed, squeezedLength);
  }

  #findIn(kind: keyof Groups, codes: Uint16Array, length: number): Hit[] {
    const short = this.#short[kind].flatMap((grams) => grams.find(codes, length));
    if (!this.#filter.mayHold(codes, length)) return short;
    this.#long ??= groupsOf(this.#parts, (least) => least >= SHORTEST_PART);
    return [...this.#long[kind].flatMap((grams) => grams.find(codes, length)), ...short];
  }
}

/** The needles to look for in a text as it is, and in one without signs. */
interface Groups {
  exact: Grams[];
  squeezed: Grams[];
}

/** The needles for these parts, of the wanted lengths. */
function groupsOf(parts: readonly NamedPart[], wanted: (least: number) => boolean): Groups {
  const exact = new Map<string, Needle>();
  const squeezed = new Map<string, Needle>();
  for (const part of parts) {
    add(exact, part.name, { ...part, reversed: false, joined: false });
    addSqueezed(squeezed, part, false);
    addSqueezed(squeezed, part, true);
  }
  const some = (needles: Map<string, Needle>) =>
    gramsOf([...needles.values()].filter(({ least }) => wanted(least)));
  return { exact: some(exact), squeezed: some(squeezed) };
}

/** A section of a secret that may be found separately. */
interface Part {
  text: string;
  least: number;
  complete: boolean;
  before: string;
}

interface NamedPart extends Part {
  name: string;
}

function partsOf(secret: string): Part[] {
  const part = (text: string, complete: boolean, least = SHORTEST_PART, before = ""): Part => ({
    text,
    complete,
    least: Math.min(least, text.length),
    before,
  });
  const pem = /-----BEGIN [^-]+-----([^-]+)-----END/.exec(secret)?.[1]?.replace(/\s|\\[nr]/g, "");
  if (pem !== undefined) {
    // Leave out the beginning that all keys of a kind share.
    const skipped = pem.length > 100 ? 48 : pem.length > 36 ? 24 : 0;
    return [part(pem.slice(skipped), true, SHORTEST_PART, pem.slice(0, skipped))];
  }
  const jws = /^(eyJ[\w-]*\.)([\w-]+)\.([\w-]+)$/.exec(secret);
  if (jws) {
    const [, header = "", payload = "", signature = ""] = jws;
    return [
      part(signature, true, SHORTEST_PART, `${header}${payload}.`),
      part(payload, false, SHORTEST_PAYLOAD),
    ];
  }
  const jwe = /^(eyJ[\w-]*\.)([\w-]*(?:\.[\w-]+){3})$/.exec(secret);
  if (jwe) return [part(jwe[2] ?? "", true, SHORTEST_PART, jwe[1])];
  return [part(secret, true)];
}

function squeeze(text: string): string {
  const codes = codesOf(text);
  return String.fromCharCode(...codes.subarray(0, squeezeCodes(codes)));
}

function addSqueezed(needles: Map<string, Needle>, part: NamedPart, reversed: boolean): void {
  let text = squeeze(part.text);
  if (text.length < SHORTEST_INSIDE_A_WORD) return;
  // A secret that mostly consists of signs would match any word without them.
  if (text.length < part.text.length / 2) return;
  if (reversed) text = [...text].reverse().join("");
  const least = Math.min(part.least, text.length);
  if (reversed && least < SHORTEST_PART) return;
  const before = reversed ? "" : squeeze(part.before);
  add(needles, part.name, {
    ...part,
    text,
    least,
    before,
    reversed,
    joined: least < SHORTEST_PART,
  });
}

function add(
  needles: Map<string, Needle>,
  name: string,
  { text, least, complete, before, reversed, joined }: Part & Pick<Needle, "reversed" | "joined">,
): void {
  const key = `${least} ${reversed} ${text}`;
  const known = needles.get(key);
  if (known) {
    if (!known.names.includes(name)) known.names.push(name);
    return;
  }
  needles.set(key, {
    names: [name],
    codes: codesOf(text),
    least,
    complete,
    before: codesOf(before),
    reversed,
    alone: text.length < SHORTEST_INSIDE_A_WORD,
    joined,
  });
}

function gramsOf(needles: Needle[]): Grams[] {
  const groups = [
    { from: SHORTEST_PART, size: 6 },
    { from: SHORTEST_INSIDE_A_WORD, size: 4 },
    { from: SHORTEST_SECRET, size: 4 },
  ];
  return groups.flatMap(({ from, size }, index) => {
    const below = groups[index - 1]?.from ?? Infinity;
    const some = needles.filter(({ least }) => least >= from && least < below);
    return some.length === 0 ? [] : [new Grams(some, size, from - size + 1)];
  });
}

/** How many characters the filter hashes together. */
const TAKEN = 4;
/** How many consecutive grams a run of {@linkcode SHORTEST_PART} characters has. */
const IN_A_ROW = SHORTEST_PART - TAKEN + 1;

/**
 * Finds out cheaply that a text contains no run of any secret, as almost all texts do not. It has a
 * bit for each gram of the secrets. A gram has the same hash backwards, so reversed secrets need no
 * bits of their own.
 */
class Filter {
  readonly #bits: Uint8Array;
  readonly #shift: number;

  /** @param total how many characters will be added */
  constructor(total: number) {
    const size = Math.max(16, Math.ceil(Math.log2((total + 1) * 8)));
    this.#shift = 32 - size;
    this.#bits = new Uint8Array(2 ** (size - 3));
  }

  /** Adds the grams of a text as it is and without signs; returns its length without signs. */
  add(text: string): number {
    const kept = this.#addAll(text);
    return kept === text.length ? kept : this.#addAll(squeeze(text));
  }

  /** Adds a text's grams; returns how many of its characters are letters and digits. */
  #addAll(text: string): number {
    const [bits, shift] = [this.#bits, this.#shift];
    let [one, two, three] = [0, 0, 0];
    let kept = 0;
    for (let at = 0; at < text.length; at++) {
      const four = text.charCodeAt(at);
      // Counted here, because a pattern that looks for signs takes as long as the whole loop.
      kept += isKept(four);
      if (at >= TAKEN - 1) {
        const bit = evenHash(one, two, three, four) >>> shift;
        bits[bit >> 3] = (bits[bit >> 3] as number) | 1 << (bit & 7);
      }
      one = two;
      two = three;
      three = four;
    }
    return kept;
  }

  /** False when the text contains no run of a secret. */
  mayHold(codes: Uint16Array, length: number): boolean {
    for (let at = 0; at <= length - TAKEN; at += IN_A_ROW) {
      if (this.#has(codes, at) && this.#isRun(codes, at, length)) return true;
    }
    return false;
  }

  #isRun(codes: Uint16Array, at: number, length: number): boolean {
    let from = at;
    while (from > 0 && at - from < IN_A_ROW && this.#has(codes, from - 1)) from--;
    let to = at + 1;
    while (to <= length - TAKEN && to - at < IN_A_ROW && this.#has(codes, to)) to++;
    // All grams of a line of spaces have one hash, which a secret's gram may also have.
    return to - from >= IN_A_ROW && hasContent(codes, from, to + TAKEN - 1, true);
  }

  #has(codes: Uint16Array, at: number): boolean {
    const [one, two] = [codes[at] as number, codes[at + 1] as number];
    const [three, four] = [codes[at + 2] as number, codes[at + 3] as number];
    const bit = evenHash(one, two, three, four) >>> this.#shift;
    return ((this.#bits[bit >> 3] as number) >> (bit & 7) & 1) === 1;
  }
}

/** A hash of four characters that is the same backwards. */
function evenHash(one: number, two: number, three: number, four: number): number {
  const hash = Math.imul(evenProduct(one, four), 0x2545f491) + evenProduct(two, three) | 0;
  return Math.imul(hash ^ hash >>> 15, 0x9e3779b1);
}

function evenProduct(one: number, other: number): number {
  return Math.imul(one ^ 0x5bd1e995, other ^ 0x5bd1e995);
}

/** A gram shared by more secrets than this identifies none of them. */
const SHARED = 64;
/** How often one secret's gram is kept. */
const REPEATED = 8;

/**
 * The needles' short runs ("grams") by their hash. Of a text, only every few characters are checked:
 * a run that counts is long enough for one of its grams to be there.
 */
class Grams {
  readonly #needles: Needle[];
  readonly #size: number;
  readonly #step: number;
  readonly #mask: number;
  /** Entries count from 1; 0 ends a chain. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #needleOf: Int32Array;
  readonly #offsetOf: Int32Array;

  constructor(needles: Needle[], size: number, step: number) {
    this.#needles = needles;
    this.#size = size;
    this.#step = step;
    const total = needles.reduce((sum, { codes }) => sum + codes.length, 1);
    const mask = 2 ** Math.max(12, Math.ceil(Math.log2(total * 4))) - 1;
    const first = new Int32Array(mask + 1);
    const next = new Int32Array(total);
    const needleOf = new Int32Array(total);
    const offsetOf = new Int32Array(total);
    this.#mask = mask;
    this.#first = first;
    this.#next = next;
    this.#needleOf = needleOf;
    this.#offsetOf = offsetOf;
    let entry = 0;
    for (const [number, { codes, least }] of needles.entries()) {
      // A needle that counts only as a whole is found by its beginning.
      const last = least === codes.length
        ? Math.min(codes.length - size, step - 1)
        : codes.length - size;
      for (let offset = 0; offset <= last; offset++) {
        const slot = hashAt(codes, offset, size) & mask;
        let others = 0;
        let same = 0;
        for (let at = first[slot] as number; at !== 0; at = next[at] as number) {
          others++;
          if (needleOf[at] === number) same++;
        }
        if (same >= REPEATED || (others >= SHARED && least < codes.length)) continue;
        entry++;
        next[entry] = first[slot] as number;
        first[slot] = entry;
        needleOf[entry] = number;
        offsetOf[entry] = offset;
      }
    }
  }

  /** @param codes a list with this text, and a 0 after it */
  find(codes: Uint16Array, length: number): Hit[] {
    const hits: Hit[] = [];
    /** How far runs have been followed, by needle and by the distance between text and needle. */
    const followed = new Map<number, number>();
    const [first, size, step, mask] = [this.#first, this.#size, this.#step, this.#mask];
    for (let at = 0; at <= length - size; at += step) {
      let entry = first[hashAt(codes, at, size) & mask] as number;
      for (; entry !== 0; entry = this.#next[entry] as number) {
        const number = this.#needleOf[entry] as number;
        const offset = this.#offsetOf[entry] as number;
        this.#follow(codes, length, at, number, offset, followed, hits);
      }
    }
    return hits;
  }

  #follow(
    codes: Uint16Array,
    length: number,
    at: number,
    number: number,
    offset: number,
    followed: Map<number, number>,
    hits: Hit[],
  ): void {
    const needle = this.#needles[number] as Needle;
    const wanted = needle.codes;
    const end = at + this.#size;
    let to = at;
    let wantedTo = offset;
    while (to < length && wantedTo < wanted.length && codes[to] === wanted[wantedTo]) {
      to++;
      wantedTo++;
      // Do not follow a run twice.
      if (to === end) {
        const key = number * 2 ** 32 + (at - offset + 2 ** 31);
        if (at < (followed.get(key) ?? -1)) return;
      }
    }
    if (to < end) return; // only the hashes are equal
    followed.set(number * 2 ** 32 + (at - offset + 2 ** 31), to);
    let from = at;
    let wantedFrom = offset;
    while (from > 0 && wantedFrom > 0 && codes[from - 1] === wanted[wantedFrom - 1]) {
      from--;
      wantedFrom--;
    }
    const all = wantedFrom === 0 && wantedTo === wanted.length;
    if (to - from < needle.least || !hasContent(codes, from, to, all)) return;
    if (needle.alone && (isLetter(codes[from - 1]) || isLetter(codes[to]))) return;
    let whole = all && needle.complete;
    const { before } = needle;
    if (wantedFrom === 0 && before.length > 0 && precedes(codes, from, before)) {
      from -= before.length;
    } else if (before.length > 0 && !needle.joined) {
      whole = false;
    }
    for (const name of needle.names) {
      const { reversed, joined } = needle;
      hits.push({ name, at: from, length: to - from, whole, reversed, joined });
    }
  }
}

/** A hash of a few characters of a text. */
function hashAt(codes: Uint16Array, at: number, size: number): number {
  let hash = 0;
  const end = at + size;
  for (let index = at; index < end; index++) {
    hash = Math.imul(hash, 0x01000193) + (codes[index] as number) | 0;
  }
  return Math.imul(hash, 0x9e3779b1) >>> 8;
}

/** False for repeated signs, such as "************" and "------------", which are not part of a secret. */
function hasContent(codes: Uint16Array, from: number, to: number, all: boolean): boolean {
  const seen = new Set<number>();
  for (let at = from; at < to && seen.size < 4; at++) seen.add(codes[at] as number);
  return seen.size >= (all ? 2 : 4);
}

function precedes(codes: Uint16Array, from: number, before: Uint16Array): boolean {
  if (from < before.length) return false;
  return before.every((code, index) => codes[from - before.length + index] === code);
}

function isLetter(code: number | undefined): boolean {
  return code !== undefined && /[\p{L}\p{N}_]/u.test(String.fromCharCode(code));
}
