import assert from "node:assert/strict";
import { AuthError } from "../mod.ts";
import { assertHides, canary } from "./support/secrets.ts";
import { eachRow, test } from "./support/tests.ts";

test("AuthError keeps of a cause what says why, and nothing that may hold a secret", () => {
  const secret = canary();
  const request = new Request("https://a.example", {
    method: "POST",
    headers: { authorization: secret },
    body: secret,
  });
  const causes = [
    Object.assign(new Error("refused"), { code: "ECONNREFUSED", body: secret, request }),
    new Error("refused", { cause: new Error(secret) }),
    Object.assign(new TypeError("refused"), { cause: { body: secret } }),
    Object.assign(new Error("refused"), { code: { secret } }),
    { body: secret },
    request,
    [secret],
  ];
  return eachRow(
    causes.map((cause, index) => ({ name: `${index}`, cause })),
    ({ cause }) => {
      const error = new AuthError("network", "No answer.", { cause, status: 500 });
      assertHides(error, [secret], "the error");
      if (!(cause instanceof Error)) return void assert.equal(error.cause, undefined);
      const { name, message } = error.cause as Record<string, unknown>;
      assert.deepEqual([name, message], [cause.name, "refused"]);
    },
  );
});

test("AuthError has its code, its fields, and a short stack", () => {
  const inner = new AuthError("timeout", "Too slow.");
  const error = new AuthError("network", "No answer.", {
    cause: inner,
    status: 503,
    error: "server_error",
    retryAfter: 5,
  });
  assert(error instanceof Error);
  assert.equal(error.name, "AuthError");
  assert.equal(error.cause, inner);
  assert.deepEqual({ ...error }, {
    name: "AuthError",
    code: "network",
    status: 503,
    error: "server_error",
    retryAfter: 5,
  });
  assert.deepEqual(Object.keys(inner), ["name", "code"], "no empty fields");
  assert((error.stack ?? "").split("\n").length <= 4, error.stack);
});
