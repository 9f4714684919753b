import assert from "node:assert/strict";
import { expiryText, localTime } from "../../src/base/text.ts";
import { test } from "../support/tests.ts";

const at = (day: number, hours: number, minutes: number) =>
  new Date(2026, 10, day, hours, minutes, 59, 999).getTime();

test("localTime() shows no seconds, and a date only for another day", () => {
  const now = at(26, 8, 0);
  const rows: [number, string][] = [
    [at(26, 8, 25), "08:25"],
    [at(26, 0, 5), "00:05"],
    [at(27, 7, 59), "2026-11-27 07:59"],
    [at(25, 23, 59), "2026-11-25 23:59"],
    [NaN, "at an unknown time"],
    [Infinity, "at an unknown time"],
    [9e15, "at an unknown time"],
  ];
  for (const [moment, expected] of rows) assert.equal(localTime(moment, now), expected);
});

test("expiryText() says when a token expires, and what happens then", () => {
  const now = at(26, 8, 0);
  const rows: [number, boolean, string][] = [
    [at(26, 8, 25), true, "access token expires 08:25 (renews automatically)"],
    [at(26, 8, 25), false, "access token expires 08:25 (sign in again after that)"],
    [at(26, 7, 25), true, "access token expired 07:25 (renews automatically)"],
    [at(26, 7, 25), false, "access token expired 07:25 (sign in again)"],
  ];
  for (const [expiresAt, renews, expected] of rows) {
    assert.equal(expiryText({ expiresAt, renews }, now), expected);
  }
});
