/** True if tests run in full: `ONECELL_LONG=1`, as `deno task test:faults` sets it. */
export const LONG = Deno.env.get("ONECELL_LONG") === "1";

/** One of two sizes of a test. */
export function size<T>(short: T, long: T): T {
  return LONG ? long : short;
}

/** Options of tests that start processes: nothing may be left behind. */
export const STRICT = { sanitizeOps: true, sanitizeResources: true, sanitizeExit: true };

/** Prints one line with a measurement, in the long form. */
export function report(line: string): void {
  if (LONG) Deno.stderr.writeSync(new TextEncoder().encode(`    ${line}\n`));
}

/**
 * Tries a test with a time limit up to three times. A busy machine only adds to a time, so one try
 * within the limit shows that it can be met, and none shows that it cannot.
 */
export async function unlessBusy(attempt: () => Promise<void>): Promise<void> {
  for (let left = 2;; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
