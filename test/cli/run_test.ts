import assert from "node:assert/strict";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/run.ts";
import { terminalPerson } from "../../src/cli/terminal_person.ts";
import { providers } from "../../src/providers/registry.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { fakeHost } from "./fake_host.ts";
import { question } from "../support/person.ts";

test("help lists every command, and each command's help lists its options", async () => {
  const host = fakeHost();
  assert.equal(await run(["help"], host), 0);
  for (const { name, summary } of commands) {
    assert(host.output.includes(name) && host.output.includes(summary));
  }
  const same = fakeHost();
  assert.equal(await run(["--help"], same), 0);
  assert.equal(same.output, host.output);
  for (const command of commands) {
    for (const line of [["help", command.name], [command.name, "--help"], [command.name, "-h"]]) {
      const own = fakeHost();
      assert.equal(await run(line, own), 0, line.join(" "));
      assert(own.output.includes(`onecell ${command.name}`));
      for (const option of Object.keys(command.options)) assert(own.output.includes(`--${option}`));
      const widest = Math.max(...own.output.split("\n").map((text) => text.length));
      assert(widest <= 100, `${command.name}: ${widest} characters`);
      assert.deepEqual(own.runtime.written, []);
    }
  }
});

test("help groups the options for a user's own system", async () => {
  const host = fakeHost();
  await run(["help", "logout"], host);
  const [ours = "", own = ""] = host.output.split("\nFor a system of your own:\n");
  const names = own.split("\n").flatMap((line) => /^ +(--[a-z-]+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(names, [
    "--provider",
    "--issuer",
    "--auth-url",
    "--api-url",
    "--grant",
    "--client-authentication",
  ]);
  assert.match(ours, /--all /);
  assert.doesNotMatch(ours, /--issuer/);
  const scan = fakeHost();
  await run(["help", "scan"], scan);
  assert(!scan.output.includes("For a system of your own"));
  const usage = fakeHost();
  await run(["help", "run"], usage);
  assert.match(usage.output, /^Usage: onecell run SYSTEM \[OPTIONS\] -- COMMAND\.\.\.$/m);
});

test("usage errors go to standard error, with exit code 2", async () => {
  for (
    const line of ["", "frobnicate", "-x", "login --nope", "help frobnicate", "completions csh"]
  ) {
    const host = fakeHost();
    assert.equal(await run(line.split(" ").filter(Boolean), host), 2, line);
    assert.equal(host.output, "");
    assert.match(host.runtime.written.join(""), /onecell/);
  }
  const host = fakeHost();
  await run(["status", "--jsno"], host);
  assert.deepEqual(host.runtime.written, [
    'onecell: Unknown option --jsno. Did you mean "--json"?\n',
    "onecell: See: onecell help status\n",
  ]);
});

test("an AuthError prints its code and message on standard error, with exit code 1", async () => {
  const host = fakeHost();
  assert.equal(await run(["doctor", "spatiafy"], host), 1);
  assert.equal(host.output, "");
  assert.deepEqual(host.runtime.written, [
    'onecell: unknown_provider: There is no system called "spatiafy". Did you mean "spatiafi"?\n',
  ]);
  const other = fakeHost();
  assert.equal(await run(["token", "frobnicate"], other), 1);
  assert.match(
    other.runtime.written.join(),
    /unknown_provider: .*Known: spatiafi, .*--provider FILE/,
  );
});

test("a user's own system needs all of its options", async () => {
  const rows: [string, number, RegExp][] = [
    ["token mine --issuer https://login.example.com", 2, /both --issuer and --api-url/],
    ["token mine --api-url https://api.example.com", 2, /both --issuer and --api-url/],
    ["token mine --grant password", 2, /both --issuer and --api-url/],
    ["token spatiafi --grant password", 2, /spatiafi is a known one/],
    ["token", 2, /Name the system: onecell token SYSTEM\. Known: spatiafi, /],
    ["token Mine --issuer https://a.example --api-url https://b.example", 1, /invalid_argument/],
    ["token mine --issuer http://a.example --api-url https://b.example", 1, /insecure_url/],
    ["fetch /api/info", 2, /Name the system that "\/api\/info" belongs to/],
    ["fetch spatiafi", 2, /Give one URL/],
    ["fetch spatiafi /a -X GET -d x", 2, /A GET request cannot have a body/],
    ["fetch spatiafi /a -H nonsense", 2, /'Name: value'/],
    ["fetch spatiafi /a -H x:é€", 2, /Latin-1/],
    ["token spatiafi get", 2, /Unexpected argument "get"/],
    ["token spatiafi fill --format git", 2, /Unexpected argument "fill"/],
    ["token spatiafi --format aws", 2, /needs the role to assume: --role ARN/],
    ["token spatiafi --role arn", 2, /--role and --sts are for --format aws/],
    ["token spatiafi --format jsn", 2, /Did you mean "json"\?/],
    ["run spatiafi ls", 2, /Put the command after --/],
    ["run spatiafi --", 2, /Put the command after --/],
    ["run spatiafi ocs -- ls", 2, /Unexpected argument "ocs"/],
    ["run -- ls", 2, /Name the system: onecell run SYSTEM/],
    ["logout spatiafi --provider mine.json --forget", 2, /both name a system/],
    ["status spatiafi --provider mine.json", 2, /both name a system/],
    ["token --provider mine.json --grant password", 2, /--grant belongs in mine\.json/],
    ["logout spatiafi --directory=", 2, /--directory is empty/],
    ["status --directory=", 2, /--directory is empty/],
  ];
  for (const [line, code, expected] of rows) {
    const host = fakeHost();
    assert.equal(await run(line.split(" "), host), code, line);
    assert.match(host.runtime.written.join(""), expected);
  }
});

test("colours appear only on a terminal that wants them", async () => {
  const rows: [Parameters<typeof fakeHost>[0], boolean][] = [
    [{}, false],
    [{ outputIsTerminal: true }, true],
    [{ outputIsTerminal: true, environment: { NO_COLOR: "1" } }, false],
    [{ outputIsTerminal: true, environment: { NO_COLOR: "" } }, true],
    [{ outputIsTerminal: true, environment: { TERM: "dumb" } }, false],
  ];
  for (const [options, coloured] of rows) {
    const host = fakeHost(options);
    await run(["providers"], host);
    assert.equal(host.output.includes("\x1b["), coloured, JSON.stringify(options));
  }
});

test("a closed pipe is not an error and prints nothing", async () => {
  const host = fakeHost({ broken: true });
  assert.equal(await run(["providers"], host), 0);
  assert.deepEqual(host.runtime.written, []);
});

test("no listener is left behind", async () => {
  for (const line of [["providers"], ["frobnicate"], ["token", "nope"]]) {
    const host = fakeHost();
    await run(line, host);
    assert.equal(host.runtime.listeners.size, 0);
  }
});

test("a stopped command does not prompt afterwards", async () => {
  const host = fakeHost({ inputIsTerminal: true, answers: ["ada"] });
  const stopped = { host, interrupt() {}, signal: AbortSignal.abort() };
  await rejects(terminalPerson(stopped, {}).ask(question("user name", false)), "aborted");
  assert.deepEqual(host.runtime.written, []);
});

test("providers --json has the same members for every system", async () => {
  const host = fakeHost();
  assert.equal(await run(["providers", "--json"], host), 0);
  const list = JSON.parse(host.output) as Record<string, unknown>[];
  assert.deepEqual(list.map(({ name }) => name), providers.map(({ name }) => name));
  for (const system of list) {
    assert.deepEqual(Object.keys(system), ["name", "title", "grant", "apiUrl", "documentation"]);
  }
});
