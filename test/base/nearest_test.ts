import assert from "node:assert/strict";
import { didYouMean, nearest } from "../../src/base/text.ts";
import { test } from "../support/tests.ts";

test("nearest() suggests for small mistakes only", () => {
  const names = ["login", "logout", "status", "token", "completions"];
  const rows: [string, string | undefined][] = [
    ["logn", "login"],
    ["lgoin", "login"],
    ["LOGIN", "login"],
    ["comp", "completions"],
    ["stat", "status"],
    ["x", undefined],
    ["tokenize-all", undefined],
    ["", undefined],
  ];
  for (const [word, expected] of rows) assert.equal(nearest(word, names), expected, word);
  assert.equal(didYouMean("zzz", names), "");
});
