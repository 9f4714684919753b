import assert from "node:assert/strict";
import { alarm } from "../../src/base/alarm.ts";
import { test } from "../support/tests.ts";

const turn = (milliseconds = 0) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("alarm() rings in time, and not when it was stopped", async () => {
  const rings = alarm(20);
  const stopped = alarm(20);
  stopped.stop();
  await turn(60);
  assert.equal(rings.signal.aborted, true);
  assert.equal(rings.signal.reason.name, "TimeoutError");
  assert.equal(stopped.signal.aborted, false);
});

test("alarm(): a process that was suspended reads what has arrived before its time is up", async () => {
  const { signal, stop } = alarm(10);
  // A process that is stopped does nothing, and its clocks go on.
  const end = performance.now() + 2_100;
  while (performance.now() < end);
  await turn(20);
  assert.equal(signal.aborted, false, "one more turn");
  await turn(1_200);
  assert.equal(signal.aborted, true, "and no more than that");
  stop();
});
