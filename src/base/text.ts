/**
 * Makes text from elsewhere safe to show, and encodes bytes as text. `person/html.ts` escapes HTML,
 * and `http/redact.ts` checks whether a text repeats a secret.
 */

/**
 * Replaces what could control a terminal, reorder text or hide in it with a space. Names, codes, links
 * and messages come from a server.
 */
export function plain(value: string): string {
  return without(value, " ");
}

/** The same without the spaces, so that a word stays one word for the reader. */
export function visible(value: string): string {
  return without(value, "");
}

function without(value: string, instead: string): string {
  // Most shown text is printable ASCII and does not need Unicode's tables.
  if (/^[ -~]*$/.test(value)) return value;
  // ECMA-48 sequences: CSI, strings such as a title or a link (OSC), and ESC with one character.
  const sequences =
    // deno-lint-ignore no-control-regex
    /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;
  // Control and format characters (direction marks, zero-width ones, tags), line separators, fillers, and
  // halves of a surrogate pair. The two variation selectors of emoji stay. Created here, not
  // when this file loads: Unicode's tables would cost every start five million instructions.
  const unseen =
    /(?:(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}])+/gu;
  return value.replace(sequences, instead).replace(unseen, instead);
}

/** Bytes in base64url without padding (RFC 4648 section 5). */
export function base64url(bytes: Uint8Array): string {
  let binary = "";
  // One by one, because spreading many bytes exceeds the limit of a call's arguments.
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
