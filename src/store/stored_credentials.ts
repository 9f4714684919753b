import { AuthError } from "../errors.ts";
import { isObject, parseObject } from "../base/json.ts";
import type { TokenStore } from "./store.ts";

/**
 * App credentials in a shared store or a keyring, so that a hub hands them to its users without a
 * file. In files they stay where the tutorial puts them: see `credentials_file.ts`.
 */

/** Whose credentials: a system's, of one account. */
export interface CredentialsName {
  provider: string;
  /** Another account of the same system. */
  account?: string | undefined;
}

const KIND = "credentials";

/** What credentials are kept under. No token's key looks like it. */
export function credentialsKey({ provider, account = "" }: CredentialsName): string {
  return JSON.stringify({ [KIND]: [provider, account] });
}

/** Reads what {@linkcode credentialsKey} wrote; `undefined` for a token's key. */
export function parseCredentialsKey(key: string): Required<CredentialsName> | undefined {
  const name = parseObject(key)?.[KIND];
  if (!Array.isArray(name)) return undefined;
  const [provider, account] = name;
  return typeof provider === "string" && typeof account === "string"
    ? { provider, account }
    : undefined;
}

/**
 * Reads credentials; `undefined` when there are none.
 *
 * @throws {AuthError} `credentials_damaged` for what is no JSON object; what the store throws
 */
export async function readStoredCredentials(
  store: TokenStore,
  name: CredentialsName,
): Promise<Record<string, unknown> | undefined> {
  const text = await store.read(credentialsKey(name));
  if (text === undefined) return undefined;
  const values = parseObject(text)?.["values"];
  if (isObject(values)) return values;
  throw new AuthError(
    "credentials_damaged",
    `The credentials of ${name.provider} in the store are damaged. Save them again.`,
  );
}

/** Saves credentials in place of earlier ones. */
export async function writeStoredCredentials(
  store: TokenStore,
  name: CredentialsName,
  values: Record<string, unknown>,
  signal: AbortSignal = AbortSignal.timeout(30_000),
): Promise<void> {
  const key = credentialsKey(name);
  const text = JSON.stringify({ key, values });
  await store.exclusive(key, () => store.write(key, text), { signal });
}

/** Removes credentials; true when there were some. */
export async function removeStoredCredentials(
  store: TokenStore,
  name: CredentialsName,
): Promise<boolean> {
  return await store.remove(credentialsKey(name));
}
