import assert from "node:assert/strict";
import { AuthError } from "../../src/errors.ts";
import { abortReason, backoff, pause, retryAfter } from "../../src/http/retry.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

test("retryAfter() reads seconds and dates, and nothing else", () =>
  eachRow([
    { name: "5", seconds: 5 },
    { name: " 5 ", seconds: 5 },
    { name: "0", seconds: 0 },
    { name: "999999999", seconds: 999_999_999 },
    { name: "Thu, 01 Jan 2026 12:00:30 GMT", seconds: 30 },
    { name: "Thu, 01 Jan 2026 11:00:00 GMT", seconds: 0 },
    { name: "Thursday, 01-Jan-26 12:01:00 GMT", seconds: 60 },
    { name: "", seconds: undefined },
    { name: "soon", seconds: undefined },
    { name: "-1x", seconds: undefined },
    { name: "99999999999999999999", seconds: undefined },
  ], ({ name, seconds }) => {
    assert.equal(retryAfter(new Headers({ "retry-after": name }), NOW), seconds);
  }));

test("backoff() obeys the server up to a minute, and grows by itself", () => {
  assert.equal(backoff(1, 0), 0);
  assert.equal(backoff(3, 60), 60_000);
  assert.equal(backoff(1, 61), null);
  for (const [attempt, middle] of [[1, 250], [2, 500], [3, 1000]] as const) {
    for (let turn = 0; turn < 50; turn++) {
      const wait = backoff(attempt, undefined) ?? NaN;
      assert(wait >= middle * 0.75 && wait <= middle * 1.25, `${attempt}: ${wait}`);
    }
  }
});

test("pause() ends early with its signal, before and while it waits", async () => {
  await pause(1);
  await rejects(pause(60_000, AbortSignal.abort()), "aborted");
  const controller = new AbortController();
  const waiting = rejects(pause(60_000, controller.signal), "aborted");
  controller.abort();
  await waiting;
});

test("abortReason() tells a stop from a timeout, and keeps an AuthError", () => {
  assert.equal(abortReason(AbortSignal.abort(new Error("x"))).code, "aborted");
  assert.equal(abortReason(AbortSignal.abort("x")).code, "aborted");
  const timeout = new DOMException("over", "TimeoutError");
  assert.equal(abortReason(AbortSignal.abort(timeout)).code, "timeout");
  const own = new AuthError("cancelled", "x");
  assert.equal(abortReason(AbortSignal.abort(own)), own);
});
