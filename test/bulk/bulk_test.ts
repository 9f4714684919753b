import assert from "node:assert/strict";
import { report, size } from "../support/long.ts";
import { test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

const TOTAL = size(5_000, 100_000);

test("map() makes many requests in constant memory, renews the token, and loses none", async () => {
  await using world = await createWorld("plantpredict", { tokenLifetime: 1 });
  const { sandbox, options, credentials } = world;
  const task = { total: TOTAL, provider: "plantpredict", options: { ...options, credentials } };
  const began = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--v8-flags=--expose-gc",
      new URL("./bulk_worker.ts", import.meta.url).href,
      JSON.stringify(task),
    ],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const seconds = (performance.now() - began) / 1000;
  const told = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, number>;
  assert.equal(told["results"], TOTAL);
  assert.equal(told["wrong"], 0, "results out of order");
  assert.equal(sandbox.count("plantpredict.api.200"), TOTAL);
  // Only requests with an expired token may have been sent twice.
  const refused = sandbox.count("plantpredict.api.401");
  assert.equal(sandbox.count("plantpredict.api"), TOTAL + refused);
  const renewals = sandbox.count("plantpredict.token");
  assert(renewals > 2, `the token lived too long for this test: ${renewals}`);
  assert(renewals <= 2 * seconds + 2, `${renewals} renewals in ${seconds} s`);
  const { atStart = 0, atEnd = Infinity } = told;
  report(`${TOTAL} requests in ${seconds.toFixed(1)} s, ${renewals} tokens, ${refused} refused`);
  report(`heap ${(atStart / 1e6).toFixed(1)} MB after a fifth, ${(atEnd / 1e6).toFixed(1)} MB`);
  assert(atStart > 1e6, "the heap was not measured");
  assert(atEnd < atStart * 1.25 + 1e6, `the heap grew from ${atStart} to ${atEnd} bytes`);
  assert.deepEqual(sandbox.errors, []);
});
