import assert from "node:assert/strict";
import { providers } from "../../src/providers/registry.ts";
import { test } from "../support/tests.ts";
import { Machine } from "./onecell.ts";

test("login saves a session that the other commands use without a prompt", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox, home } = machine;
  const before = await machine.run(["status", "spatiafi"]);
  assert.deepEqual([before.code, before.stderr], [1, ""]);
  assert.match(before.stdout, /^✗ SpatiaFi \(spatiafi\): not signed in/);
  assert.match(
    await machine.ok(["status"]),
    /^Not signed in anywhere\. Sign in: onecell login SYSTEM\n$/,
  );

  await machine.login();
  const saved = JSON.parse(
    await Deno.readTextFile(home.at(".config", "spatiafi", "app_credentials")),
  ) as Record<string, string>;
  const shown = await machine.ok(["status", "spatiafi"]);
  const [first, second, third, kept, ...more] = shown.split("\n");
  assert.equal(
    first,
    `✓ SpatiaFi (spatiafi): signed in as ${saved["onecell_username"]}`,
  );
  assert.match(
    second ?? "",
    /^ {2}Access token expires [\d -]*\d\d:\d\d \(renews automatically\)$/,
  );
  assert.equal(third, `  Credentials: ${machine.told(".config/spatiafi/app_credentials")}`);
  assert.match(
    kept ?? "",
    /^Saved in ~\/\.config\/spatiafi \(readable by you [^;]*\)$/,
  );
  assert.deepEqual(more, [""]);
  assert.equal(await machine.ok(["status"]), shown);

  const token = await machine.ok(["token", "spatiafi"]);
  assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+\n$/, "only the token, on one line");
  const response = await fetch(`${sandbox.environment["SPATIAFI_API_URL"]}/api/info?item_id=x`, {
    headers: { authorization: `Bearer ${token.trim()}` },
  });
  assert.equal((await response.json()).item_id, "x");
  assert.equal(sandbox.count("spatiafi.clients"), 1);
  assert.equal(sandbox.count("spatiafi.token"), 1);

  assert.match(
    await machine.ok(["login", "spatiafi"]),
    new RegExp(`^✓ Signed in to SpatiaFi as ${sandbox.users[0]?.username}\\n`),
  );
  assert.equal(sandbox.count("spatiafi.token"), 1, "the saved session is used");
  await machine.ok(["login", "spatiafi", "--force"]);
  assert.equal(sandbox.count("spatiafi.token"), 2, "another token was asked for");
  assert.deepEqual(await home.modes(), {
    ".config": "700",
    ".config/spatiafi": "700",
    ".config/spatiafi/app_credentials": "600",
    // wild.md G: the system's own Python package reads only this name.
    ".config/spatiafi/app_credentials.json": "600",
    ".config/spatiafi/onecell": "700",
    ...Object.fromEntries(
      Object.keys(await home.modes()).filter((name) => name.includes("/onecell/")).map((name) => [
        name,
        "600",
      ]),
    ),
  });
  assert.deepEqual(sandbox.errors, []);
});

test("login says what was refused, and does not retry again and again", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi", "plantpredict-okta"] });
  const { sandbox } = machine;
  const [user] = sandbox.users;
  const login = (provider: string, password: string, ...more: string[]) =>
    machine.run(["login", provider, "--user", user?.username ?? "", "--password-stdin", ...more], {
      input: password,
      env: {
        PLANTPREDICT_OKTA_CLIENT_ID: sandbox.client("plantpredict-okta").clientId,
        PLANTPREDICT_OKTA_CLIENT_SECRET: sandbox.client("plantpredict-okta").clientSecret ?? "",
      },
    });
  machine.secrets.add("mistyped-word");
  const wrong = await login("spatiafi", "mistyped-word\n");
  assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
  assert.match(wrong.stderr, /^onecell: login_refused: .*refused.*\n$/);
  assert.equal(sandbox.count("spatiafi.basic"), 1);

  const okta = await login("plantpredict-okta", "mistyped-word\n");
  assert.equal(okta.code, 1);
  assert.match(okta.stderr, /onecell: (login|grant)_refused: /);
  assert(sandbox.count("plantpredict-okta.token") <= 2);

  // A password may contain anything except a line break.
  const right = await login("plantpredict-okta", `${user?.password}\r\nignored`);
  assert.deepEqual([right.code, right.stderr], [0, ""]);
  assert(right.stdout.includes(`as ${user?.username}`), right.stdout);
  const empty = await login("spatiafi", "");
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /no password on standard input/);
});

test("without a person, the error names the missing values at once", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  for (const args of [["login", "spatiafi"], ["token", "spatiafi"], ["fetch", "spatiafi", "/"]]) {
    const { code, stdout, stderr } = await machine.run(args);
    assert.deepEqual([code, stdout], [1, ""], args.join(" "));
    assert.match(stderr, /^onecell: credentials_missing: .*SPATIAFI_CLIENT_ID/);
    assert(stderr.includes(machine.told(".config/spatiafi/app_credentials")), stderr);
  }
  const env = { SPATIAFI_CLIENT_ID: machine.sandbox.client("spatiafi").clientId };
  assert.match(
    (await machine.run(["status", "spatiafi"], { env })).stdout,
    /Credentials: environment \(SPATIAFI_CLIENT_ID\) \(client_secret missing\)/,
  );
});

test("status --json keeps its shape", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi", "plantpredict-okta"] });
  const { home, sandbox } = machine;
  await machine.login();
  const read = async (...args: string[]) =>
    JSON.parse((await machine.run(["status", "--json", ...args])).stdout) as {
      version: number;
      systems: Record<string, unknown>[];
      others: Record<string, unknown>[];
    };
  const json = await read("spatiafi");
  assert.deepEqual(Object.keys(json), ["version", "systems", "others"]);
  assert.deepEqual(json.others, []);
  const { version, systems: [system] } = json;
  assert.equal(version, 1);
  const { sessions, ...rest } = system as { sessions: Record<string, unknown>[] };
  const file = home.at(".config", "spatiafi", "app_credentials");
  assert.deepEqual(rest, {
    provider: "spatiafi",
    title: "SpatiaFi",
    ready: true,
    credentials: { source: file, complete: true, missing: [] },
    problem: null,
  });
  assert.equal(sessions.length, 1);
  const [session = {}] = sessions;
  assert.deepEqual(Object.keys(session), [
    "account",
    "clientId",
    "sessionKey",
    "scope",
    "server",
    "expiresAt",
    "valid",
    "renewable",
    "path",
  ]);
  assert.equal(
    session["server"],
    `${sandbox.environment["SPATIAFI_AUTH_URL"]}/api/v1/auth/jwt/token`,
  );
  assert(Math.abs(Date.parse(String(session["expiresAt"])) - Date.now() - 900_000) < 60_000);
  assert.deepEqual([session["valid"], session["renewable"], session["sessionKey"]], [
    true,
    true,
    null,
  ]);

  const all = await read();
  assert.equal(all.systems.length, providers.length);
  assert.deepEqual(all.others, [], "spatiafi is a system that is known");
  for (const one of all.systems) assert.deepEqual(Object.keys(one), Object.keys(system ?? {}));

  // A damaged file is reported in the same shape, and nothing is sent.
  const requests = sandbox.requests.length;
  await Deno.writeTextFile(file, '{"client_id');
  const [damaged] = (await read("spatiafi")).systems;
  assert.deepEqual(Object.keys(damaged ?? {}), Object.keys(system ?? {}));
  assert.equal(damaged?.["ready"], false);
  assert.equal((damaged?.["problem"] as { code: string }).code, "credentials_damaged");
  assert.equal(sandbox.requests.length, requests);
});

test("status lists saved sessions of a user's own systems", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { home } = machine;
  const { env } = await machine.ownSystem();
  for (const more of [[], ["--session-key", "work"], ["--directory", "kept"]]) {
    await machine.ok(["login", "--provider", "mine.json", ...more], { env });
  }
  const only = home.at(".config", "weather");
  await Deno.mkdir(only);
  await Deno.writeTextFile(
    `${only}/app_credentials`,
    '{"client_id": "c", "client_secret": "s3cr3t"}',
  );

  const folder = home.at(".config", "mine");
  assert.equal(
    await machine.ok(["status"]),
    `- mine: 2 sessions, no app credentials in ${machine.told(".config/mine")}\n` +
      `- weather: no session, app credentials in ${machine.told(".config/weather")}\n` +
      "  Details of a system of your own: onecell status --provider FILE\n",
  );
  const { others } = JSON.parse(await machine.ok(["status", "--json"]));
  assert.deepEqual(others, [
    { provider: "mine", folder, credentials: false, sessions: 2 },
    { provider: "weather", folder: only, credentials: true, sessions: 0 },
  ]);
  assert.match(
    await machine.ok(["status", "--directory", "kept"]),
    /^- mine: 1 session, .*\/kept\n/,
  );
});

test("logout ends a session at the server and here; --all ends all, --forget removes credentials", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi", "plantpredict-okta"] });
  const { sandbox, home } = machine;
  const [user] = sandbox.users;
  const { clientId, clientSecret = "" } = sandbox.client("plantpredict-okta");
  const env = {
    PLANTPREDICT_OKTA_CLIENT_ID: clientId,
    PLANTPREDICT_OKTA_CLIENT_SECRET: clientSecret,
    PLANTPREDICT_OKTA_USERNAME: user?.username ?? "",
    PLANTPREDICT_OKTA_PASSWORD: user?.password ?? "",
  };
  const tokens = async (provider: string) =>
    (await machine.files()).filter((path) =>
      path.startsWith(home.at(".config", provider, "onecell")) && path.endsWith(".json")
    ).length;
  for (const key of ["a", "b", "c"]) {
    await machine.ok(["login", "plantpredict-okta", "--session-key", key], { env });
  }
  assert.equal(await tokens("plantpredict-okta"), 3);
  const one = await machine.ok(["logout", "plantpredict-okta", "--session-key", "a"], { env });
  assert.match(
    one,
    /^✓ Signed out of PlantPredict \(Okta\) as .* Removed from this machine\.\n {2}The server revoked the refresh token\.\n {2}It does not revoke the access token, which expires at [\d -]*\d\d:\d\d\.\n$/,
  );
  assert.equal(await tokens("plantpredict-okta"), 2);
  const revoked = sandbox.count("plantpredict-okta.revoke");
  assert.equal(revoked, 2);
  assert.match(
    await machine.ok(["logout", "plantpredict-okta", "--session-key", "a"], { env }),
    /^Not signed in to PlantPredict \(Okta\)\. 2 sessions of other .* --all ends them/,
  );

  // The server refuses, but the session still ends here, and the exit code reports it.
  sandbox.fault("plantpredict-okta.revoke", "500", 9);
  const failed = await machine.run(["logout", "plantpredict-okta", "--session-key", "b"], { env });
  assert.equal(failed.code, 1);
  assert.match(
    failed.stdout,
    /Removed from this machine\.\n.*did not revoke the refresh token.*expires at/,
  );
  assert.match(failed.stderr, /may not have ended the session\.\n/);
  assert.match(failed.stderr, /onecell: server_error: /);
  sandbox.clearFaults();

  // Another client's token is not sent to this client's server.
  const other = { ...env, PLANTPREDICT_OKTA_CLIENT_ID: "another" };
  sandbox.reset();
  const all = await machine.ok(["logout", "plantpredict-okta", "--all"], { env: other });
  assert.match(
    all,
    /Removed from this machine\.\n {2}It belongs to another client or server, which was not notified; the access token expires at/,
  );
  assert.equal(sandbox.count("plantpredict-okta.revoke"), 0);
  assert.equal(await tokens("plantpredict-okta"), 0);

  await machine.login();
  const file = home.at(".config", "spatiafi", "app_credentials");
  await Deno.writeTextFile(`${file}.backup-1`, '{"client_secret": "an-earlier-one"}');
  const forgotten = await machine.ok(["logout", "spatiafi", "-a", "--forget"]);
  const told = machine.told(".config/spatiafi/app_credentials");
  const removed = [told, `${told}.json`, `${told}.backup-1`].map((path) => `✓ Removed ${path}\n`)
    .join("");
  assert(forgotten.endsWith(`${removed}The server still knows these credentials.\n`), forgotten);
  for (const path of [file, `${file}.backup-1`]) {
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  }
  assert.equal(await tokens("spatiafi"), 0);
});

test("logout removes damaged token files, because they may contain a valid token", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { home } = machine;
  await machine.login();
  const folder = home.at(".config", "spatiafi", "onecell");
  const [token = ""] = (await machine.files()).filter((path) => path.startsWith(folder))
    .filter((path) => path.endsWith(".json"));
  const text = await Deno.readTextFile(token);
  const damage = async () => {
    await Deno.writeTextFile(token, text.slice(0, -1));
    await Deno.writeTextFile(`${token}.damaged-2026-01-01T00-00-00-000Z`, text.slice(0, -1));
    await Deno.writeTextFile(`${folder}/0123456789abcdef.json`, "{");
    // Files of another system in a shared folder, and of another version.
    await Deno.writeTextFile(`${folder}/aaaaaaaaaaaaaaaa.json`, String.raw`{"key":"[\"mine\",\"`);
    await Deno.writeTextFile(`${folder}/bbbbbbbbbbbbbbbb.json`, '{"version":2,"key":"k"}');
  };
  await damage();
  const one = await machine.ok(["logout", "spatiafi"]);
  assert.equal(one.match(/Removed .*, which had no usable token/g)?.length, 2, one);
  assert.match(await machine.ok(["logout", "spatiafi"]), /^Not signed in to SpatiaFi\.\n$/);
  await damage();
  await machine.ok(["logout", "spatiafi", "--all"]);
  const left = (await machine.files()).filter((path) => path.startsWith(folder));
  assert.deepEqual(left.filter((path) => !path.endsWith(".sqlite")).sort(), [
    `${folder}/aaaaaaaaaaaaaaaa.json`,
    `${folder}/bbbbbbbbbbbbbbbb.json`,
  ]);
});

test("status says which URLs cannot be used", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  for (const env of [{ SPATIAFI_AUTH_URL: "junk" }, { SPATIAFI_API_URL: "http://api.example" }]) {
    const { code, stdout } = await machine.run(["status", "spatiafi"], { env });
    assert.equal(code, 1);
    assert.match(stdout, /^✗ SpatiaFi [^]*\n {2}(invalid_argument|insecure_url): /);
  }
  await machine.ok(["status", "spatiafi"]);
});

test("import imports another program's settings", async () => {
  await using machine = await Machine.start({ systems: ["ocs"] });
  const { sandbox, home } = machine;
  const { clientId, clientSecret, extra } = sandbox.client("ocs");
  await Deno.writeTextFile(
    home.at("appsettings.json"),
    JSON.stringify({
      Resource: sandbox.environment["OCS_RESOURCE"],
      ApiVersion: "v1",
      TenantId: extra?.["tenantId"],
      ClientId: clientId,
      ClientSecret: clientSecret,
    }),
  );
  const told = await machine.ok(["import", "ocs", "appsettings.json"]);
  assert.match(
    told,
    /^✓ Saved resource, .*client_secret for OSIsoft .* to ~\/.*app_credentials\n$/,
  );
  assert.match(
    await machine.ok(["status", "ocs"]),
    /^- .* not signed in\n.*\n {2}Sign in without a prompt: /,
  );
  assert.match(await machine.ok(["login", "ocs"]), /Signed in to OSIsoft/);
  const none = await machine.run(["import", "ocs", "none.json"]);
  assert.deepEqual([none.code, none.stdout], [1, ""]);
  assert.match(none.stderr, /invalid_argument: .*none\.json/);
  const json = await machine.ok(["import", "ocs", "appsettings.json", "--json"]);
  assert.deepEqual(Object.keys(JSON.parse(json)), ["provider", "path", "names"]);
});

test("status after logout does not read as if somebody were signed in", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  await machine.ok(["logout", "spatiafi"]);
  const file = machine.told(".config/spatiafi/app_credentials");
  assert.equal(
    await machine.ok(["status"]),
    "- SpatiaFi (spatiafi): not signed in\n" +
      `  Credentials: ${file}\n` +
      "  Sign in without a prompt: onecell login spatiafi\n",
  );
  const { systems } = JSON.parse(await machine.ok(["status", "spatiafi", "--json"]));
  assert.deepEqual([systems[0].ready, systems[0].sessions], [true, []]);
});
