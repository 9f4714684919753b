/**
 * Text from elsewhere made safe to show, and bytes as text. Escaping for HTML is `person/html.ts`'s,
 * and whether a text repeats a secret is judged by `http/redact.ts`.
 */

/**
 * Takes out what could steer a terminal, reorder text or hide in it, and puts a space there. Names,
 * codes, links and messages come from a server.
 */
export function plain(value: string): string {
  return without(value, " ");
}

/** The same without the spaces: what a person reads as one word stays one. */
export function visible(value: string): string {
  return without(value, "");
}

function without(value: string, instead: string): string {
  // Printable ASCII is most of what is shown, and needs no look at Unicode's tables.
  if (/^[ -~]*$/.test(value)) return value;
  // ECMA-48 sequences: CSI, strings such as a title or a link (OSC), and ESC with one character.
  const sequences =
    // deno-lint-ignore no-control-regex
    /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;
  // Control and format characters (direction marks, zero-width ones, tags), line separators, fillers, and
  // halves of a surrogate pair. The two variation selectors of emoji stay. Made here: Unicode's tables
  // cost a start five million instructions.
  const unseen =
    /(?:(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}])+/gu;
  return value.replace(sequences, instead).replace(unseen, instead);
}

/** Bytes in base64url without padding (RFC 4648 section 5). */
export function base64url(bytes: Uint8Array): string {
  let binary = "";
  // One by one: a spread of many bytes is more arguments than a call may have.
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
