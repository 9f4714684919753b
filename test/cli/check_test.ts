import assert from "node:assert/strict";
import { test } from "../support/tests.ts";
import { Machine } from "./onecell.ts";

test("doctor reports on a system and exits with code 1 if there is a problem", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const env = { HTTPS_PROXY: "http://someone:proxy-password@127.0.0.1:9", NO_PROXY: "127.0.0.1" };
  machine.secrets.add("proxy-password");
  const before = await machine.run(["doctor", "spatiafi"], { env });
  assert.deepEqual([before.code, before.stderr], [1, ""]);
  assert.match(before.stdout, /^✗ SpatiaFi: 1 problem\n/);
  assert.match(before.stdout, /Set SPATIAFI_CLIENT_ID and SPATIAFI_CLIENT_SECRET/);
  assert.match(before.stdout, /HTTPS_PROXY=http:\/\/127\.0\.0\.1:9, NO_PROXY=127\.0\.0\.1/);
  await machine.login();
  assert.match(await machine.ok(["doctor", "spatiafi"]), /^✓ SpatiaFi: no problems found\n/);
  const text = await machine.ok(["doctor", "spatiafi"]);
  assert(text.includes(`Credentials: ${machine.told(".config/spatiafi/app_credentials")}\n`), text);
  assert(!text.includes("HTTP"), "a status is no finding");
  const json = JSON.parse(await machine.ok(["doctor", "spatiafi", "--json"]));
  assert.deepEqual([json.ok, json.findings, json.provider], [true, [], "spatiafi"]);
  machine.sandbox.fault("spatiafi.token", "reset", 1);
  const broken = await machine.run(["doctor", "spatiafi"]);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /✗ No response from SpatiaFi's token endpoint/);
});

test("scan finds the machine's secrets in notebooks and exits with code 1", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { home } = machine;
  const write = (name: string, source: string) =>
    Deno.writeTextFile(
      home.at(name),
      JSON.stringify({
        cells: [{ cell_type: "code", source: [source], outputs: [], metadata: {} }],
        metadata: {},
        nbformat: 4,
      }),
    );
  await write("clean.ipynb", "1 + 1");
  const unchecked = await machine.ok(["scan", "clean.ipynb"]);
  assert.match(
    unchecked,
    /^! clean\.ipynb: Not checked: this machine has no saved secrets\.\n[^]*--directory FOLDER/,
  );
  assert(!unchecked.includes("✓"), unchecked);
  await machine.login();
  const token = (await machine.ok(["token", "spatiafi"])).trim();
  const credentials = home.at(".config", "spatiafi", "app_credentials");
  const { client_secret } = JSON.parse(await Deno.readTextFile(credentials));
  await write("leaky.ipynb", `const token = "${token}"; // ${btoa(client_secret)}`);
  assert.match(
    await machine.ok(["scan", "clean.ipynb"]),
    /^✓ clean\.ipynb: clean \(checked for 2 saved secrets\)/,
  );

  const found = await machine.run(["scan", "clean.ipynb", "leaky.ipynb"]);
  assert.deepEqual([found.code, found.stderr], [1, ""]);
  assert.match(found.stdout, /✓ clean\.ipynb: clean.*\n✗ leaky\.ipynb: 2 places with a secret/);
  assert.match(found.stdout, /cell 1, source, line 1: spatiafi access_token .*, whole\n/);
  assert.match(
    found.stdout,
    /cell 1, source, line 1: spatiafi client_secret .*whole, in base64\n/,
  );

  const json = JSON.parse((await machine.run(["scan", "--json", "leaky.ipynb"])).stdout);
  assert.deepEqual([json[0].path, json[0].ok, json[0].findings.length], [
    "leaky.ipynb",
    false,
    2,
  ]);

  // One unreadable file does not hide the findings in the others.
  const unread = await machine.run(["scan", "clean.ipynb", "none.ipynb"]);
  assert.equal(unread.code, 1, "what cannot be read is not passed");
  const both = await machine.run(["scan", "none.ipynb", "leaky.ipynb"]);
  assert.equal(both.code, 1);
  assert.match(both.stderr, /^onecell: invalid_argument: none\.ipynb: /);
  assert.match(both.stdout, /leaky\.ipynb: 2 places/);

  // A user's own system is scanned if its definition is passed.
  await Deno.writeTextFile(
    home.at("mine.json"),
    JSON.stringify({
      name: "mine",
      apiUrl: "https://api.example.com",
      issuer: "https://login.example.com",
    }),
  );
  await write("mine.ipynb", "Zq8/vL2x:w9KpRt4");
  machine.secrets.add("Zq8/vL2x:w9KpRt4");
  const env = { MINE_CLIENT_SECRET: "Zq8/vL2x:w9KpRt4" };
  await machine.ok(["scan", "mine.ipynb"], { env });
  const mine = await machine.run(["scan", "mine.ipynb", "--provider", "mine.json"], { env });
  assert.equal(mine.code, 1);
  assert.match(mine.stdout, /mine client_secret \(MINE_CLIENT_SECRET\), whole/);
});

test("scan finds the secrets of a user's own system, in files and stores", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { home } = machine;
  const { env } = await machine.ownSystem();
  const write = (name: string, source: string) =>
    Deno.writeTextFile(home.at(name), JSON.stringify({ cells: [{ source }], nbformat: 4 }));
  const byFile = ["--provider", "mine.json"];
  const token = async (...more: string[]) =>
    (await machine.ok(["token", ...byFile, ...more], { env })).trim();

  const folder = ["--directory", "kept/here"];
  await write("other.ipynb", `const token = "${await token(...folder)}";`);
  assert.match(await machine.ok(["scan", "other.ipynb"]), /^! other\.ipynb: Not checked/);
  const there = await machine.run(["scan", "other.ipynb", ...folder]);
  assert.equal(there.code, 1);
  assert.match(there.stdout, /here access_token \(kept\/here\/onecell\/.*, whole\n/);
  const nothing = await machine.run(["scan", "other.ipynb", "--directory", "kept"]);
  assert.deepEqual([nothing.code, nothing.stdout], [1, ""]);
  assert.match(nothing.stderr, /invalid_argument: Nothing saved was found in "kept"/);

  await write("leaky.ipynb", `const token = "${await token()}";`);
  const found = await machine.run(["scan", "leaky.ipynb"]);
  assert.equal(found.code, 1);
  assert.match(found.stdout, /^✗ leaky\.ipynb: 1 place .*\n.*mine access_token .*, whole\n/);
});

test("scan does not pass if a file with secrets cannot be read", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi", "plantpredict"] });
  const { home, sandbox } = machine;
  await machine.login();
  const { clientId, clientSecret = "" } = sandbox.client("plantpredict");
  const folder = home.at(".config", "plantpredict");
  await Deno.mkdir(folder);
  const text = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
  await Deno.writeTextFile(`${folder}/app_credentials`, text.replace("}", ",}"));
  const cells = [{ source: `const secret = "${clientSecret}";` }];
  await Deno.writeTextFile(home.at("a.ipynb"), JSON.stringify({ cells, nbformat: 4 }));
  const { code, stdout } = await machine.run(["scan", "a.ipynb"]);
  assert.equal(code, 1);
  assert.match(stdout, /^! a\.ipynb: nothing found \(checked for \d saved secrets?\)\n/);
  assert(stdout.includes(`Not checked: the secrets in ${folder}/app_credentials`), stdout);
  await Deno.writeTextFile(`${folder}/app_credentials`, text);
  assert.match((await machine.run(["scan", "a.ipynb"])).stdout, /^✗ a\.ipynb: 1 place/);
});

test("a user's own system works by its URLs and by a file", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { sandbox, home } = machine;
  const { issuer, apiUrl, env } = await machine.ownSystem();
  const urls = ["--issuer", issuer, "--api-url", apiUrl, "--scope", "api:read"];
  assert.match(
    await machine.ok(["login", "mine", ...urls], { env }),
    /Signed in to mine with app credentials post/,
  );
  const answer = await machine.ok(["fetch", "mine", "/api/info?item_id=1", ...urls], { env });
  assert.equal(JSON.parse(answer).item_id, "1");
  assert.equal(sandbox.count("oidc.token"), 1);

  const description = { name: "mine", title: "My system", issuer, apiUrl, scope: "api:read" };
  await Deno.writeTextFile(home.at("mine.json"), "\ufeff" + JSON.stringify(description));
  const byFile = ["--provider", "mine.json"];
  assert.match(
    await machine.ok(["status", ...byFile], { env }),
    /^✓ My system \(mine\): signed in/,
  );
  const again = await machine.ok(["fetch", "/api/info?item_id=2", ...byFile], { env });
  assert.equal(JSON.parse(again).item_id, "2");
  assert.equal(sandbox.count("oidc.token"), 1, "it is the same session");
  assert.match(await machine.ok(["doctor", ...byFile], { env }), /Issuer: .* reachable \(\d+ ms\)/);
  assert.match(
    await machine.ok(["logout", ...byFile], { env }),
    /^✓ Signed out of My system as .* Removed from this machine\./,
  );

  await Deno.writeTextFile(home.at("bad.json"), '{"name": "x" Xw7+bN3k');
  machine.secrets.add("Xw7+bN3k");
  const bad = await machine.run(["login", "--provider", "bad.json"]);
  assert.deepEqual([bad.code, bad.stderr], [
    1,
    'onecell: invalid_argument: "bad.json" is not JSON. See defineProvider.\n',
  ]);
});
