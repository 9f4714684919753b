import { LONG, STRICT } from "./long.ts";

/** The time limit for a test, in milliseconds, so that a fault in waiting does not hang the job. */
const LIMIT = LONG ? 1_800_000 : 60_000;

/**
 * Defines a test with every sanitizer on: everything it opened must be closed when it ends.
 *
 * @param limit the time limit, in milliseconds
 */
export function test(
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
  limit = LIMIT,
): void {
  Deno.test({ name, fn: (context) => within(limit, () => fn(context)), ...STRICT });
}

/** Fails if an action takes longer than its limit. */
async function within(limit: number, action: () => void | Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limit / 1000} s`)), limit);
  });
  try {
    await Promise.race([action(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Checks the rows of a table, several at once, and names every one that fails.
 *
 * @param atOnce how many rows run at the same time
 */
export async function eachRow<Row extends { name: string }>(
  rows: readonly Row[],
  check: (row: Row) => void | Promise<void>,
  atOnce = 6,
): Promise<void> {
  const failures: string[] = [];
  const waiting = [...rows];
  const work = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      try {
        await check(row);
      } catch (error) {
        failures.push(
          `${row.name.slice(0, 80)}: ${error instanceof Error ? error.stack : String(error)}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (rows.length === 0) throw new Error("The table has no rows.");
  if (failures.length > 0) {
    throw new Error(`${failures.length} of ${rows.length} rows failed\n\n${failures.join("\n\n")}`);
  }
}
