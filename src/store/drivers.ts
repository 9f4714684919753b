import { AuthError } from "../errors.ts";
import { KeyringDriver } from "./keyring_driver.ts";
import { RedisDriver } from "./redis_driver.ts";
import { sharedSeal } from "./seal.ts";
import type { Driver, OpenStoreOptions, StoreChoice } from "./store.ts";
import { type CredentialsName, StoredCredentials } from "./stored_credentials.ts";

/**
 * Opens the store that a URL names. Sends nothing until the store is used.
 *
 * @throws {AuthError} `invalid_argument` for an unknown URL, or when the encryption key is missing
 */
export async function openDriver(
  { runtime, directory }: Pick<OpenStoreOptions, "runtime" | "directory">,
  url: string,
): Promise<Driver> {
  if (/^rediss?:\/\//.test(url) && URL.canParse(url)) {
    return new RedisDriver(runtime, url, await sharedSeal(runtime));
  }
  if (url === "keyring:") {
    if (directory !== undefined) return new KeyringDriver(runtime, directory);
    throw new AuthError(
      "store_unavailable",
      "There is no folder to save encrypted sessions in. Set HOME (USERPROFILE on Windows) or the " +
        "option `directory`.",
    );
  }
  throw new AuthError(
    "invalid_argument",
    'A store is "disk", "memory", "redis://HOST:PORT", "rediss://HOST:PORT" or "keyring:".',
  );
}

/** Opens the app credentials in a store other than files or memory. */
export async function openCredentials(
  options: Pick<OpenStoreOptions, "runtime" | "directory">,
  choice: Exclude<StoreChoice, string>,
  name: CredentialsName,
): Promise<StoredCredentials> {
  const store = "own" in choice ? choice.own : await openDriver(options, choice.url);
  return new StoredCredentials(store, name);
}
