import { AuthError } from "../errors.ts";
import { parseToken } from "../token/token.ts";
import type { TokenStore } from "./store.ts";
import {
  type CredentialsName,
  parseCredentialsKey,
  readStoredCredentials,
} from "./stored_credentials.ts";

/** How to move. */
export interface MoveOptions {
  signal?: AbortSignal | undefined;
  /** Chooses the keys to move; all when left out. */
  wanted?: (key: string) => boolean;
  /** Saves credentials where the new store keeps them; without it they move unchanged. */
  credentials?: (name: CredentialsName, values: Record<string, unknown>) => Promise<void>;
  /** Called for each key that was moved. */
  moved?: (key: string) => void;
}

/** What {@linkcode moveStore} did. */
export interface Moved {
  /** How many sessions and credentials are in the new store now. */
  moved: number;
  /** What could not be moved, and why. */
  problems: AuthError[];
}

/** How long another process may hold one session, in milliseconds. */
const WAITING_TIME = 60_000;

/**
 * Moves everything saved in one store to another. Removes each value only after reading it back from
 * the new store, so an interrupted move loses nothing and moving again completes it. A session that
 * is newer in the new store stays unchanged there.
 *
 * @throws {AuthError} `unsupported` for a store that cannot list its keys
 */
export async function moveStore(
  from: TokenStore,
  to: TokenStore,
  options: MoveOptions = {},
): Promise<Moved> {
  if (from.keys === undefined) {
    throw new AuthError(
      "unsupported",
      "This store cannot list what is in it: it has no `keys()`. Sign in again with the other store.",
    );
  }
  const { wanted = () => true, signal } = options;
  const done: Moved = { moved: 0, problems: [] };
  for (const key of (await from.keys()).filter(wanted)) {
    try {
      // Under the old store's lock, so that no renewal comes in between.
      const time = AbortSignal.timeout(WAITING_TIME);
      const both = { signal: signal === undefined ? time : AbortSignal.any([time, signal]) };
      await from.exclusive(key, () => moveOne(from, to, key, options), both);
      done.moved++;
      options.moved?.(key);
    } catch (error) {
      if (signal?.aborted || !(error instanceof AuthError)) throw error;
      done.problems.push(error);
    }
  }
  return done;
}

async function moveOne(
  from: TokenStore,
  to: TokenStore,
  key: string,
  { credentials }: MoveOptions,
): Promise<void> {
  const value = await from.read(key);
  if (value === undefined) return;
  const name = parseCredentialsKey(key);
  if (name && credentials) {
    await credentials(name, await readStoredCredentials(from, name) ?? {});
  } else if (!isNewer(await to.read(key), value, key)) {
    await to.write(key, value);
    if (await to.read(key) !== value) {
      throw new AuthError(
        "store_unavailable",
        "The new store did not save a session, so it was not moved.",
      );
    }
  }
  await from.remove(key);
}

function isNewer(there: string | undefined, value: string, key: string): boolean {
  if (there === undefined) return false;
  const [one, other] = [parseToken(there, key), parseToken(value, key)];
  return one !== undefined && other !== undefined && one.obtained_at > other.obtained_at;
}
