import assert from "node:assert/strict";
import { alarm } from "../../src/base/wait.ts";
import { test } from "../support/tests.ts";

const turn = (milliseconds = 0) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("alarm() rings on time, and not after it is stopped", async () => {
  const rings = alarm(20);
  const stopped = alarm(20);
  stopped.stop();
  await turn(60);
  assert.equal(rings.signal.aborted, true);
  assert.equal(rings.signal.reason.name, "TimeoutError");
  assert.equal(stopped.signal.aborted, false);
});

test("alarm(): a process that was suspended reads what has arrived before the alarm rings", async () => {
  const { signal, stop } = alarm(10);
  // A stopped process does nothing, but its clocks continue.
  const end = performance.now() + 2_100;
  while (performance.now() < end);
  await turn(20);
  assert.equal(signal.aborted, false, "one more turn");
  await turn(1_200);
  assert.equal(signal.aborted, true, "and no more than that");
  stop();
});
