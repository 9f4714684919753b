import { decodedOnce } from "../base/decode.ts";
import { type Decoded, placesOfSqueezed, type ReadText, readText } from "../base/read_text.ts";
import { type Hit, SecretIndex } from "./secret_index.ts";

export { SHORTEST_PART } from "./secret_index.ts";

/** How a secret was written: of the encodings undone to find it, the first that applies. */
export type Form =
  | "plain"
  | "url"
  | "escaped"
  | "base64"
  | "hex"
  /** A list of decimal numbers. */
  | "bytes"
  /** With other characters between its letters and digits: line breaks, quotes, tags, colours. */
  | "pieces"
  | "reversed";

/** A secret, or a part of one, that was found. Says where and which one, but not its value. */
export interface Finding {
  /** The name the secret was given under. */
  name: string;
  /** Where in the text it begins, in UTF-16 code units. */
  at: number;
  /** The line it begins on, counted from 1. */
  line: number;
  /** How many characters of the text it covers. */
  length: number;
  /** True for the whole secret, false for a part. */
  whole: boolean;
  /** How it was written. */
  form: Form;
}

/** A finding whose line is not known yet, and how much of the secret it covers. */
export interface Found extends Omit<Finding, "line"> {
  weight: number;
}

/** How many layers of encoding are undone. */
const DEPTH = 4;
/** How much longer a secret in pieces must be to count for more than one found as it is. */
const CHANCE = 5;

/** A text, and how it was derived from the given one. */
interface View {
  text: string;
  form: Form;
  /** The part of the given text that these first and last characters stand for. */
  span(from: number, last: number): [from: number, to: number];
}

/**
 * Looks for secrets in a text: whole, or any run of 12 characters or more. It finds the secrets
 * themselves, and undoes up to four layers of encodings, in any order: percent-encoding, escapes
 * of JSON and of source code, entities, quoted-printable, base64 in both alphabets at any alignment
 * (as in a `Basic` header), hexadecimal and lists of bytes, and UTF-16 and UTF-32 in these. It also
 * finds a secret backwards, and in pieces: with line breaks, quotes, signs, tags, colours or
 * invisible characters between its letters and digits. It ignores a JWT's header, because all tokens share it,
 * and a run of a JWT's claims must have 40 characters.
 *
 * Not found: compressed, encrypted or hashed secrets; base32 and base85; changed letters, such as all
 * upper case; pieces shorter than 12 characters with words between them; in pieces, a secret with
 * fewer than 8 letters and digits; in bytes, a secret of fewer than 8 characters, or without eight
 * ASCII characters in a row; parts of a secret shorter than 12; non-ASCII letters in UTF-16,
 * UTF-32 or Latin-1 bytes; bytes as binary or octal digits, or with brackets, dots or words between
 * them; a short secret over two lines of a hex dump; escapes of LaTeX and CSS; a base64 key's bytes,
 * written another way; more than four layers. A secret with escaped characters is found only in
 * parts if more than 256 others in a row are not escaped.
 *
 * @param text any text, of any length
 * @param secrets the secrets, by the name they are reported under, or an index of them
 * @returns the findings, in the text's order; of a secret's overlapping findings, the best one
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

/** The same as {@linkcode scanText}, without lines. */
export function findSecrets(
  text: string,
  secrets: Readonly<Record<string, string>> | SecretIndex,
): Found[] {
  const index = secrets instanceof SecretIndex ? secrets : new SecretIndex(secrets);
  const found: Found[] = [];
  const seen = new Seen();
  const look = (view: View, depth: number) => {
    if (view.text.length < index.shortest || !seen.isNew(view, depth)) return;
    const before = found.length;
    const read = readText(view.text);
    findIn(view, read, text, index, found);
    if (depth < DEPTH) {
      for (const decoded of decodedOnce(read, depth === 0)) look(below(view, decoded), depth + 1);
    }
    if (depth > 0) seen.add({ view, depth, clean: found.length === before });
  };
  look({ text, form: "plain", span: (from, last) => [from, last + 1] }, 0);
  return best(found);
}

/** A decoded text that was searched. */
interface Searched {
  view: View;
  depth: number;
  clean: boolean;
}

/** The decoded texts that were searched: several decodings may lead to the same text. */
class Seen {
  /** By length: comparing texts of one length is faster than hashing every text. */
  readonly #byLength = new Map<number, Searched[]>();

  /** True if something new may be found in a text. */
  isNew(view: View, depth: number): boolean {
    const same = this.#byLength.get(view.text.length)?.filter((one) => one.view.text === view.text);
    return same === undefined || same.every((one) =>
      // More layers are undone below a text that is not as deep.
      depth < one.depth ||
      // A secret may be encoded alike in two places.
      (!one.clean && one.view.span(0, 0)[0] !== view.span(0, 0)[0])
    );
  }

  add(searched: Searched): void {
    const { length } = searched.view.text;
    const same = this.#byLength.get(length);
    if (same === undefined) this.#byLength.set(length, [searched]);
    else same.push(searched);
  }
}

function below(view: View, decoded: Decoded): View {
  // Keep the form of bytes: it says more than the encoding of the text in them.
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
  for (const hit of index.find(read)) add(view, root, hit, view.form, hit.length, found);
  const hits = index.findSqueezed(read);
  if (hits.length === 0) return;
  const places = placesOfSqueezed(view.text);
  for (const hit of hits) {
    const at = places[hit.at] ?? 0;
    const length = (places[hit.at + hit.length - 1] ?? 0) + 1 - at;
    if (hit.joined && !isJoined(view.text, at, length)) continue;
    const form = view.form !== "plain" ? view.form : hit.reversed ? "reversed" : "pieces";
    add(view, root, { ...hit, at, length }, form, hit.length - CHANCE, found);
  }
}

/** A short secret in pieces counts only if each cut is the end of a line or of a quoted text. */
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

/** True when the first finding covers more of a secret. */
export function isBetter(one: Found, other: Found): boolean {
  return one.whole !== other.whole ? one.whole : one.weight > other.weight;
}

/** The best of one secret's overlapping findings; less decoding is better. */
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
