import { median, shuffled } from "./statistics.ts";

/** A program to time from its start to its end. */
export interface Contestant {
  name: string;
  program: string;
  args: string[];
  cwd?: string;
  env: Record<string, string>;
  /** Puts back what the last run left; not timed. */
  prepare?: () => Promise<void>;
}

/** Runs of each program before any is timed: they fill the caches that any later run finds filled. */
const WARM_UP = 2;

/**
 * Times whole processes, side by side: every round runs each program once, in an order of its own, so
 * that whatever else the machine does hits all alike.
 *
 * @returns the median of each, in milliseconds, by name
 */
export async function race(
  contestants: Contestant[],
  rounds: number,
): Promise<Map<string, number>> {
  const times = new Map(contestants.map(({ name }): [string, number[]] => [name, []]));
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const contestant of shuffled(contestants)) {
      const time = await timeOne(contestant);
      if (round >= 0) times.get(contestant.name)?.push(time);
    }
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]));
}

async function timeOne({ name, program, args, cwd, env, prepare }: Contestant): Promise<number> {
  await prepare?.();
  const command = new Deno.Command(program, {
    args,
    env,
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...(cwd === undefined ? {} : { cwd }),
  });
  const start = performance.now();
  const { success, stderr } = await command.output();
  const time = performance.now() - start;
  if (!success) throw new Error(`${name} failed:\n${new TextDecoder().decode(stderr)}`);
  return time;
}
