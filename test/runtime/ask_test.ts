import assert from "node:assert/strict";
import { TestFolder } from "../support/folder.ts";
import { STRICT } from "../support/long.ts";
import { allRuntimes, skip } from "../support/runtimes.ts";
import { hasProgram, onTerminal } from "../support/typist.ts";
import { denoDir } from "../../scripts/deno_dir.ts";

const CLI = new URL("../../src/cli.ts", import.meta.url).pathname;
const WORKER = new URL("worker.ts", import.meta.url).pathname;

/** The answer that the worker received: its last line. */
function answersIn(shown: string): unknown {
  return JSON.parse(shown.trim().split("\r\n").at(-1) ?? "null");
}

/** A test at its own terminal. If none can be made, it is skipped, with a line that says `what`. */
function terminalTest(name: string, what: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ...STRICT,
    async fn() {
      if (!await hasProgram("python3")) return skip(what, "no python3 to make one");
      await fn();
    },
  });
}

terminalTest(
  "row 24: a prompt for a secret does not show it, and Ctrl-C cancels",
  "asking on a terminal",
  async () => {
    for (const { name, program, args } of await allRuntimes()) {
      const { shown, status, echo } = await onTerminal([
        ["User name: ", "adaX\x7f\u00e9\x1b[A\r"],
        ["Password: ", "wrong\x15s3cret word\r"],
        ["Again: ", "abc\x03"],
      ], [program, ...args, WORKER, '"ask"']);
      assert.equal(status, 0, `${name}: ${shown}`);
      assert.ok(echo, name);
      assert.deepEqual(answersIn(shown), ["ada\u00e9", "s3cret word", null, true, true]);
      const before = shown.slice(0, shown.indexOf("["));
      assert.ok(!/s3c|wro|abc/.test(before), `${name} shows what is typed: ${before}`);
      assert.ok(before.includes("User name: ada\u00e9\r\n"), before);
    }
  },
);

terminalTest(
  "a signal ends one prompt, but not the next",
  "signals at a terminal",
  async () => {
    for (const { name, program, args } of await allRuntimes()) {
      const { shown, status, echo } = await onTerminal([
        ["User name: ", { signal: "SIGINT" }],
        ["Password: ", { signal: "SIGTERM" }],
        ["Again: ", "s3cret word\r"],
      ], [program, ...args, WORKER, '"ask"']);
      assert.deepEqual([status, echo], [0, true], `${name}: ${shown}`);
      assert.deepEqual(answersIn(shown), [null, null, "s3cret word", true, true], name);
    }
  },
);

terminalTest(
  "a signal during a prompt ends the command, with echo on and the signal's exit code",
  "signals at a terminal",
  async () => {
    await using home = await TestFolder.make();
    const env = { HOME: home.path, XDG_CONFIG_HOME: home.path, DENO_DIR: await denoDir() };
    for (const { name, program, args } of await allRuntimes()) {
      for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
        const { shown, status, echo } = await onTerminal(
          [["username (for auth.spatiafi.com): ", "ada\r"], ["password (for auth.spatiafi.com): ", {
            signal,
          }]],
          [program, ...args, CLI, "login", "spatiafi"],
          { env },
        );
        assert.deepEqual([status >> 8, status & 127, echo], [code, 0, true], `${name}: ${shown}`);
        assert.match(shown, /onecell: cancelled\.\r\n$/);
      }
    }
  },
);
