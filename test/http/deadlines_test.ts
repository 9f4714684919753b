import assert from "node:assert/strict";
import { type Deadline, Deadlines } from "../../src/http/api_fetch.ts";
import { test } from "../support/tests.ts";

const aborted = ({ controller: { signal } }: Deadline) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

test("Deadlines end every late request, and no completed one", async () => {
  const deadlines = new Deadlines(60);
  const start = performance.now();
  const begin = () => {
    const deadline = deadlines.begin();
    deadlines.watch();
    return deadline;
  };
  const first = begin();
  const answered = begin();
  await new Promise((resolve) => setTimeout(resolve, 30));
  const second = begin();
  deadlines.end(answered);
  await aborted(first);
  assert(performance.now() - start >= 60);
  assert(!second.controller.signal.aborted);
  await aborted(second);
  deadlines.end(second); // as the request does when it fails
  assert(performance.now() - start >= 90);
  assert(!answered.controller.signal.aborted);
});

test("Deadlines cover a request that begins after the alarm of another has rung", async () => {
  const deadlines = new Deadlines(20);
  const answered = deadlines.begin();
  deadlines.watch();
  deadlines.end(answered);
  await new Promise((resolve) => setTimeout(resolve, 40));
  const late = deadlines.begin();
  deadlines.watch();
  await aborted(late);
  assert(!answered.controller.signal.aborted);
});

test("Deadlines keep no process alive when every request has its response", async () => {
  const module = new URL("../../src/http/api_fetch.ts", import.meta.url).href;
  const script = `import { Deadlines } from ${JSON.stringify(module)};
    const deadlines = new Deadlines(60_000);
    const deadline = deadlines.begin();
    deadlines.watch();
    deadlines.end(deadline);`;
  const start = performance.now();
  const command = new Deno.Command(Deno.execPath(), { args: ["eval", "--no-lock", script] });
  assert((await command.output()).success);
  assert(performance.now() - start < 30_000);
});

test("wild.md A: an alarm that rings much too late gives the response one more turn", async () => {
  const deadlines = new Deadlines(50);
  const slept = deadlines.begin();
  deadlines.watch();
  // The process is stopped or blocked for longer than the request may take.
  const end = performance.now() + 1_200;
  while (performance.now() < end);
  const woke = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert(!slept.controller.signal.aborted, "the answer had no turn");
  await aborted(slept);
  assert(performance.now() - woke >= 80);
});
