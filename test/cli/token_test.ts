import assert from "node:assert/strict";
import { test } from "../support/tests.ts";
import { hasProgram } from "../support/typist.ts";
import { Machine } from "./onecell.ts";

test("token prints what other tools read, with expiry", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const read = (format: string) => machine.ok(["token", "spatiafi", "--format", format]);
  const plain = (await machine.ok(["token", "spatiafi"])).trim();
  const json = JSON.parse(await read("json"));
  assert.deepEqual(Object.keys(json), ["access_token", "token_type", "expires_at", "scope"]);
  assert.equal(json.access_token, plain);
  assert(Math.abs(Date.parse(json.expires_at) - Date.now() - 900_000) < 60_000);
  assert.equal(await read("header"), `Authorization: Bearer ${plain}\n`);
  assert((await read("env")).startsWith(`SPATIAFI_ACCESS_TOKEN=${plain}\n`));
  const { status } = JSON.parse(await read("kubectl"));
  assert.deepEqual(status, { token: plain, expirationTimestamp: json.expires_at });
});

test("token --format git answers Git for the system's hosts alone", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const api = new URL(machine.sandbox.environment["SPATIAFI_API_URL"] ?? "");
  const ask = (host: string, ...more: string[]) =>
    machine.run(["token", "spatiafi", "--format", "git", ...more], {
      input: `protocol=${api.protocol.slice(0, -1)}\nhost=${host}\n`,
    });
  const token = (await machine.ok(["token", "spatiafi"])).trim();
  const answer = await ask(api.host, "get");
  assert.deepEqual([answer.code, answer.stderr], [0, ""]);
  assert.match(answer.stdout, /^username=oauth2\npassword=.*\npassword_expiry_utc=\d{10}\n$/);
  assert(answer.stdout.includes(`password=${token}\n`));

  const foreign = await ask("127.0.0.1:9", "get");
  assert.deepEqual([foreign.code, foreign.stdout], [1, ""]);
  assert.match(foreign.stderr, /not part of SpatiaFi.*--origin http:\/\/127\.0\.0\.1:9\n/);
  const allowed = await ask("127.0.0.1:9", "get", "--origin", "http://127.0.0.1:9");
  assert.equal(allowed.stdout, answer.stdout);
  for (const operation of ["store", "erase"]) {
    assert.deepEqual(await ask(api.host, operation), { code: 0, stdout: "", stderr: "" });
  }
  const unasked = await machine.run(["token", "spatiafi", "--format", "git"], { input: "" });
  assert.deepEqual([unasked.code, unasked.stdout], [2, ""]);
});

test("Git itself gets the token from the command as a credential helper", async () => {
  if (!await hasProgram("git")) return;
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const token = (await machine.ok(["token", "spatiafi"])).trim();
  const { host, protocol } = new URL(machine.sandbox.environment["SPATIAFI_API_URL"] ?? "");
  const helper = `!${
    machine.command.map((word) => `'${word}'`).join(" ")
  } token spatiafi --format git`;
  const git = new Deno.Command("git", {
    args: ["-c", "credential.helper=", "-c", `credential.helper=${helper}`, "credential", "fill"],
    clearEnv: true,
    env: machine.environment({ GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "true" }),
    cwd: machine.home.path,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = git.stdin.getWriter();
  await writer.write(
    new TextEncoder().encode(`protocol=${protocol.slice(0, -1)}\nhost=${host}\n\n`),
  );
  await writer.close();
  const { stdout, stderr } = await git.output();
  const lines = new TextDecoder().decode(stdout).split("\n");
  assert(lines.includes(`password=${token}`), new TextDecoder().decode(stderr));
  assert(lines.includes("username=oauth2"));
});

test("token --format aws exchanges the token at AWS STS for a role's keys", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const requests: { body: URLSearchParams; authorization: string | null }[] = [];
  let answer: () => Response = () => new Response("{}", { status: 500 });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body = new URLSearchParams(await request.text());
    requests.push({ body, authorization: request.headers.get("authorization") });
    return answer();
  });
  const sts = ["--sts", `http://127.0.0.1:${server.addr.port}/`];
  const role = ["--role", "arn:aws:iam::123456789012:role/reader"];
  const run = () => machine.run(["token", "spatiafi", "--format", "aws", ...role, ...sts]);
  const keys = {
    AccessKeyId: "ASIAEXAMPLE",
    SecretAccessKey: "aws-secret-key",
    SessionToken: "aws-session-token",
  };
  try {
    const assumed = (Expiration: unknown) => () =>
      Response.json({
        AssumeRoleWithWebIdentityResponse: {
          AssumeRoleWithWebIdentityResult: { Credentials: { ...keys, Expiration } },
        },
      });
    for (const expiration of [1_795_681_509, "2026-11-26T08:25:09Z"]) {
      answer = assumed(expiration);
      const { code, stdout } = await run();
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout), {
        Version: 1,
        ...keys,
        Expiration: "2026-11-26T08:25:09.000Z",
      });
    }
    const [first] = requests;
    const token = (await machine.ok(["token", "spatiafi"])).trim();
    assert.deepEqual(Object.fromEntries(first?.body ?? []), {
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: "arn:aws:iam::123456789012:role/reader",
      RoleSessionName: "onecell",
      WebIdentityToken: token,
    });
    assert.equal(first?.authorization, null, "the request is not signed");

    answer = () =>
      Response.json({ Error: { Code: "InvalidIdentityToken", Message: token } }, { status: 400 });
    const refused = await run();
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(
      refused.stderr,
      /grant_refused: AWS STS \(127.* refused the token \(InvalidIdentityToken\)/,
    );
    answer = () => new Response("<html>");
    assert.match((await run()).stderr, /bad_response: /);
    answer = assumed(undefined);
    assert.match((await run()).stderr, /bad_response: /);
  } finally {
    await server.shutdown();
  }
  assert.match((await run()).stderr, /network: AWS STS \(127.*did not answer/);
  const plain = ["token", "spatiafi", "--format", "aws", ...role, "--sts", "http://sts.example/"];
  assert.match((await machine.run(plain)).stderr, /insecure_url: /);
});

test("a token that is bound to a key is given to no other program", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { issuer, apiUrl, env } = await machine.ownSystem();
  const text = JSON.stringify({ name: "mine", issuer, apiUrl, dpop: true });
  await Deno.writeTextFile(machine.home.at("mine.json"), text);
  const own = ["--provider", "mine.json"];
  const json = JSON.parse(await machine.ok(["token", ...own, "--format", "json"], { env }));
  assert.equal(json.token_type, "DPoP");
  for (const args of [["token", ...own, "--format", "kubectl"], ["run", ...own, "--", "echo"]]) {
    const { code, stdout, stderr } = await machine.run(args, { env });
    assert.deepEqual([code, stdout], [1, ""], args.join(" "));
    assert.match(stderr, /^onecell: unsupported: mine binds its tokens to a key/);
  }
});
