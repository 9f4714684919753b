import assert from "node:assert/strict";
import { STRICT } from "../support/long.ts";
import { allRuntimes, skip } from "../support/runtimes.ts";

const WORKER = new URL("worker.ts", import.meta.url).pathname;
const TYPIST = new URL("type_answers.py", import.meta.url).pathname;

async function onTerminal(steps: [string, string][], program: string[]) {
  const { stdout } = await new Deno.Command("python3", {
    args: [TYPIST, JSON.stringify(steps), ...program],
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const { shown, status } = JSON.parse(text) as { shown: string; status: number };
  const lines = shown.trim().split("\r\n");
  return { shown, status, answers: JSON.parse(lines.at(-1) ?? "null") };
}

Deno.test({
  name: "row 24: a secret is asked for without showing it, and Ctrl-C cancels",
  ...STRICT,
  async fn() {
    if (!await hasPython()) return skip("asking on a terminal", "no python3 to make one");
    for (const { name, program, args } of await allRuntimes()) {
      const { shown, status, answers } = await onTerminal([
        ["User name: ", "adaX\x7f\u00e9\x1b[A\r"],
        ["Password: ", "wrong\x15s3cret word\r"],
        ["Again: ", "abc\x03"],
      ], [program, ...args, WORKER, '"ask"']);
      assert.equal(status, 0, `${name}: ${shown}`);
      assert.deepEqual(answers, ["ada\u00e9", "s3cret word", null, true, true]);
      const before = shown.slice(0, shown.indexOf("["));
      assert.ok(!/s3c|wro|abc/.test(before), `${name} shows what is typed: ${before}`);
      assert.ok(before.includes("User name: ada\u00e9\r\n"), before);
    }
  },
});

async function hasPython(): Promise<boolean> {
  return await new Deno.Command("python3", { args: ["--version"], stdout: "null" }).output()
    .then(({ success }) => success, () => false);
}
