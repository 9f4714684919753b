import assert from "node:assert/strict";
import { test } from "../support/tests.ts";
import { Machine } from "./onecell.ts";

test("--verbose shows each request without its secrets", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox } = machine;
  const [user] = sandbox.users;
  const auth = sandbox.environment["SPATIAFI_AUTH_URL"];
  const api = sandbox.environment["SPATIAFI_API_URL"];
  const login = ["login", "spatiafi", "-v", "-u", user?.username ?? "", "--password-stdin"];
  const signedIn = await machine.run(login, { input: `${user?.password}\n` });
  assert.equal(signedIn.code, 0);
  const lines = signedIn.stderr.trim().split("\n");
  assert(lines.length >= 3, signedIn.stderr);
  for (const line of lines) {
    assert.match(line, /^onecell: (GET|POST) http:\/\/127\.0\.0\.1:\d+\/[\w/]* 2\d\d, \d+ ms$/);
  }
  assert(lines.some((line) => line.startsWith(`onecell: POST ${auth}/api/v1/auth/jwt/token 200`)));

  machine.secrets.add("in-the-query");
  const fetched = await machine.run([
    "fetch",
    "spatiafi",
    "/api/info?item_id=in-the-query#in-the-query",
    "--verbose",
    "-o",
    machine.home.at("body"),
  ]);
  assert.deepEqual([fetched.code, fetched.stdout], [0, ""]);
  assert.match(fetched.stderr, new RegExp(`^onecell: GET ${api}/api/info 200, \\d+ ms\n$`));

  const posted = await machine.run(["fetch", "spatiafi", "/api/echo", "-v", "-d", "[1]"]);
  assert.equal(JSON.parse(posted.stdout).body, "[1]");
  assert.match(posted.stderr, /^onecell: POST .*\/api\/echo 200, \d+ ms\n$/);
  const head = await machine.run(["fetch", "spatiafi", "/api/info", "-v", "-X", "HEAD"]);
  assert.match(head.stderr, /^onecell: HEAD .* \d+ ms\n/);

  sandbox.fault("spatiafi.api", "reset", 9);
  const broken = await machine.run(["fetch", "spatiafi", "/api/echo", "-v", "-d", "[1]"]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /^onecell: POST .*\/api\/echo no response, \d+ ms\n/);
});
