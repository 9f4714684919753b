// deno-lint-ignore-file no-console -- its figures are its output
/**
 * Warm calls against raw `fetch` with a shared header, in one process, in alternating blocks:
 * `warm_calls.ts PAIRS CALLS CONCURRENCY`. Prints one `[ours, raw]` in milliseconds a pair.
 *
 * @module
 */
import { getSession } from "@onecell/auth";

const [pairs = 0, calls = 0, concurrency = 0] = Deno.args.map(Number);
const session = await getSession("spatiafi");
const init = { headers: { authorization: `Bearer ${await session.token()}` } };
const url = new URL("/api/info?item_id=bench", session.apiUrl).href;

const contestants = {
  ours: () => session.fetch("/api/info?item_id=bench"),
  raw: () => fetch(url, init),
};

/** Makes all calls of a block, with this concurrency. */
async function block(call: () => Promise<Response>): Promise<number> {
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

const WARM_UP = 5;
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
