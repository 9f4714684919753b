import { AuthError, isTimeout } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parentPath } from "./paths.ts";
import { loadSqlite, type SqliteDatabase } from "./sqlite.ts";

/** How long a caller waits, and what ends the wait early. */
export interface LockOptions {
  /** In milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/** Pauses between two tries to lock, in milliseconds: short at first, never long. */
const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 40;

/** A lock's place. */
export interface LockPlace {
  /** The lock's file. */
  path: string;
  /** The application's folder it is in: what Deno's flags must allow. */
  directory: string;
}

/**
 * Runs `action` while no other process, under whichever runtime, runs one with the same lock.
 *
 * The lock is SQLite's own write lock on an empty database. The system lets go of it when its
 * holder ends, however it ends, and at no other time: there is nothing to break, renew or clean up.
 * The file must stay for good, and nothing but SQLite may open it, because closing any handle of a
 * file drops a process's locks on it (POSIX `fcntl`).
 *
 * @throws {AuthError} `store_locked`; `aborted`, or `timeout` for a signal of that kind;
 * `store_unavailable` or `permission_denied`
 */
export async function withLock<T>(
  runtime: Runtime,
  place: LockPlace,
  action: () => Promise<T>,
  options: LockOptions,
): Promise<T> {
  return await inTurn(place.path, `the lock "${place.path}"`, options, async (patience) => {
    const database = await acquire(runtime, place, patience);
    try {
      return await action();
    } finally {
      database.close(); // ends the transaction, and with it the lock
    }
  });
}

/** The last caller of this process in each queue. */
const queues = new Map<string, Promise<void>>();

/**
 * Runs `action` after this process's earlier callers with the same `key`, in order.
 *
 * @param what what is waited for, in words
 */
export async function inTurn<T>(
  key: string,
  what: string,
  options: LockOptions,
  action: (patience: Patience) => Promise<T>,
): Promise<T> {
  const patience = new Patience(what, options);
  const earlier = queues.get(key);
  let leave = () => {};
  const left = new Promise<void>((resolve) => leave = resolve);
  // Who gives up leaves its place to the earlier ones: the next still waits for them.
  const place = Promise.all([earlier, left]).then(() => {
    if (queues.get(key) === place) queues.delete(key);
  });
  queues.set(key, place);
  try {
    patience.check();
    if (earlier) await patience.turn(earlier);
    return await action(patience);
  } finally {
    leave();
  }
}

/** Tries until it works; the pauses are random so that waiting processes do not march in step. */
async function acquire(
  runtime: Runtime,
  place: LockPlace,
  patience: Patience,
): Promise<SqliteDatabase> {
  const database = await open(runtime, place);
  try {
    for (let pause = FIRST_PAUSE;; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
      if (tryLock(database)) return database;
      await patience.pause(pause * (0.5 + Math.random()));
    }
  } catch (error) {
    database.close();
    throw await lockError(runtime, error, place);
  }
}

async function open(runtime: Runtime, place: LockPlace): Promise<SqliteDatabase> {
  const Database = await loadSqlite(runtime);
  try {
    await prepare(runtime, place.path);
    const database = new Database(place.path);
    // Waiting inside SQLite would stop this process's event loop.
    database.exec("PRAGMA busy_timeout = 0");
    return database;
  } catch (error) {
    throw await lockError(runtime, error, place);
  }
}

/** Makes the lock's file, private; leaves one that is there, without ever opening it. */
async function prepare(runtime: Runtime, path: string): Promise<void> {
  const { files } = runtime;
  const status = await files.status(path);
  if (!status) {
    await files.makeDirectory(parentPath(path));
    try {
      await (await files.createPrivate(path, 0o600)).close();
    } catch (error) {
      if (runtime.errorKind(error) !== "exists") throw error;
    }
  } else if (!status.isFile) {
    throw new AuthError(
      "store_unavailable",
      `"${path}" must be a plain file and is something else. Remove it and try again.`,
    );
  } else if (status.mode !== null && (status.mode & 0o077) !== 0) {
    await files.setMode(path, 0o600);
  }
}

function tryLock(database: SqliteDatabase): boolean {
  try {
    // On a read-only disk the first alone succeeds, for any number of holders at once: SQLite makes
    // it a read. The second wants to write, and then has nothing to do.
    database.exec("BEGIN IMMEDIATE; PRAGMA incremental_vacuum(0)");
    return true;
  } catch (error) {
    // Deno gives no SQLite error number, so the words must do; they are the same everywhere.
    if (error instanceof Error && /database is locked/i.test(error.message)) return false;
    throw error;
  }
}

async function lockError(
  runtime: Runtime,
  error: unknown,
  place: LockPlace,
): Promise<AuthError> {
  const { storeError } = await import("./store_error.ts");
  return storeError(runtime, error, `lock "${place.path}"`, place.directory);
}

/** One caller's patience with those who are before it. */
export class Patience {
  readonly #what: string;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;

  /** @param what what is waited for, in words @param options how long */
  constructor(what: string, options: LockOptions) {
    this.#what = what;
    this.#deadline = performance.now() + options.timeout;
    this.#signal = options.signal;
  }

  /** @throws {AuthError} `aborted`, `timeout` or `store_locked` when patience has ended */
  check(): void {
    if (this.#signal?.aborted) {
      throw new AuthError(
        isTimeout(this.#signal) ? "timeout" : "aborted",
        `Stopped while waiting for ${this.#what}. Call again.`,
      );
    }
    if (performance.now() >= this.#deadline) {
      throw new AuthError(
        "store_locked",
        `Waited too long for ${this.#what}: another process or call holds it. ` +
          `Let that one finish or end it, then try again.`,
      );
    }
  }

  /** Waits for a time, at most as long as patience lasts, and checks. */
  async pause(milliseconds: number): Promise<void> {
    this.check();
    await this.#race(null, milliseconds);
    this.check();
  }

  /** Waits for a turn to come. */
  async turn(turn: Promise<void>): Promise<void> {
    let came = false;
    const coming = turn.then(() => {
      came = true;
    });
    while (!came) {
      this.check();
      await this.#race(coming, Infinity);
    }
  }

  async #race(turn: Promise<void> | null, milliseconds: number): Promise<void> {
    const left = Math.max(1, this.#deadline - performance.now());
    let end = () => {};
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await new Promise<void>((resolve) => {
        end = resolve;
        // Timers hold no more than 31 bits.
        timer = setTimeout(resolve, Math.min(milliseconds, left, 2 ** 31 - 1));
        this.#signal?.addEventListener("abort", end);
        turn?.then(resolve);
      });
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener("abort", end);
    }
  }
}
