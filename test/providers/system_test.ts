import assert from "node:assert/strict";
import { joinUrl } from "../../src/providers/system.ts";
import { test } from "../support/tests.ts";

test("joinUrl() puts a path below a base that has one of its own", () => {
  assert.equal(joinUrl("https://a.example/tenant", "/token"), "https://a.example/tenant/token");
  assert.equal(joinUrl("https://a.example/tenant//", "/token"), "https://a.example/tenant/token");
  assert.equal(joinUrl("https://a.example", "https://b.example/x"), "https://b.example/x");
});
