import { AuthError, isError, isTimeout } from "../errors.ts";
import { abortable, deadline, pause } from "../base/wait.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parentPath, storeError, temporaryPath } from "./disk.ts";
import { loadSqlite, type SqliteConstructor, type SqliteDatabase } from "./sqlite.ts";
import type { LockOptions } from "./store.ts";

/** The first and the longest pause between two tries to lock, in milliseconds. */
const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 40;

/** Where a lock is. */
export interface LockPlace {
  /** The lock's file. */
  path: string;
  /** The application's folder that contains it: Deno's flags must allow this one. */
  directory: string;
}

/**
 * Runs `action` while no other process, under any runtime, runs one with the same lock.
 *
 * The lock is SQLite's own write lock on an empty database. The system releases it when its holder
 * ends, in any way, and at no other time: nothing needs to be broken, renewed or cleaned up.
 * The file must never be removed, and only SQLite may open it, because closing any handle of a
 * file drops a process's locks on it (POSIX `fcntl`).
 *
 * @throws {AuthError} `store_locked`; `aborted`, or `timeout` for a timeout signal;
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
      database.close(); // ends the transaction, which releases the lock
    }
  });
}

/** This process's last caller in each queue. */
const queues = new Map<string, Promise<void>>();

/**
 * Runs `action` after this process's earlier callers with the same `key`, in order.
 *
 * @param what what the caller waits for, in words
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
  // A caller that gives up does not shorten the queue: the next one still waits for the earlier ones.
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

/** Tries until it works. The pauses are random, so waiting processes do not try in step. */
async function acquire(
  runtime: Runtime,
  place: LockPlace,
  patience: Patience,
): Promise<SqliteDatabase> {
  if (withoutLocks.has(parentPath(place.path))) throw noLocks(place);
  const Database = await loadSqlite(runtime);
  let database: SqliteDatabase | undefined;
  try {
    await prepare(runtime, place.path);
    database = open(Database, place.path);
    for (let time = FIRST_PAUSE;; time = Math.min(time * 1.5, LONGEST_PAUSE)) {
      if (tryLock(database)) return database;
      if (time === FIRST_PAUSE && !await hasLocks(runtime, Database, place)) throw noLocks(place);
      await patience.pause(time * (0.5 + Math.random()));
    }
  } catch (error) {
    database?.close();
    const isExplained = error instanceof AuthError;
    if (!isExplained && !await hasLocks(runtime, Database, place)) throw noLocks(place);
    throw storeError(runtime, error, `lock "${place.path}"`, place.directory);
  }
}

function open(Database: SqliteConstructor, path: string): SqliteDatabase {
  const database = new Database(path);
  // Waiting inside SQLite would block this process's event loop.
  database.exec("PRAGMA busy_timeout = 0");
  return database;
}

/** Folders that this process found to have no locks. */
const withoutLocks = new Set<string>();

/**
 * Checks in a millisecond whether the folder's disk supports locks. NFS without lockd and some SMB
 * and FUSE mounts do not. SQLite reports ENOLCK as "database is locked" and other errors as "disk
 * I/O error", so this tries files with new names, which nobody else can hold.
 */
async function hasLocks(
  runtime: Runtime,
  Database: SqliteConstructor,
  { path }: LockPlace,
): Promise<boolean> {
  const folder = parentPath(path);
  // Twice, because treating a disk with locks as one without would let two callers hold the lock.
  for (let tries = 0; tries < 2; tries++) {
    if (await canLockNew(runtime, Database, probePath(runtime, folder))) return true;
  }
  withoutLocks.add(folder);
  return false;
}

async function canLockNew(
  runtime: Runtime,
  Database: SqliteConstructor,
  path: string,
): Promise<boolean> {
  try {
    await (await runtime.files.createPrivate(path, 0o600)).close();
  } catch {
    return true; // the problem is not the locks
  }
  let database: SqliteDatabase | undefined;
  try {
    database = open(Database, path);
    return tryLock(database);
  } catch (error) {
    return !isLockFailure(error);
  } finally {
    database?.close();
    await runtime.files.remove(path).catch(() => {});
  }
}

/** Not a temporary file's name: those are swept, and SQLite would notice. */
function probePath(runtime: Runtime, folder: string): string {
  return temporaryPath(runtime, folder).replace(/\.tmp$/, ".probe");
}

/** True for SQLite's messages about a lock request that failed but was not refused. */
function isLockFailure(error: unknown): boolean {
  return isError(error) && /disk I\/O error|locking protocol/i.test(error.message);
}

const ofNoLocks = new WeakSet<object>();

function noLocks({ path }: LockPlace): AuthError {
  const error = new AuthError(
    "store_unavailable",
    `The disk of "${
      parentPath(path)
    }" has no file locks, like NFS without a lock service. Sessions ` +
      "work, but two processes that sign in at the same moment may both prompt. Mount it with " +
      "locks (NFS 4), or choose another folder with the option `directory`.",
  );
  ofNoLocks.add(error);
  return error;
}

/** True for the error of a disk without locks: callers may go on, because waiting does not help. */
export function isWithoutLocks(error: unknown): error is AuthError {
  return error instanceof AuthError && ofNoLocks.has(error);
}

/** Creates the lock's file, private. Never opens or changes an existing one. */
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
      `"${path}" is not a plain file. Remove it and try again.`,
    );
  } else if (status.mode !== null && (status.mode & 0o077) !== 0) {
    await files.setMode(path, 0o600);
  }
}

function tryLock(database: SqliteDatabase): boolean {
  try {
    // On a read-only disk the first statement alone succeeds, for any number of holders at once,
    // because SQLite makes it a read. The second asks to write, and then has nothing to do.
    database.exec("BEGIN IMMEDIATE; PRAGMA incremental_vacuum(0)");
    return true;
  } catch (error) {
    // Deno gives no SQLite error number, so this compares messages, which are the same everywhere.
    if (isError(error) && /database is locked/i.test(error.message)) return false;
    throw error;
  }
}

/** How long one caller waits for earlier ones. */
export class Patience {
  readonly #what: string;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;

  /** @param what what the caller waits for, in words @param options how long to wait */
  constructor(what: string, options: LockOptions) {
    this.#what = what;
    this.#deadline = performance.now() + options.timeout;
    this.#signal = options.signal;
  }

  /** @throws {AuthError} `aborted`, `timeout` or `store_locked` when the wait is over */
  check(): void {
    if (this.#signal?.aborted) {
      if (this.#signal.reason instanceof AuthError) throw this.#signal.reason;
      throw new AuthError(
        isTimeout(this.#signal) ? "timeout" : "aborted",
        `Cancelled while waiting for ${this.#what}. Call again.`,
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

  /** Pauses, at most until the wait is over, then checks. */
  async pause(milliseconds: number): Promise<void> {
    this.check();
    // `check` throws its own error when the wait was ended.
    await pause(Math.min(milliseconds, this.#left()), this.#signal).catch(() => {});
    this.check();
  }

  /** Waits for the caller's turn. */
  async turn(turn: Promise<void>): Promise<void> {
    for (let came = false; !came;) {
      this.check();
      const wait = abortable(turn.then(() => true), this.#signal);
      came = await deadline(wait, this.#left(), () => new Error("late")).catch(() => false);
    }
  }

  #left(): number {
    return Math.max(1, this.#deadline - performance.now());
  }
}
