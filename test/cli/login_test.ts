import assert from "node:assert/strict";
import { test } from "../support/tests.ts";
import { Machine } from "./onecell.ts";

const SPATIAFI = [".config", "spatiafi", "app_credentials"];

test("login says if the given username is not the one that signs in", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi", "ocs"] });
  const { sandbox } = machine;
  await machine.login();
  const again = await machine.run(["login", "spatiafi", "-u", "nobody", "--password-stdin"], {
    input: "wrong-password\n",
  });
  assert.equal(again.code, 0);
  assert(again.stderr.includes(`from ${machine.told(...SPATIAFI)};`), again.stderr);
  assert.match(again.stderr, /username and password are not used.*--force/);
  assert.equal(sandbox.count("spatiafi.clients"), 1);

  const ocs = await machine.run(["login", "ocs", "--user", "ada"]);
  assert.equal(ocs.code, 2);
  assert.match(ocs.stderr, /OSIsoft Cloud Services needs no username/);
});

test("login --force with a username creates new app credentials and keeps the old ones", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox, home } = machine;
  await machine.login();
  const read = async () => await Deno.readTextFile(home.at(...SPATIAFI));
  const first = await read();
  const [user] = sandbox.users;
  const force = ["login", "spatiafi", "--force", "--user", user?.username ?? ""];
  await machine.ok([...force, "--password-stdin"], { input: `${user?.password}\n` });
  assert.notEqual(await read(), first);
  assert.equal(await Deno.readTextFile(`${home.at(...SPATIAFI)}.backup-1`), first);
  assert.equal(sandbox.count("spatiafi.clients"), 2);

  const unanswered = await machine.run([...force, "--no-input"]);
  assert.equal(unanswered.code, 2);
  assert.match(unanswered.stderr, /--user and --password-stdin/);
  const env = { SPATIAFI_CLIENT_ID: "a", SPATIAFI_CLIENT_SECRET: "b" };
  const hidden = await machine.run([...force, "--password-stdin"], { env, input: "x\n" });
  assert.equal(hidden.code, 2);
  assert.match(hidden.stderr, /environment \(SPATIAFI_CLIENT_ID, .*would not replace/);
  assert.equal(sandbox.count("spatiafi.clients"), 2);
});

test("login --force that cannot save its new credentials says so and keeps the old ones", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox, home } = machine;
  await machine.login();
  const old = JSON.parse(await Deno.readTextFile(home.at(...SPATIAFI)));
  // Too large for the disk to hold twice, and nothing is overwritten without a backup.
  const first = JSON.stringify({ ...old, note: "x".repeat(100_000) });
  await Deno.writeTextFile(home.at(...SPATIAFI), first);
  const [user] = sandbox.users;
  const { code, stdout } = await machine.run(
    ["login", "spatiafi", "--force", "--user", user?.username ?? "", "--password-stdin"],
    {
      input: `${user?.password}\n`,
      through: ["sh", "-c", `trap '' XFSZ; ulimit -f 64; exec "$@"`, "sh"],
    },
  );
  assert.equal(code, 1);
  assert.match(stdout, /Credentials created, not saved\n/);
  assert.match(stdout, /The new app credentials are not saved\. Cannot save .*too large/i);
  assert.match(stdout, /Access token expires \d\d:\d\d \(renews automatically\)\n/);
  assert.equal(sandbox.count("spatiafi.clients"), 2);
  assert.equal(await Deno.readTextFile(home.at(...SPATIAFI)), first);
});

test("later commands use a username that login was given", async () => {
  await using machine = await Machine.start({ systems: ["plantpredict-okta"] });
  const { sandbox, home } = machine;
  const { clientId: client_id, clientSecret: client_secret } = sandbox.client("plantpredict-okta");
  const path = home.at(".config", "plantpredict-okta", "app_credentials");
  await Deno.mkdir(home.at(".config", "plantpredict-okta"), { recursive: true });
  const onecell_server = new URL(sandbox.environment["PLANTPREDICT_OKTA_AUTH_URL"] ?? "").origin;
  const client = { client_id, client_secret, onecell_server };
  await Deno.writeTextFile(path, JSON.stringify(client));
  const [user, other] = sandbox.users;
  assert(user && other);
  const login = ({ username, password }: typeof user, env: Record<string, string> = {}) => {
    const args = ["login", "plantpredict-okta", "--user", username, "--password-stdin"];
    return machine.ok(args, { input: `${password}\n`, env });
  };
  const saved = async () => JSON.parse(await Deno.readTextFile(path));
  const variable = "PLANTPREDICT_OKTA_USERNAME";
  await login(other, { [variable]: other.username });
  assert.deepEqual(await saved(), client);
  assert.match(
    await login(other, { [variable]: user.username }),
    /PLANTPREDICT_OKTA_USERNAME names another user/,
  );
  assert.match(
    await login(user),
    /Credentials given by --user and saved to ~\/.*\n {2}Access token expires .*\)\n/,
  );
  assert.deepEqual(await saved(), { ...client, username: user.username });
  await machine.ok(["token", "plantpredict-okta", "--no-input"]);
  await machine.ok(["status", "plantpredict-okta"]);

  // The saved values belong to the first user. Their password is never used with another username.
  const before = { ...await saved(), password: user.password };
  await Deno.writeTextFile(path, JSON.stringify(before));
  const second = await login(other);
  assert.match(
    second,
    /Another user's username or password is saved\. To use this one, set PLANTPREDICT_OKTA_USERNAME/,
  );
  assert.deepEqual(await saved(), before);
  const env = { [variable]: other.username, PLANTPREDICT_OKTA_PASSWORD: other.password };
  await machine.ok(["token", "plantpredict-okta", "--no-input"], { env });
  await machine.ok(["token", "plantpredict-okta", "--no-input"]);
  assert.equal(sandbox.count("plantpredict-okta.token.password.400"), 0);
});

test("an error about refused credentials says how to remove them", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { home } = machine;
  await machine.login();
  const path = home.at(...SPATIAFI);
  const saved = JSON.parse(await Deno.readTextFile(path)) as Record<string, string>;
  const changed = { ...saved, client_secret: `${saved["client_secret"]}x` };
  await Deno.writeTextFile(path, JSON.stringify(changed));
  const refused = await machine.run(["login", "spatiafi", "--force"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^onecell: client_refused: /);
  assert(
    refused.stderr.includes(`Credentials saved to ${machine.told(...SPATIAFI)}.`),
    refused.stderr,
  );
  assert(refused.stderr.includes("Move that file away"), refused.stderr);

  const env = { SPATIAFI_CLIENT_ID: "a", SPATIAFI_CLIENT_SECRET: "bbbbbbbb" };
  const other = await machine.run(["token", "spatiafi"], { env });
  assert.match(other.stderr, /Credentials from the environment \(SPATIAFI_CLIENT_ID, /);
  assert(!other.stderr.includes("Move that file"), other.stderr);

  await Deno.remove(path);
  await machine.login();
});

test("login that cannot save anything fails, and creates nothing at the server", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const [user] = machine.sandbox.users;
  const args = ["login", "spatiafi", "--user", user?.username ?? "", "--password-stdin"];
  const { code, stderr } = await machine.run([...args, "--directory", "/proc/onecell"], {
    input: `${user?.password}\n`,
  });
  assert.equal(code, 1);
  assert.match(stderr, /No app credentials were created, because they could not be saved/);
  assert.equal(machine.sandbox.count("spatiafi.clients"), 0);
});

test("login ends in one block or one error", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi", "plantpredict-okta"] });
  const { sandbox } = machine;
  const [user] = sandbox.users;
  const args = ["login", "spatiafi", "-u", user?.username ?? "", "--password-stdin"];
  const first = await machine.run(args, { input: `${user?.password}\n` });
  assert.equal(first.stderr, "");
  const [title, credentials, expiry, ...more] = first.stdout.split("\n");
  assert.match(title ?? "", /^✓ Signed in to SpatiaFi (as|with app credentials) \S+$/);
  assert.equal(credentials, `  Credentials saved to ${machine.told(...SPATIAFI)}`);
  assert.match(
    expiry ?? "",
    /^ {2}Access token expires [\d -]*\d\d:\d\d \(renews automatically\)$/,
  );
  assert.deepEqual(more, [""]);

  const refused = await machine.run(
    ["login", "spatiafi", "--directory", "other", ...args.slice(2)],
    {
      input: "mistyped\n",
    },
  );
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.equal(refused.stderr.trim().split("\n").length, 1, refused.stderr);
});

test("login --json and logout --json print the same members each time", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox } = machine;
  const [user] = sandbox.users;
  const args = ["login", "spatiafi", "--json", "-u", user?.username ?? "", "--password-stdin"];
  const json = JSON.parse(await machine.ok(args, { input: `${user?.password}\n` }));
  assert.deepEqual(Object.keys(json), [
    "provider",
    "account",
    "clientId",
    "scope",
    "source",
    "apiUrl",
    "expiresAt",
    "saved",
  ]);
  assert.deepEqual([json.provider, json.saved], ["spatiafi", true]);
  assert(Date.parse(json.expiresAt) > Date.now());
  const out = JSON.parse(await machine.ok(["logout", "spatiafi", "--json"]));
  assert.deepEqual(Object.keys(out), [
    "refreshToken",
    "accessToken",
    "removed",
    "problems",
    "sessions",
    "left",
    "damaged",
    "forgotten",
  ]);
  assert.deepEqual([out.removed, out.left, out.sessions.length], [true, 0, 1]);
  assert.equal(out.sessions[0].clientId, json.clientId);
  const again = JSON.parse(await machine.ok(["logout", "spatiafi", "--json", "--forget"]));
  assert.deepEqual([again.removed, again.sessions, again.forgotten.length], [false, [], 2]);

  const failed = await machine.run([...args, "--directory", "/proc/onecell"], {
    input: `${user?.password}\n`,
  });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /No app credentials were created, because they could not be saved/);
});
