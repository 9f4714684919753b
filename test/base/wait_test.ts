import assert from "node:assert/strict";
import { AuthError } from "../../src/errors.ts";
import { abortable, deadline, pause, timer } from "../../src/base/wait.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";

test("pause() ends when the signal says so, and leaves no timer behind", async () => {
  await pause(1);
  await rejects(pause(60_000, AbortSignal.abort()), "aborted");
  await rejects(pause(60_000, AbortSignal.timeout(5)), "timeout");
  const stop = new AbortController();
  const waiting = rejects(pause(Infinity, stop.signal), "cancelled");
  stop.abort(new AuthError("cancelled", "mine"));
  await waiting;
});

test("timer() does not ring at once for more than 31 bits", async () => {
  let rung = false;
  const stop = timer(2 ** 31 + 5, () => rung = true);
  await pause(20);
  stop();
  assert.equal(rung, false);
});

test("abortable() stops the wait, not the work", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const stop = new AbortController();
  const stopped = rejects(abortable(promise, stop.signal), "aborted");
  const patient = abortable(promise, new AbortController().signal);
  stop.abort();
  await stopped;
  resolve(7);
  assert.equal(await patient, 7);
  await rejects(abortable(promise, AbortSignal.abort()), "aborted");
  await assert.rejects(abortable(Promise.reject(new RangeError("mine")), undefined), RangeError);
});

test("deadline(): a response that arrived while the machine slept counts", async () => {
  assert.equal(await deadline(Promise.resolve(1), 1000, () => new Error("late")), 1);
  await assert.rejects(
    deadline(new Promise(() => {}), 5, () => new RangeError("late")),
    RangeError,
  );
  const answer = new Promise((resolve) => setTimeout(() => resolve("answer"), 10));
  const outcome = deadline(answer, 5, () => new Error("late"));
  // The process is stopped past both times. The alarm rings first, but the response is already there.
  for (const end = performance.now() + 40; performance.now() < end;);
  assert.equal(await outcome, "answer");
});
