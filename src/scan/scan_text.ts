import {
  type Decoded,
  decodedOnce,
  placesOfSqueezed,
  type ReadText,
  readText,
} from "../base/decode.ts";
import { type Hit, SecretIndex } from "./secret_index.ts";

export { SHORTEST_PART } from "./secret_index.ts";

/** How a secret was written; the first that applies of what was undone to read it. */
export type Form =
  | "plain"
  | "url"
  | "escaped"
  | "base64"
  | "hex"
  /** A list of decimal numbers. */
  | "bytes"
  /** With anything between its letters and digits: line breaks, quotes, tags, colours. */
  | "pieces"
  | "reversed";

/** A secret, or a part of one, that was found. It says where and which, never what. */
export interface Finding {
  /** The name the secret was given under. */
  name: string;
  /** Where in the text it begins, in UTF-16 code units. */
  at: number;
  /** The line it begins on, counted from 1. */
  line: number;
  /** How many characters of the text it takes. */
  length: number;
  /** True for the whole secret, false for a part. */
  whole: boolean;
  /** How it was written. */
  form: Form;
}

/** A finding before its line is known, and how much of the secret it is. */
export interface Found extends Omit<Finding, "line"> {
  weight: number;
}

/** How many layers of encoding are undone. */
const DEPTH = 4;
/** A piece must be so much longer to count for more than what was found without taking signs out. */
const CHANCE = 5;

/** A text, and how it came of the one that was given. */
interface View {
  text: string;
  form: Form;
  /** The first and the last character, as a part of the text that was given. */
  span(from: number, last: number): [from: number, to: number];
}

/**
 * Looks for secrets in a text: whole, or any run of 12 characters or more. It undoes up to four
 * layers of encodings, in any order, and looks for the secrets themselves: percent-encoding, escapes
 * of JSON and of source code, entities, quoted-printable, base 64 in both alphabets at any alignment
 * (as in a `Basic` header), hexadecimal and lists of bytes, UTF-16 in these. A secret is also found
 * backwards, and in pieces: with line breaks, quotes, signs, tags, colours or invisible characters
 * between its letters and digits. Of a JWT the header is left out, which all tokens share, and of
 * its claims a run has 40.
 *
 * Not found: what is compressed, encrypted or hashed; base 32 and base 85; other letters than the
 * secret's own, such as all upper case; pieces with words between them, when each is shorter than 12
 * characters; in pieces, a secret with fewer than 8 letters and digits; in bytes, one of fewer than
 * 8 characters, or without eight ASCII characters in a row; parts of a secret shorter than 12;
 * letters beyond ASCII in UTF-16 or Latin-1 bytes; the bytes that a key in base64 stands for, written
 * another way; what takes more than four layers. A secret of more than 256 characters without an
 * escape in them is found as parts where other characters of it are escaped.
 *
 * @param text any text, of any length
 * @param secrets the secrets, by the name they are reported under, or the index of them
 * @returns what was found, in the order of the text; where findings of a secret overlap, the best
 */
export function scanText(
  text: string,
  secrets: Readonly<Record<string, string>> | SecretIndex,
): Finding[] {
  let line = 1;
  let counted = 0;
  return findSecrets(text, secrets).map(({ weight: _, ...finding }) => {
    for (; counted < finding.at; counted++) if (text.charCodeAt(counted) === 10) line++;
    return { ...finding, line };
  });
}

/** The same without lines. */
export function findSecrets(
  text: string,
  secrets: Readonly<Record<string, string>> | SecretIndex,
): Found[] {
  const index = secrets instanceof SecretIndex ? secrets : new SecretIndex(secrets);
  const found: Found[] = [];
  const seen = new Set<string>();
  const look = (view: View, depth: number) => {
    // The same text may be reached by several ways.
    if (seen.has(view.text)) return;
    seen.add(view.text);
    const read = readText(view.text);
    findIn(view, read, text, index, found);
    if (depth === DEPTH) return;
    for (const decoded of decodedOnce(read, depth === 0)) look(below(view, decoded), depth + 1);
  };
  look({ text, form: "plain", span: (from, last) => [from, last + 1] }, 0);
  return best(found);
}

function below(view: View, decoded: Decoded): View {
  // Bytes say more than what they are written in.
  const keeps = view.form === "base64" || view.form === "hex" || view.form === "bytes" ||
    (decoded.form === "pieces" && view.form !== "plain");
  return {
    text: decoded.text,
    form: keeps ? view.form : decoded.form,
    span: (from, last) => view.span(decoded.from(from), decoded.to(last) - 1),
  };
}

function findIn(
  view: View,
  read: ReadText,
  root: string,
  index: SecretIndex,
  found: Found[],
): void {
  for (const hit of index.find(read.all)) add(view, root, hit, view.form, hit.length, found);
  const hits = index.findSqueezed(read.squeezed);
  if (hits.length === 0) return;
  const places = placesOfSqueezed(read);
  for (const hit of hits) {
    const at = places[hit.at] ?? 0;
    const length = (places[hit.at + hit.length - 1] ?? 0) + 1 - at;
    if (hit.joined && !isJoined(view.text, at, length)) continue;
    const form = view.form !== "plain" ? view.form : hit.reversed ? "reversed" : "pieces";
    add(view, root, { ...hit, at, length }, form, hit.length - CHANCE, found);
  }
}

/** Short secrets count in pieces only where each cut is a line's or a quoted text's end. */
function isJoined(text: string, at: number, length: number): boolean {
  if (/[\p{L}\p{N}_]/u.test((text[at - 1] ?? " ") + (text[at + length] ?? " "))) return false;
  const cuts = text.slice(at, at + length).match(/[^A-Za-z0-9\u00c0-\uffff]+/g) ?? [];
  const isEnd = (cut: string) => /[\n"'`]/.test(cut);
  return cuts.some(isEnd) && cuts.every((cut) => isEnd(cut) || (cut.length === 1 && cut !== " "));
}

function add(
  view: View,
  root: string,
  hit: Hit,
  form: Form,
  weight: number,
  found: Found[],
): void {
  const [at, to] = view.span(hit.at, hit.at + hit.length - 1);
  const { name, whole } = hit;
  const written = form === "escaped" && /%[0-9a-f]{2}/i.test(root.slice(at, to)) ? "url" : form;
  found.push({ name, at, length: to - at, whole, form: written, weight });
}

/** True when the first says more of a secret. */
export function isBetter(one: Found, other: Found): boolean {
  return one.whole !== other.whole ? one.whole : one.weight > other.weight;
}

/** The best of the overlapping findings of one secret; the less was decoded, the better. */
function best(found: Found[]): Found[] {
  const kept = new Map<string, Found[]>();
  for (const finding of found.toSorted((one, other) => one.at - other.at)) {
    const before = kept.get(finding.name);
    const last = before?.at(-1);
    if (before === undefined) kept.set(finding.name, [finding]);
    else if (last === undefined || finding.at >= last.at + last.length) before.push(finding);
    else if (isBetter(finding, last)) before[before.length - 1] = finding;
  }
  return [...kept.values()].flat().sort((one, other) => one.at - other.at);
}
