import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { type Command, UsageError } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { didYouMean, nearest } from "../../src/cli/nearest.ts";
import { parse } from "../../src/cli/parse.ts";
import { findCommand } from "../../src/cli/show_help.ts";
import { VERSION } from "../../src/cli/version.ts";
import { test } from "../support/tests.ts";

const read = (line: string) => {
  const [name = "", ...args] = line.split(" ");
  const { texts, flags, words } = parse(findCommand(name), args);
  return { texts, flags: [...flags].sort(), words };
};

test("parse() reads words, flags and values, short and long, wherever they stand", () => {
  assert.deepEqual(read("login spatiafi -f --user ada --no-input"), {
    texts: { user: ["ada"] },
    flags: ["force", "no-input"],
    words: ["spatiafi"],
  });
  assert.deepEqual(read("fetch -XPOST -d {} -H a:1 spatiafi --header=b:2 /x -io out"), {
    texts: { request: ["POST"], data: ["{}"], header: ["a:1", "b:2"], output: ["out"] },
    flags: ["include"],
    words: ["spatiafi", "/x"],
  });
  assert.deepEqual(read("scan -- -a.ipynb --json").words, ["-a.ipynb", "--json"]);
  assert.deepEqual(read("fetch /x -d -").texts["data"], ["-"]);
  assert.deepEqual(read("fetch /x --data=-5").texts["data"], ["-5"]);
  // Help is shown whatever else is missing.
  assert.deepEqual(read("import --help").flags, ["help"]);
});

test("parse() says what is wrong, and what was perhaps meant", () => {
  const rows: [string, RegExp][] = [
    ["login --sesion-key a spatiafi", /no option --sesion-key\. Did you mean "--session-key"\?/],
    ["login --session_key=a spatiafi", /Did you mean "--session-key"\?/],
    ["login -z spatiafi", /no option -z\.$/],
    ["login --constructor spatiafi", /no option --constructor\./],
    ["login --force=yes spatiafi", /--force takes no value/],
    ["login --user", /--user needs a value: --user NAME/],
    ["login --user --force spatiafi", /--user needs a value/],
    ["login --user a --user b spatiafi", /--user is given twice/],
    ["login --method devise spatiafi", /loopback, device, paste\. Did you mean "device"\?/],
    ["login spatiafi ocs", /"ocs" is too much: onecell login PROVIDER/],
    ["providers all", /"all" is too much: onecell providers$/],
    ["scan", /Something is missing: onecell scan FILE/],
    ["import", /Something is missing: onecell import PROVIDER FILE/],
    ["lgoin", /no command "lgoin"\. Did you mean "login"\?/],
    ["tokens", /Did you mean "token"\?/],
    ["frobnicate", /no command "frobnicate"\.$/],
  ];
  for (const [line, expected] of rows) {
    assert.throws(() => read(line), (error) => {
      assert(error instanceof UsageError, line);
      assert.match(error.message, expected);
      return true;
    });
  }
});

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

test("the table of commands is in order", () => {
  const names = new Set(commands.map(({ name }) => name));
  assert.equal(names.size, commands.length);
  for (
    const name of [
      "login",
      "status",
      "token",
      "fetch",
      "logout",
      "providers",
      "import",
      "doctor",
      "scan",
      "completions",
      "help",
    ]
  ) assert(names.has(name), name);
  const each = (check: (command: Command) => void) => commands.forEach(check);
  each(({ name, options }) => {
    const letters = Object.values(options).flatMap(({ short }) => short ?? []);
    assert.equal(new Set(letters).size, letters.length, `${name}: a letter twice`);
    assert(!letters.includes("h"), `${name}: -h is help`);
    for (const [option, { type, help, value }] of Object.entries(options)) {
      assert.match(option, /^[a-z][a-z-]*$/);
      assert(help !== "" && !help.includes("'") || option === "header", `${name} --${option}`);
      assert.equal(type === "string", value !== undefined, `${name} --${option}`);
    }
  });
  assert.equal(VERSION, config.version);
});

test("every command can be loaded", async () => {
  for (const command of commands) assert.equal(typeof await command.load(), "function");
});
