import assert from "node:assert/strict";
import { BODY_LIMIT, readCapped } from "../../src/http/token_fetch.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";

test("readCapped() reads up to a megabyte, and counts bytes instead of trusting a header", async () => {
  assert.equal(await readCapped(new Response("ü"), "the server"), "ü");
  assert.equal(await readCapped(new Response(null, { status: 204 }), "the server"), "");
  const largest = await readCapped(new Response("x".repeat(BODY_LIMIT)), "the server");
  assert.equal(largest.length, BODY_LIMIT);
  const headers = { "content-length": "5" };
  const larger = new Response("x".repeat(BODY_LIMIT + 1), { headers });
  await rejects(readCapped(larger, "the server"), "bad_response", /larger than 1 MB/);
});
