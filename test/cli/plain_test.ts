// deno-lint-ignore-file no-control-regex -- this tests control characters
import assert from "node:assert/strict";
import { run } from "../../src/cli/run.ts";
import { forPeople, jsonText, say } from "../../src/cli/say.ts";
import { terminalPerson } from "../../src/cli/terminal_person.ts";
import { question } from "../support/person.ts";
import { test } from "../support/tests.ts";
import { fakeHost } from "./fake_host.ts";
import { Machine } from "./onecell.ts";
import { runAtTerminal } from "./terminal.ts";

/** Clears the screen twice, reverses the text and ends the line. */
const EVIL = "\x1b[2J\x9b2J\u202e\r\n";
const STEERS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;

test("text from a server or a file does not control the terminal: messages and prompts", async () => {
  const host = fakeHost({ inputIsTerminal: true, answers: ["ada"], home: "/home/ada" });
  say(host, `${EVIL}from /home/ada/x`);
  assert.match(host.runtime.written[0] ?? "", /^onecell: +from ~\/x\n$/);
  assert.doesNotMatch(forPeople(host.runtime, EVIL), STEERS);
  const context = { host, interrupt() {}, signal: new AbortController().signal };
  assert.equal(await terminalPerson(context, {}).ask(question(`${EVIL}user`, false)), "ada");
  for (const text of host.runtime.written) assert.doesNotMatch(text.replace(/\n$/, ""), STEERS);
});

test("say() is quiet if standard error is closed", () => {
  const host = fakeHost();
  const broken = {
    ...host.runtime,
    homeDirectory: () => undefined,
    writeError: () => {
      throw new Error("closed");
    },
  };
  say({ runtime: broken }, "anything");
});

test("text from a server does not control the terminal: status line and headers of fetch", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { issuer, env } = await machine.ownSystem();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("body", { headers: { "x-evil": "a\x9b2Jb\x85c", "x-good": "d" } }),
  );
  try {
    const apiUrl = `http://127.0.0.1:${server.addr.port}/`;
    await Deno.writeTextFile(
      machine.home.at("mine.json"),
      JSON.stringify({ name: "mine", issuer, apiUrl }),
    );
    const args = ["fetch", "--provider", "mine.json", "-i", "/"];
    const [head = "", body] = (await machine.ok(args, { env })).split("\n\n");
    assert.equal(body, "body");
    assert.match(head, /^HTTP 200.*\n/);
    assert(head.includes("x-evil: a b c"), head);
    assert(head.includes("x-good: d"), head);
    assert.doesNotMatch(head, STEERS);
  } finally {
    await server.shutdown();
  }
});

test("the error for an invalid header does not repeat it, because it may hold a secret", async () => {
  for (
    const line of [
      "s3cr3t-value",
      ": s3cr3t-value",
      "bad name: s3cr3t-value",
      "x: s3cr3t-value\u20ac",
    ]
  ) {
    const host = fakeHost();
    assert.equal(await run(["fetch", "spatiafi", "/x", "-H", line], host), 2, line);
    assert.equal(host.output, "");
    assert.match(host.runtime.written.join(""), /header/);
    assert.doesNotMatch(host.runtime.written.join(""), /s3cr3t/);
  }
});

test("a body cannot control the terminal; it is unchanged in a file (trust 16)", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { issuer, env } = await machine.ownSystem();
  const body = "a\x1b[2Jb\x9b2Jc\u202ed\tü\nnext\n";
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(body),
  );
  try {
    const apiUrl = `http://127.0.0.1:${server.addr.port}/`;
    await Deno.writeTextFile(
      machine.home.at("mine.json"),
      JSON.stringify({ name: "mine", issuer, apiUrl }),
    );
    const args = ["fetch", "--provider", "mine.json", "/"];
    assert.equal(await machine.ok(args, { env }), body);
    const { screen } = await runAtTerminal(machine, args, [], { env });
    assert.match(screen, /a b c d\tü\r?\nnext/);
    assert.doesNotMatch(screen.replace(/\r\n/g, "\n"), /[\x1b\x9b\u202e]/);
  } finally {
    await server.shutdown();
  }
});

test("JSON escapes what steers a terminal, and means the same (trust 16)", () => {
  const value = {
    "a\u202e": "b\x9b2J\x1b\u200b\u2028\ufeff\u{e0041}",
    list: ["ü 🌍\n", null, 1.5],
  };
  const text = jsonText(value);
  assert.match(text, /^[\n\x20-\x7eü🌍]+\n$/u);
  assert.deepEqual(JSON.parse(text), value);
  assert.equal(jsonText({ a: [1] }), `${JSON.stringify({ a: [1] }, null, 2)}\n`);
});

test("names of files do not control the terminal: accounts and definitions (trust 16)", async () => {
  await using machine = await Machine.start({ systems: ["plantpredict"] });
  const config = machine.home.at(".config");
  const name = "\x1b]0;x\x07\x9b2Jevil\u202e";
  await Deno.mkdir(`${config}/plantpredict`, { recursive: true, mode: 0o700 });
  await Deno.mkdir(`${config}/onecell/providers`, { recursive: true, mode: 0o700 });
  for (
    const file of [
      "plantpredict/app_credentials",
      `plantpredict/app_credentials.${name}`,
      "plantpredict/app_credentials.a\u202eb",
      `onecell/providers/${name}.json`,
    ]
  ) {
    await Deno.writeTextFile(`${config}/${file}`, '{"client_id": "c"}', { mode: 0o600 });
  }
  const commands = [
    ["status"],
    ["status", "--json"],
    ["providers"],
    ["providers", "--json"],
    ["switch", "plantpredict"],
    ["switch", "plantpredict", "--json"],
    ["doctor", "plantpredict", "--json"],
    ["provider", "check", `${config}/onecell/providers/${name}.json`],
    ["login", name],
    [name],
  ];
  for (const args of commands) {
    const { stdout, stderr } = await machine.run(args);
    assert(stdout + stderr !== "", args.join(" "));
    for (const text of [stdout, stderr]) {
      assert.doesNotMatch(text.replaceAll("\n", ""), STEERS, args.join(" "));
    }
  }
});
