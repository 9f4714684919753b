import assert from "node:assert/strict";
import { runProgram } from "../support/program.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

const PROGRAMS = [
  { name: "nothing", text: "" },
  { name: "sign in", text: "await auth.getSession('plantpredict', data);" },
  {
    name: "sign in and call",
    text: `const session = await auth.getSession('plantpredict', data);
      const response = await session.fetch('/api/info');
      await response.text();`,
  },
  {
    name: "fail",
    text: `await auth.getSession('plantpredict', { ...data, credentials: {} }).catch(() => {});`,
  },
];

test("a program ends when its work is done: no timer and no connection keeps it alive", () =>
  eachRow(PROGRAMS, async ({ text }) => {
    await using world = await createWorld("plantpredict");
    const { options, credentials, directory } = world;
    const data = { ...options, credentials };
    const started = performance.now();
    const { code, stdout, stderr } = await runProgram(text, { data, env: { HOME: directory } });
    assert.deepEqual([code, stdout, stderr], [0, "", ""]);
    assert(performance.now() - started < 8_000, "it lingered");
  }, 2));
