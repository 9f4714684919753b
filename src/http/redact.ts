import { decodedOnce } from "../base/decode.ts";
import { readText } from "../base/read_text.ts";
import { plain, visible } from "../base/text.ts";

/** Parameters of OAuth requests whose values are not secret. */
const OPEN_PARAMETERS = new Set([
  "grant_type",
  "scope",
  "client_id",
  "redirect_uri",
  "response_type",
  "code_challenge_method",
  "client_assertion_type",
  "subject_token_type",
  "requested_token_type",
  "resource",
  "audience",
  "token_type_hint",
  "username",
]);

/** The shortest run of characters that counts as a part of a secret. */
const RUN = 6;
/**
 * The same for letters and digits with other characters between them. It is longer, and a secret has to be
 * longer than a word, because a sentence without its spaces has many such runs.
 */
const BARE_RUN = 12;
const BARE_SECRET = 8;

/**
 * Collects one request's secrets: the form values and the content of the Authorization header.
 *
 * @param more secrets that the request used but does not contain, such as the one that signed a
 * `client_secret_jwt`
 */
export function secretsOf(
  body: unknown,
  headers: Headers,
  more: Iterable<string> = [],
): string[] {
  const secrets = [...more].filter((secret) => secret !== "");
  const form = typeof body === "string" || body instanceof URLSearchParams
    ? new URLSearchParams(body)
    : [];
  for (const [name, value] of form) if (!OPEN_PARAMETERS.has(name)) secrets.push(value);
  for (const name of ["authorization", "dpop"]) {
    const [, scheme = "", value] = /^(\w+ )?(.+)$/.exec(headers.get(name) ?? "") ?? [];
    if (value === undefined) continue;
    secrets.push(value);
    if (/^basic /i.test(scheme)) secrets.push(...passwordOf(value));
  }
  return secrets;
}

/** The password of HTTP Basic, as sent and form-decoded (RFC 6749 section 2.3.1). */
function passwordOf(value: string): string[] {
  try {
    const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
    const password = new TextDecoder().decode(bytes).replace(/^[^:]*:/, "");
    return [password, decode(password.replaceAll("+", " "))];
  } catch {
    return []; // not Base64: nothing to decode
  }
}

/** How many layers of encoding are removed from a server's text. */
const LAYERS = 3;

/**
 * Returns a server's text for a message, unless it repeats a part of a secret: as it is, in another case,
 * backwards, with other characters in between, or under up to three layers of percent-encoding, escapes,
 * entities, base64 and hexadecimal.
 *
 * @returns the text on one line, at most 200 characters, or `undefined`
 */
export function safeText(text: unknown, secrets: Iterable<string>): string | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  const line = plain(text).trim();
  const forms = formsOf(text).map((form) => form.toLowerCase());
  const joinedForms = forms.map((form) => form.replace(/\s+/g, ""));
  const bareForms = forms.map(bare);
  for (const secret of secrets) {
    const reversed = [...secret].reverse().join("");
    const encoded = [encodeURIComponent(secret.toWellFormed()), base64(secret)];
    for (const variant of new Set([secret, reversed, ...encoded])) {
      if (forms.some((form) => sharesRun(form, variant.toLowerCase()))) return undefined;
    }
    const joined = secret.toLowerCase().replace(/\s+/g, "");
    if (joined.length >= RUN && joinedForms.some((form) => sharesRun(form, joined))) {
      return undefined;
    }
    for (const letters of [bare(secret), bare(reversed)]) {
      const length = Math.min(letters.length, BARE_RUN);
      if (length >= BARE_SECRET && bareForms.some((form) => sharesRun(form, letters, length))) {
        return undefined;
      }
    }
  }
  return line.length > 200 ? `${line.slice(0, 199)}…` : line || undefined;
}

/** The forms in which a reader may understand the text. */
function formsOf(text: string): string[] {
  const forms = new Set([text, plain(text), visible(text), text.replaceAll("+", " ")]);
  let layer = [...forms];
  for (let depth = 0; depth < LAYERS; depth++) {
    layer = layer.flatMap((form) => decodedOnce(readText(form), true, RUN))
      .map((decoded) => decoded.text).filter((form) => !forms.has(form));
    for (const form of layer) forms.add(form);
  }
  return [...forms];
}

/** Letters and digits alone, in one case and in their plain forms. */
function bare(text: string): string {
  return text.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

/** True when both texts share a run of so many characters. */
function sharesRun(text: string, secret: string, length = RUN): boolean {
  if (secret.length < length) return secret !== "" && text.includes(secret);
  const runs = new Set<string>();
  for (let at = 0; at + length <= secret.length; at++) runs.add(secret.slice(at, at + length));
  for (let at = 0; at + length <= text.length; at++) {
    if (runs.has(text.slice(at, at + length))) return true;
  }
  return false;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text.slice(0, 4096))));
}
