import assert from "node:assert/strict";
import { test } from "../support/tests.ts";
import { hasProgram } from "../support/typist.ts";
import { Machine } from "./onecell.ts";

test("token prints the formats of other tools, with expiry", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const read = (format: string) => machine.ok(["token", "spatiafi", "--format", format]);
  const plain = (await machine.ok(["token", "spatiafi"])).trim();
  const json = JSON.parse(await read("json"));
  assert.deepEqual(Object.keys(json), ["access_token", "token_type", "expires_at", "scope"]);
  assert.equal(json.access_token, plain);
  assert.deepEqual(JSON.parse(await machine.ok(["token", "spatiafi", "--json"])), json);
  const both = await machine.run(["token", "spatiafi", "--json", "--format", "env"]);
  assert.deepEqual([both.code, both.stdout], [2, ""]);
  assert(Math.abs(Date.parse(json.expires_at) - Date.now() - 900_000) < 60_000);
  assert.equal(await read("header"), `Authorization: Bearer ${plain}\n`);
  assert((await read("env")).startsWith(`SPATIAFI_ACCESS_TOKEN=${plain}\n`));
  const { status } = JSON.parse(await read("kubectl"));
  assert.deepEqual(status, { token: plain, expirationTimestamp: json.expires_at });
});

test("token --format git answers Git only for the system's hosts", async () => {
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
  // Git 2.46 introduced "capability". A helper ignores what it does not know (gitcredentials(7)).
  for (const operation of ["store", "erase", "capability", "something-of-later"]) {
    assert.deepEqual(await ask(api.host, operation), { code: 0, stdout: "", stderr: "" });
  }
  const unasked = await machine.run(["token", "spatiafi", "--format", "git"], { input: "" });
  assert.deepEqual([unasked.code, unasked.stdout], [2, ""]);
});

test("token --format git returns another token after Git has erased one", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const { host } = new URL(machine.sandbox.environment["SPATIAFI_API_URL"] ?? "");
  const read = async () => (await machine.ok(["token", "spatiafi"])).trim();
  const erase = (host: string, password: string) =>
    machine.ok(["token", "spatiafi", "--format", "git", "erase"], {
      input: `protocol=http\nhost=${host}\nusername=oauth2\npassword=${password}\n`,
    });
  const first = await read();
  await erase(host, "another");
  await erase("127.0.0.1:9", first);
  assert.equal(await read(), first);
  await erase(host, first);
  const second = await read();
  assert.notEqual(second, first);
  assert.equal(machine.sandbox.count("spatiafi.token"), 2);
});

test("Git gets the token from the command as a credential helper", async () => {
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

test("kubectl gets the token from the command, in the version that it requests", async () => {
  if (!await hasProgram("kubectl", ["version", "--client"])) return;
  if (!await hasProgram("openssl", ["version"])) return;
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const token = (await machine.ok(["token", "spatiafi"])).trim();
  const seen: (string | null)[] = [];
  // kubectl sends no token without TLS.
  const { key, cert } = await selfSigned(machine.home.path);
  await using cluster = Deno.serve(
    { hostname: "127.0.0.1", port: 0, key, cert, onListen() {} },
    (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/api") seen.push(request.headers.get("authorization"));
      return Response.json({ kind: "APIVersions", versions: ["v1"] });
    },
  );
  const [command, ...args] = machine.command;
  for (const version of ["v1", "v1beta1"]) {
    const exec = {
      apiVersion: `client.authentication.k8s.io/${version}`,
      command,
      args: [...args, "token", "spatiafi", "--format", "kubectl"],
      interactiveMode: "IfAvailable",
    };
    await Deno.writeTextFile(
      machine.home.at("kubeconfig"),
      JSON.stringify({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{
          name: "here",
          cluster: {
            "server": `https://127.0.0.1:${cluster.addr.port}`,
            "insecure-skip-tls-verify": true,
          },
        }],
        "users": [{ name: "me", user: { exec } }],
        "contexts": [{ name: "here", context: { cluster: "here", user: "me" } }],
      }),
    );
    const { success, stderr } = await new Deno.Command("kubectl", {
      args: ["--kubeconfig", machine.home.at("kubeconfig"), "get", "--raw", "/api"],
      clearEnv: true,
      env: machine.environment(),
      cwd: machine.home.path,
      stdin: "null",
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  }
  assert.deepEqual(seen, [`Bearer ${token}`, `Bearer ${token}`]);
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

    answer = assumed(Date.now() / 1000 + 3600);
    await awsItselfReads(machine, [...role, ...sts], keys);

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
  assert.match((await run()).stderr, /network: AWS STS \(127.*did not respond/);
  const plain = ["token", "spatiafi", "--format", "aws", ...role, "--sts", "http://sts.example/"];
  assert.match((await machine.run(plain)).stderr, /insecure_url: /);
});

test("a token that is bound to a key is never passed to another program", async () => {
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

/** A key and an untrusted certificate, created for this run. */
async function selfSigned(folder: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
  const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1";
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const args = [...words.split(" "), ...subject, "-keyout", key, "-out", cert];
  await new Deno.Command("openssl", { args, stderr: "null" }).output();
  return { key: await Deno.readTextFile(key), cert: await Deno.readTextFile(cert) };
}

/** The AWS command line's output for the command as a `credential_process`, if it is installed. */
async function awsItselfReads(
  machine: Machine,
  options: readonly string[],
  keys: Readonly<Record<string, string>>,
): Promise<void> {
  if (!await hasProgram("aws")) return;
  const words = [...machine.command, "token", "spatiafi", "--format", "aws", ...options];
  const line = words.map((word) => `"${word}"`).join(" ");
  await Deno.writeTextFile(
    machine.home.at("aws"),
    `[profile here]\nregion = eu-west-1\ncredential_process = ${line}\n`,
  );
  const { stdout, stderr } = await new Deno.Command("aws", {
    args: ["--profile", "here", "configure", "list"],
    clearEnv: true,
    env: machine.environment({ AWS_CONFIG_FILE: machine.home.at("aws") }),
    cwd: machine.home.path,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  // It shows the ends of both keys, and where they come from.
  for (const [name, key] of [["access_key", "AccessKeyId"], ["secret_key", "SecretAccessKey"]]) {
    const end = keys[key ?? ""]?.slice(-4);
    const line = new RegExp(`${name}\\s[\\s:]*\\*+${end}[\\s:]+custom-process`);
    assert.match(text, line, new TextDecoder().decode(stderr));
  }
}
