/** Works on many items in its own process, and reports how its heap grew. */
import { getSession } from "../../mod.ts";

const task = JSON.parse(Deno.args[0] ?? "{}") as {
  total: number;
  provider: string;
  options: Record<string, unknown>;
};
const collect = (globalThis as { gc?: () => void }).gc;

/** Bytes that are in use. */
async function heap(): Promise<number> {
  // Twice, with a pause: the first run releases what finalizers hold, the second collects it.
  for (let time = 0; time < 2; time++) {
    collect?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Deno.memoryUsage().heapUsed;
}

function* numbers(): Generator<number> {
  for (let item = 0; item < task.total; item++) yield item;
}

const session = await getSession(task.provider, task.options);
const early = Math.round(task.total / 5);
let atStart = 0;
let wrong = 0;
/** Every call waits now and then, so that tokens expire even on a fast machine. */
let gate: Promise<unknown> = Promise.resolve();
const results = await session.map(numbers(), async (item, index, session) => {
  if (index > 0 && index % Math.round(task.total / 4) === 0) {
    gate = new Promise((resolve) => setTimeout(resolve, 700));
  }
  await gate;
  const response = await session.fetch(`/api/info?item_id=${item}`);
  const { item_id } = await response.json();
  if (item_id !== String(index)) wrong++;
  if (index === early) atStart = await heap();
}, { progress: false, concurrency: 16 });
const atEnd = await heap();
Deno.stdout.writeSync(
  new TextEncoder().encode(JSON.stringify({ atStart, atEnd, wrong, results: results.length })),
);
