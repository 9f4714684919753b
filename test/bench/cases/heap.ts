// deno-lint-ignore-file no-console -- its figures are its output
/**
 * Measures the heap after `heap.ts FIRST LAST` calls of one session. Prints both sizes in bytes. Needs
 * `--v8-flags=--expose-gc`.
 *
 * @module
 */
import { getSession } from "@onecell/auth";

const { gc } = globalThis as { gc?: () => void };
if (gc === undefined) throw new Error("Start with --v8-flags=--expose-gc.");
const [first = 0, last = 0] = Deno.args.map(Number);
const session = await getSession("spatiafi");
let made = 0;

async function heapAfter(calls: number): Promise<number> {
  const work = async () => {
    while (made < calls) {
      made++;
      await (await session.fetch("/api/info?item_id=bench")).text();
    }
  };
  await Promise.all(Array.from({ length: 10 }, work));
  // The next round collects what finalizers release.
  for (let round = 0; round < 5; round++) {
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Deno.memoryUsage().heapUsed;
}

console.log(JSON.stringify([await heapAfter(first), await heapAfter(last)]));
