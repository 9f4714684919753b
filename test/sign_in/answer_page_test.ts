import assert from "node:assert/strict";
import { answerPage, forwardTo } from "../../src/sign_in/answer_page.ts";
import { eachRow, test } from "../support/tests.ts";

test("the pages on this machine cannot be framed, sniffed or stored, and run no script (trust 22)", () =>
  eachRow([
    { name: "signed in", answer: answerPage(200, "You're signed in", "Go back.") },
    { name: "the way on", answer: forwardTo("https://login.example/authorize?state=s") },
  ], async ({ answer }) => {
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert(policy.includes("frame-ancestors 'none'"), policy);
    assert(policy.includes("default-src 'none'"), policy);
    assert(!policy.includes("script-src"), policy);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert(!/<script|\son\w+=|https?:/i.test(await answer.text()));
  }));
