import { escapeHtml } from "../person/html.ts";

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
  form: "plain" | "url" | "escaped" | "base64";
}

/**
 * The shortest part that counts, in characters. In a notebook of ten million characters, a run of
 * 12 of a hexadecimal secret of a thousand turns up by chance once in 28,000 notebooks (16^12 to
 * 10^10), in base 64 practically never; a run of 8 hexadecimal ones would turn up twice in each.
 */
export const SHORTEST_PART = 12;

/** A secret shorter than this is not looked for: it is found in any text. */
const SHORTEST_SECRET = 4;
/** A secret shorter than this counts only where it stands alone. */
const SHORTEST_INSIDE_A_WORD = 8;
/** Tokens of one issuer begin alike, and a payload is of no use without its signature. */
const SHORTEST_PAYLOAD = 40;

/** One way a secret can be written. */
interface Spelling {
  name: string;
  form: Finding["form"];
  text: string;
  /** The shortest run that counts. */
  least: number;
  /** Whether all of `text` is all of the secret. */
  complete: boolean;
}

/**
 * Looks for secrets in a text: whole, or any run of 12 characters or more, also URL-encoded,
 * escaped, or inside base 64 at any alignment (as in a `Basic` header). Of a JWT the header is
 * left out, which all tokens share, and of its claims a run has 40.
 *
 * @param text any text, of any length
 * @param secrets the secrets, by the name they are reported under
 * @returns what was found, in the order of the text; where spellings overlap, the longest
 */
export function scanText(text: string, secrets: Record<string, string>): Finding[] {
  const spellings = Object.entries(secrets).flatMap(([name, secret]) => spell(name, secret));
  const found = spellings.filter(({ least }) => least < SHORTEST_PART)
    .flatMap((spelling) => findShort(text, spelling));
  found.push(...findRuns(text, spellings.filter(({ least }) => least >= SHORTEST_PART)));
  return withLines(text, longest(found));
}

function spell(name: string, secret: string): Spelling[] {
  if (secret.length < SHORTEST_SECRET) return [];
  const result: Spelling[] = [];
  const add = (form: Finding["form"], text: string, complete: boolean, least = SHORTEST_PART) => {
    if (text.length >= SHORTEST_SECRET && !result.some((other) => other.text === text)) {
      result.push({ name, form, text, complete, least: Math.min(least, text.length) });
    }
  };
  const pem = /-----BEGIN [^-]+-----([^-]+)-----END/.exec(secret)?.[1]?.replace(/\s+/g, "");
  const jwt = /^eyJ[\w-]*\.([\w-]+)\.([\w-]+)$/.exec(secret);
  let own = secret;
  if (pem !== undefined) {
    // Line by line, as it is printed; what every key of a kind begins with is left out.
    const skipped = pem.length > 100 ? 48 : 24;
    own = pem.slice(skipped);
    for (let at = 0; at < pem.length; at += 64) {
      const piece = pem.slice(Math.max(at, skipped), at + 64);
      if (piece.length >= SHORTEST_PART) add("plain", piece, false);
    }
    add("plain", own, false);
  } else if (jwt?.[1] !== undefined && jwt[2] !== undefined) {
    own = jwt[2];
    add("plain", secret, true, secret.length);
    add("plain", own, false);
    add("plain", jwt[1], false, SHORTEST_PAYLOAD);
  } else {
    add("plain", secret, true);
    const escaped = JSON.stringify(secret).slice(1, -1);
    for (const text of [escaped, escapeHtml(secret)]) add("escaped", text, true);
    const url = encodeURIComponent(secret.toWellFormed());
    for (const text of [url, url.replaceAll("%20", "+")]) add("url", text, true);
  }
  for (const text of base64Cores(own)) {
    // Short ones would be found in any picture.
    if (text.length >= SHORTEST_PART - 2) add("base64", text, own === secret);
  }
  return result;
}

/** What base 64 makes of a secret whatever stands before and after it, in both alphabets. */
function base64Cores(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  return [0, 1, 2].flatMap((shift) => {
    const padded = new Uint8Array(shift + bytes.length);
    padded.set(bytes, shift);
    let binary = "";
    for (const byte of padded) binary += String.fromCharCode(byte);
    // Characters that mix bits of the secret with bits of its neighbours are cut off.
    const core = btoa(binary).slice(Math.ceil(shift * 4 / 3), Math.floor(padded.length * 4 / 3));
    return [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function findShort(text: string, spelling: Spelling): Omit<Finding, "line">[] {
  const { name, form, text: wanted, complete } = spelling;
  const found: Omit<Finding, "line">[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    const around = (text[at - 1] ?? " ") + (text[at + wanted.length] ?? " ");
    if (wanted.length < SHORTEST_INSIDE_A_WORD && /[\p{L}\p{N}_]/u.test(around)) continue;
    found.push({ name, form, at, length: wanted.length, whole: complete });
  }
  return found;
}

/** Finds every run of at least 12 characters that a text shares with a spelling (Rabin–Karp). */
function findRuns(text: string, spellings: Spelling[]): Omit<Finding, "line">[] {
  const windows = new Map<number, { spelling: Spelling; at: number }[]>();
  for (const spelling of spellings) {
    const seen = new Set<string>();
    eachWindow(spelling.text, (hash, at) => {
      const window = spelling.text.slice(at, at + SHORTEST_PART);
      // "************" and "------------" are no part of anything.
      if (seen.has(window) || new Set(window).size < 4) return;
      seen.add(window);
      const known = windows.get(hash);
      if (known) known.push({ spelling, at });
      else windows.set(hash, [{ spelling, at }]);
    });
  }
  const found: Omit<Finding, "line">[] = [];
  if (windows.size === 0) return found;
  /** How far runs have been followed, by spelling and by the distance between text and spelling. */
  const followed = new Map<Spelling, Map<number, number>>();
  for (const spelling of spellings) followed.set(spelling, new Map());
  eachWindow(text, (hash, at) => {
    for (const { spelling, at: from } of windows.get(hash) ?? []) {
      const ends = followed.get(spelling);
      const wanted = spelling.text;
      if (!ends || at < (ends.get(at - from) ?? 0)) continue;
      let before = 0;
      while (before < from && text[at - before - 1] === wanted[from - before - 1]) before++;
      let after = 0;
      while (from + after < wanted.length && text[at + after] === wanted[from + after]) after++;
      if (after < SHORTEST_PART) continue; // only the hashes are the same
      ends.set(at - from, at + after);
      const length = before + after;
      if (length < spelling.least) continue;
      const whole = spelling.complete && length === wanted.length;
      found.push({ name: spelling.name, form: spelling.form, at: at - before, length, whole });
    }
  });
  return found;
}

/** Calls `visit` with a hash of every window of 12 characters, in time linear to the text. */
function eachWindow(text: string, visit: (hash: number, at: number) => void): void {
  const base = 16_777_619;
  let first = 1;
  for (let index = 1; index < SHORTEST_PART; index++) first = Math.imul(first, base);
  let hash = 0;
  for (let index = 0; index < text.length; index++) {
    if (index >= SHORTEST_PART) {
      hash = (hash - Math.imul(text.charCodeAt(index - SHORTEST_PART), first)) | 0;
    }
    hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0;
    if (index >= SHORTEST_PART - 1) visit(hash, index - SHORTEST_PART + 1);
  }
}

/** Of findings of one secret that overlap, the longest. */
function longest(found: Omit<Finding, "line">[]): Omit<Finding, "line">[] {
  found.sort((one, other) => one.at - other.at || other.length - one.length);
  const kept: Omit<Finding, "line">[] = [];
  const last = new Map<string, Omit<Finding, "line">>();
  for (const finding of found) {
    const before = last.get(finding.name);
    if (before && finding.at < before.at + before.length) {
      if (finding.length <= before.length) continue;
      kept[kept.indexOf(before)] = finding;
    } else kept.push(finding);
    last.set(finding.name, finding);
  }
  return kept;
}

function withLines(text: string, found: Omit<Finding, "line">[]): Finding[] {
  let line = 1;
  let counted = 0;
  return found.map((finding) => {
    for (; counted < finding.at; counted++) if (text.charCodeAt(counted) === 10) line++;
    return { ...finding, line };
  });
}
