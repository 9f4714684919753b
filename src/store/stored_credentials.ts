import { isObject, parseObject } from "../base/text.ts";
import { abortReason, AuthError } from "../errors.ts";
import type { TokenStore } from "../interface/options.ts";

/**
 * App credentials in a shared store or a keyring, so that a hub can give them to its users without a
 * file. With files they stay where the tutorial puts them: see `credentials_file.ts`.
 */

/** Identifies credentials by system and account. */
export interface CredentialsName {
  provider: string;
  /** Another account of the same system. */
  account?: string | undefined;
  /** A host other than the system's own, which has separate credentials. */
  server?: string | undefined;
}

const KIND = "credentials";

/** The key of some credentials. It never looks like a token's key. */
export function credentialsKey({ provider, account = "", server }: CredentialsName): string {
  const apart = server === undefined ? [] : [server];
  return JSON.stringify({ [KIND]: [provider, account, ...apart] });
}

/** Reads a key from {@linkcode credentialsKey}; `undefined` for a token's key. */
export function parseCredentialsKey(
  key: string,
): CredentialsName & { account: string } | undefined {
  const name = parseObject(key)?.[KIND];
  if (!Array.isArray(name)) return undefined;
  const [provider, account, server] = name;
  if (typeof provider !== "string" || typeof account !== "string") return undefined;
  return { provider, account, ...(typeof server === "string" ? { server } : {}) };
}

/**
 * Reads credentials; `undefined` when there are none.
 *
 * @throws {AuthError} `credentials_damaged` when the value is not a JSON object; the store's own errors
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

/** How long a save waits for other processes, in milliseconds. */
const SAVING_TIME = 45_000;

/** The app credentials of one system and account, in a store other than files and memory. */
export class StoredCredentials {
  /** The store itself. */
  readonly store: TokenStore;
  readonly #name: CredentialsName;

  /** @param name the system and the account */
  constructor(store: TokenStore, name: CredentialsName) {
    this.store = store;
    this.#name = name;
  }

  /** Reads the credentials. @param server the host, if it has separate credentials */
  async read(server?: string): Promise<Record<string, unknown> | undefined> {
    return await told(readStoredCredentials(this.store, { ...this.#name, server }));
  }

  /** Saves the credentials. The caller must be in `exclusive`. */
  async write(values: Record<string, unknown>, server?: string): Promise<void> {
    const key = credentialsKey({ ...this.#name, server });
    await told(this.store.write(key, JSON.stringify({ key, values })));
  }

  /** Removes the credentials; true when there were any. */
  async remove(server?: string): Promise<boolean> {
    return await told(this.store.remove(credentialsKey({ ...this.#name, server })));
  }

  /** Runs `work` while nobody else saves credentials of this system and account. */
  async exclusive<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const time = AbortSignal.timeout(SAVING_TIME);
    const signals = signal === undefined ? time : AbortSignal.any([time, signal]);
    let began = false;
    const begin = () => {
      began = true;
      return work();
    };
    try {
      return await this.store.exclusive(credentialsKey(this.#name), begin, { signal: signals });
    } catch (error) {
      if (signal?.aborted) throw abortReason(signal);
      throw began ? error : storeFailure(error);
    }
  }

  /** Checks that saving works, because a secret may be shown only once. */
  async tryWriting(): Promise<void> {
    const key = `${credentialsKey(this.#name)}\ntry`;
    await told(this.store.write(key, ""));
    await told(this.store.remove(key));
  }
}

/** A caller's own store may reject with any value. */
async function told<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw storeFailure(error);
  }
}

function storeFailure(error: unknown): unknown {
  if (error instanceof AuthError) return error;
  return new AuthError("store_unavailable", "The store of app credentials failed. Try again.", {
    cause: error,
  });
}
