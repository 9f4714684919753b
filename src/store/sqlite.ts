import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** The part of `node:sqlite`'s `DatabaseSync` that the lock uses. */
export interface SqliteDatabase {
  exec(sql: string): void;
  close(): void;
}

/** Opens a database. */
export type SqliteConstructor = new (path: string) => SqliteDatabase;

/** The part of Node's `process` that loading SQLite without a warning needs. */
interface NodeProcess {
  emitWarning: (warning: unknown, ...details: unknown[]) => void;
  getBuiltinModule?: (name: string) => { DatabaseSync: SqliteConstructor } | undefined;
}

/**
 * Loads the runtime's own SQLite.
 *
 * @throws {AuthError} `store_unavailable` when the runtime has none
 */
export async function loadSqlite(runtime: Pick<Runtime, "name">): Promise<SqliteConstructor> {
  try {
    // Deno loads it without Node's `process`, which takes longer to load than SQLite itself.
    const module = runtime.name === "deno" ? undefined : loadQuietly();
    return (module ?? await import("node:sqlite")).DatabaseSync;
  } catch (error) {
    throw new AuthError(
      "store_unavailable",
      "This runtime has no node:sqlite, which the lock needs. Use Deno from 2.2, Node from 22.13, or a Bun that has it.",
      { cause: error },
    );
  }
}

/**
 * Loads the module in one synchronous step and hides its warning "SQLite is an experimental feature"
 * (Node 22). No other code can run, or warn, during this step.
 */
function loadQuietly(): { DatabaseSync: SqliteConstructor } | undefined {
  const { process } = globalThis as unknown as { process?: NodeProcess };
  if (!process?.getBuiltinModule) return undefined;
  const { emitWarning } = process;
  process.emitWarning = (warning, ...details) => {
    if (details[0] !== "ExperimentalWarning" || !String(warning).startsWith("SQLite")) {
      emitWarning.call(process, warning, ...details);
    }
  };
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}
