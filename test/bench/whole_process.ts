import { median, shuffled } from "./statistics.ts";

/** A program whose whole run is timed. */
export interface Contestant {
  name: string;
  program: string;
  args: string[];
  cwd?: string;
  env: Record<string, string>;
  /** Undoes what the last run left behind; not timed. */
  prepare?: () => Promise<void>;
}

/** Untimed runs of each program that fill the caches. */
const WARM_UP = 2;

/**
 * Times whole processes side by side. Every round runs each program once, in random order, so that
 * the machine's other work affects all alike.
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
