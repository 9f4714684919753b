import assert from "node:assert/strict";
import { joinUrl } from "../../src/providers/system.ts";
import { test } from "../support/tests.ts";

test("joinUrl() joins a path with a base that has a path", () => {
  assert.equal(joinUrl("https://a.example/tenant", "/token"), "https://a.example/tenant/token");
  assert.equal(joinUrl("https://a.example/tenant//", "/token"), "https://a.example/tenant/token");
  assert.equal(joinUrl("https://a.example", "https://b.example/x"), "https://b.example/x");
});
