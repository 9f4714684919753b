import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { type Command, UsageError } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { parse } from "../../src/cli/parse.ts";
import { findCommand } from "../../src/cli/help.ts";
import { VERSION } from "../../src/cli/version.ts";
import { test } from "../support/tests.ts";

const read = (line: string) => {
  const [name = "", ...args] = line.split(" ");
  const { texts, flags, words } = parse(findCommand(commands, name), args);
  return { texts, flags: [...flags].sort(), words };
};

test("parse() reads words, flags and values, short and long, in any position", () => {
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
  const run = parse(findCommand(commands, "run"), "spatiafi -v -- curl -H @- --verbose".split(" "));
  assert.deepEqual([run.before, run.words], [1, ["spatiafi", "curl", "-H", "@-", "--verbose"]]);
  assert.deepEqual([...run.flags], ["verbose"]);
  // Help is shown even if arguments are missing.
  assert.deepEqual(read("import --help").flags, ["help"]);
});

test("parse() says what is wrong and suggests the nearest word", () => {
  const rows: [string, RegExp][] = [
    [
      "login --sesion-key a spatiafi",
      /Unknown option --sesion-key\. Did you mean "--session-key"\?/,
    ],
    ["login --session_key=a spatiafi", /Did you mean "--session-key"\?/],
    ["login -z spatiafi", /Unknown option -z\.$/],
    ["login --constructor spatiafi", /Unknown option --constructor\./],
    ["login --force=yes spatiafi", /--force does not take a value/],
    ["login --user", /--user needs a value: --user NAME/],
    ["login --user --force spatiafi", /--user needs a value/],
    ["login --user a --user b spatiafi", /--user can only be given once/],
    ["login --method devise spatiafi", /browser, device, paste\. Did you mean "device"\?/],
    ["login spatiafi ocs", /Unexpected argument "ocs"\. Usage: onecell login SYSTEM/],
    ["providers all", /Unexpected argument "all"\. Usage: onecell providers$/],
    ["scan", /Missing argument\. Usage: onecell scan FILE/],
    ["import", /Missing argument\. Usage: onecell import SYSTEM FILE/],
    ["lgoin", /Unknown command "lgoin"\. Did you mean "login"\?/],
    ["tokens", /Did you mean "token"\?/],
    ["frobnicate", /Unknown command "frobnicate"\.$/],
  ];
  for (const [line, expected] of rows) {
    assert.throws(() => read(line), (error) => {
      assert(error instanceof UsageError, line);
      assert.match(error.message, expected);
      return true;
    });
  }
});

test("the table of commands is in order", () => {
  const names = new Set(commands.map(({ name }) => name));
  assert.equal(names.size, commands.length);
  for (
    const name of [
      "login",
      "status",
      "token",
      "run",
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
