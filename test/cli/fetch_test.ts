import assert from "node:assert/strict";
import { allRuntimes, skip } from "../support/runtimes.ts";
import { test } from "../support/tests.ts";
import { Machine } from "./onecell.ts";

test("fetch sends the given request and prints the body of the response", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox, home } = machine;
  await machine.login();
  const api = sandbox.environment["SPATIAFI_API_URL"] ?? "";
  const json = async (...args: string[]) => JSON.parse(await machine.ok(["fetch", ...args]));

  assert.equal((await json("spatiafi", "/api/info?item_id=7")).item_id, "7");
  assert.equal((await json(`${api}/api/info?item_id=8`)).item_id, "8", "the URL tells the system");

  const posted = await json(
    "spatiafi",
    "/api/echo",
    "-d",
    '{"a":1}',
    "-H",
    "x-one: 1",
    "-Hx-two:2",
  );
  assert.deepEqual([posted.method, posted.body, posted.content_type], [
    "POST",
    '{"a":1}',
    "application/json",
  ]);
  assert(posted.headers.includes("x-one") && posted.headers.includes("x-two"));
  const form = await json("spatiafi", "/api/echo", "-X", "put", "--data", "a=1&b=2");
  assert.deepEqual([form.method, form.content_type], ["PUT", "application/x-www-form-urlencoded"]);

  await Deno.writeTextFile(home.at("body.csv"), "a,b\n");
  const file = await json(
    "spatiafi",
    "/api/echo",
    "-d",
    "@body.csv",
    "-H",
    "content-type: text/csv",
  );
  assert.deepEqual([file.body, file.content_type], ["a,b\n", "text/csv"]);
  const piped = await machine.ok(["fetch", "spatiafi", "/api/echo", "-d@-"], { input: "[1]" });
  assert.equal(JSON.parse(piped).body, "[1]");

  assert.equal(await machine.ok(["fetch", "spatiafi", "/api/big?n=300000", "-o", "big"]), "");
  assert.equal((await Deno.readTextFile(home.at("big"))).length, 300_000);
  assert.equal((await json("spatiafi", "/api/info?item_id=9", "-o", "-")).item_id, "9");
  await assert.rejects(Deno.lstat(home.at("-")), Deno.errors.NotFound);

  const whole = await machine.ok(["fetch", "-i", "spatiafi", "/api/info?item_id=9"]);
  const [head = "", body = ""] = whole.split("\n\n");
  assert.match(head, /^HTTP 200 OK\n(.*\n)*content-type: application\/json/);
  assert.equal(JSON.parse(body).item_id, "9");
  assert.equal(sandbox.count("spatiafi.token"), 1, "one session for all of them");
});

test("fetch reports an HTTP error in its exit code and prints its body", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const { code, stdout, stderr } = await machine.run(["fetch", "spatiafi", "/api/status/404"]);
  assert.deepEqual([code, JSON.parse(stdout), stderr], [
    1,
    { status: 404 },
    "onecell: api_error: SpatiaFi returned HTTP 404.\n",
  ]);
});

test("fetch sends the token to no other host, and says how to allow one", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox } = machine;
  await machine.login();
  const control = sandbox.environment["SANDBOX_CONTROL_URL"] ?? "";
  const foreign = await machine.run(["fetch", "spatiafi", `${control}/echo`]);
  assert.deepEqual([foreign.code, foreign.stdout], [1, ""]);
  assert.match(foreign.stderr, /onecell: foreign_origin: .*For this command: --origin http:/);
  assert.equal(sandbox.count("control.echo"), 0);
  const allowed = await machine.ok(["fetch", "spatiafi", `${control}/echo`, "--origin", control]);
  assert(JSON.parse(allowed).headers.includes("authorization"));
  const unknown = await machine.run(["fetch", `${control}/echo`]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /belongs to no known system/);
});

test("fetch explains a URL without a scheme like other invalid URLs", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const args = ["fetch", "spatiafi", "--api-url", "https://api.example/", "//other.example/x"];
  const { code, stderr } = await machine.run(args);
  assert.equal(code, 1);
  assert.match(stderr, /^onecell: foreign_origin: .*--origin https:\/\/other\.example\n/);
});

test("fetch is quiet if its output is closed, and names a file that cannot be read", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const quote = (word: string) => `'${word}'`;
  const line = [...machine.command, "fetch", "spatiafi", "/api/big?n=50000000"].map(quote).join(
    " ",
  );
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `${line} | head -c 5; echo " \${PIPESTATUS[0]}"`],
    clearEnv: true,
    env: machine.environment(),
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "xxxxx 0\n");
  assert.equal(new TextDecoder().decode(stderr), "");

  const rows: [string[], RegExp][] = [
    [["-d", "@none"], /"none" cannot be read: it does not exist/],
    [["-d", "@."], /"\." cannot be read: it is a folder/],
    [["-o", "no/such/folder"], /cannot be written: it does not exist/],
  ];
  for (const [args, expected] of rows) {
    const { code, stdout, stderr } = await machine.run(["fetch", "spatiafi", "/api/echo", ...args]);
    assert.deepEqual([code, stdout], [1, ""], args.join(" "));
    assert.match(stderr, expected);
  }
});

test("a full disk is reported in every runtime", async () => {
  if (Deno.build.os !== "linux") return skip("a full disk", "/dev/full is Linux's");
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const full = "onecell: Cannot write the output: " +
    "no space is left there; make room, or write it elsewhere.\n";
  for (const runtime of await allRuntimes()) {
    const fetched = await machine.run(["fetch", "spatiafi", "/api/info", "-o", "/dev/full"], {
      runtime,
    });
    assert.deepEqual(fetched, { code: 1, stdout: "", stderr: full }, runtime.name);
    const words = machine.commandIn(runtime).map((word) => `'${word}'`).join(" ");
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", `${words} status --json > /dev/full`],
      clearEnv: true,
      env: machine.environment(),
    }).output();
    assert.deepEqual([code, new TextDecoder().decode(stderr)], [1, full], runtime.name);
  }
});

test("Ctrl-C ends a request at once with exit code 130", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox } = machine;
  await machine.login();
  let began = 0;
  const { code, stdout, stderr } = await machine.run(["fetch", "spatiafi", "/api/slow?ms=20000"], {
    started: async (process) => {
      while (sandbox.count("spatiafi.api") === 0) await new Promise((done) => setTimeout(done, 20));
      await new Promise((done) => setTimeout(done, 100));
      began = performance.now();
      process.kill("SIGINT");
    },
  });
  assert.deepEqual([code, stdout, stderr], [130, "", "onecell: cancelled.\n"]);
  assert(performance.now() - began < 3000, "it took too long to stop");
});
