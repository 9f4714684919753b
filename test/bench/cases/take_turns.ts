// deno-lint-ignore-file no-console -- its figures are its output
/** Sends one request. */
type Call = () => Promise<Response>;

const WARM_UP = 5;

/**
 * Makes calls in two ways, in alternating blocks, and prints one `[ours, raw]` in milliseconds a pair. The
 * program's arguments are PAIRS CALLS CONCURRENCY.
 */
export async function takeTurns(contestants: { ours: Call; raw: Call }): Promise<void> {
  const [pairs = 0, calls = 0, concurrency = 0] = Deno.args.map(Number);

  /** Makes all calls of a block, with this concurrency. */
  async function block(call: Call): Promise<number> {
    let left = calls;
    const work = async () => {
      while (left-- > 0) {
        const response = await call();
        if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
        await response.text();
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: concurrency }, work));
    return performance.now() - start;
  }

  const times: [number, number][] = [];
  for (let pair = -WARM_UP; pair < pairs; pair++) {
    let raw = 0;
    // The first one collects the other's garbage, so they also take turns at going first.
    if (pair % 2 === 0) raw = await block(contestants.raw);
    const ours = await block(contestants.ours);
    if (pair % 2 !== 0) raw = await block(contestants.raw);
    if (pair >= 0) times.push([ours, raw]);
  }
  console.log(JSON.stringify(times));
}
