import assert from "node:assert/strict";
import { abortReason, AuthError } from "../../src/errors.ts";
import { pause } from "../../src/base/wait.ts";
import { backoff, retryAfter } from "../../src/http/failure.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

test("retryAfter() reads only seconds and dates", () =>
  eachRow([
    { name: "5", seconds: 5 },
    { name: " 5 ", seconds: 5 },
    { name: "0", seconds: 0 },
    { name: "999999999", seconds: 999_999_999 },
    { name: "Thu, 01 Jan 2026 12:00:30 GMT", seconds: 30 },
    { name: "Thu, 01 Jan 2026 11:00:00 GMT", seconds: 0 },
    { name: "Thursday, 01-Jan-26 12:01:00 GMT", seconds: 60 },
    // Fractions of a second: RateLimit middleware of several frameworks (wild.md F).
    { name: "1.5", seconds: 1.5 },
    { name: "0.25", seconds: 0.25 },
    // The asctime form has no zone and is GMT (RFC 9110 section 5.6.7).
    { name: "Thu Jan  1 12:00:30 2026", seconds: 30 },
    { name: "Thu, 1 Jan 2026 12:00:30 UTC", seconds: 30 },
    { name: "Thu, 01 Jan 2026 14:00:30 +0200", seconds: 30 },
    { name: "2026-01-01T12:00:30Z", seconds: 30 },
    { name: "2026-01-01T12:00:30", seconds: 30 },
    { name: "1.5.2", seconds: undefined },
    { name: "2001", seconds: 2001 },
    { name: "May", seconds: undefined },
    { name: "1e3", seconds: undefined },
    { name: "", seconds: undefined },
    { name: "soon", seconds: undefined },
    { name: "-1x", seconds: undefined },
    { name: "99999999999999999999", seconds: undefined },
  ], ({ name, seconds }) => {
    assert.equal(retryAfter(new Headers({ "retry-after": name }), NOW), seconds);
  }));

test("backoff() follows the server for up to a minute, and otherwise grows", () => {
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

test("pause() ends early with its signal, before and during the wait", async () => {
  await pause(1);
  await rejects(pause(60_000, AbortSignal.abort()), "aborted");
  const controller = new AbortController();
  const waiting = rejects(pause(60_000, controller.signal), "aborted");
  controller.abort();
  await waiting;
});

test("abortReason() distinguishes a stop from a timeout, and keeps an AuthError", () => {
  assert.equal(abortReason(AbortSignal.abort(new Error("x"))).code, "aborted");
  assert.equal(abortReason(AbortSignal.abort("x")).code, "aborted");
  const timeout = new DOMException("over", "TimeoutError");
  assert.equal(abortReason(AbortSignal.abort(timeout)).code, "timeout");
  const reason = { mine: true };
  assert.equal(abortReason(AbortSignal.abort(reason)).cause, reason);
  assert.equal(abortReason(AbortSignal.abort(timeout)).cause, timeout);
  const own = new AuthError("cancelled", "x");
  assert.equal(abortReason(AbortSignal.abort(own)), own);
});
