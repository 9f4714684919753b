import { AuthError, loaded } from "../errors.ts";
import { sha256 } from "../base/text.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readSafely } from "./disk.ts";

/**
 * Encrypts values kept where others could read them: JWE (RFC 7516) in its compact form, `dir` with
 * A256GCM. Each sealed value is bound to its key, so nobody can swap two values.
 */
export class Seal {
  readonly #secret: Uint8Array;

  /** @param secret 32 bytes */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** A key's name where others can read it: a hash that only the secret's owner can compute. */
  async nameOf(key: string): Promise<string> {
    return await sha256(`${Array.from(this.#secret).join()}\n${key}`);
  }

  /** Encrypts a value with its key. */
  async seal(key: string, value: string): Promise<string> {
    const { CompactEncrypt } = await loaded(import("jose"));
    const text = new TextEncoder().encode(JSON.stringify({ key, value }));
    return await new CompactEncrypt(text).setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .encrypt(this.#secret);
  }

  /** Decrypts the result of {@linkcode seal}; `undefined` for anything else. */
  async unseal(sealed: string): Promise<{ key: string; value: string } | undefined> {
    const { compactDecrypt } = await loaded(import("jose"));
    try {
      const { plaintext } = await compactDecrypt(sealed, this.#secret, {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      });
      return JSON.parse(new TextDecoder().decode(plaintext));
    } catch {
      return undefined;
    }
  }
}

const HOW = "Make one with `openssl rand -base64 32`, the same for every machine.";

/**
 * The seal of a shared store, made from the secret in ONECELL_STORE_KEY or in the file that
 * ONECELL_STORE_KEY_FILE names.
 *
 * @throws {AuthError} `invalid_argument` when the secret is missing or not 32 bytes
 */
export async function sharedSeal(runtime: Runtime): Promise<Seal> {
  const given = runtime.getEnvironment("ONECELL_STORE_KEY")?.trim();
  const file = runtime.getEnvironment("ONECELL_STORE_KEY_FILE")?.trim();
  const text = given || (file ? await readKeyFile(runtime, file) : undefined);
  if (!text) {
    throw new AuthError(
      "invalid_argument",
      "A shared store needs a key to encrypt sessions with: set ONECELL_STORE_KEY, or " +
        `ONECELL_STORE_KEY_FILE to a file with it. ${HOW}`,
    );
  }
  const secret = parseSecret(text);
  if (secret === undefined) {
    const where = given ? "ONECELL_STORE_KEY" : `The file "${file}" of ONECELL_STORE_KEY_FILE`;
    throw new AuthError("invalid_argument", `${where} is not a 32-byte key. ${HOW}`);
  }
  return new Seal(secret);
}

async function readKeyFile(runtime: Runtime, file: string): Promise<string> {
  try {
    // Mounted secrets are links.
    const text = await readSafely(runtime, await runtime.files.realPath(file));
    return text?.trim() ?? "";
  } catch (error) {
    throw new AuthError(
      "invalid_argument",
      `The file "${file}" of ONECELL_STORE_KEY_FILE cannot be used. It must be a text file that belongs ` +
        "to you or root and that nobody else can write to.",
      { cause: error },
    );
  }
}

/** Reads 32 bytes in hexadecimal, base64 or base64url. */
export function parseSecret(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  if (!/^[\w+/-]{43}=?$/.test(text)) return undefined;
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/").padEnd(44, "="));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}
