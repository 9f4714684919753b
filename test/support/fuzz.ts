import { AuthError } from "../../src/errors.ts";
import { size } from "./long.ts";
import { Random } from "./random.ts";

/** Enough time for anything that is not stuck, in milliseconds. */
const PATIENCE = 10_000;

/** The outcomes of one kind of accident. */
export interface Tally {
  /** It was accepted. */
  good: number;
  /** It was refused, with an `AuthError`. */
  refused: number;
}

/**
 * Runs an action with many accidents. Every error must be an `AuthError`, and every action must end.
 * `ONECELL_SEED` repeats a run; `ONECELL_LONG=1` runs ten times as many.
 *
 * @param count how many, in the short form
 * @param action one accident; its errors are checked, and its assertions are passed on
 */
export async function fuzz(
  count: number,
  action: (random: Random, number: number) => unknown,
): Promise<Tally> {
  const given = Number(Deno.env.get("ONECELL_SEED"));
  const seed = given || crypto.getRandomValues(new Uint32Array(1))[0] || 1;
  const tally = { good: 0, refused: 0 };
  for (let number = 0; number < size(count, count * 10); number++) {
    // Each accident can be repeated without the ones before.
    const random = new Random(seed + number * 7919);
    try {
      await inTime(async () => void await action(random, number));
      tally.good++;
    } catch (error) {
      if (!(error instanceof AuthError)) {
        throw new Error(`seed ${seed}, accident ${number}`, { cause: error });
      }
      tally.refused++;
    }
  }
  return tally;
}

async function inTime(action: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it does not end")), PATIENCE);
  });
  try {
    await Promise.race([stuck, action()]);
  } finally {
    clearTimeout(timer);
  }
}
