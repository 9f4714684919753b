import assert from "node:assert/strict";
import { test } from "../support/tests.ts";
import { Machine } from "./onecell.ts";

test("switch chooses the account for the other commands, and --account overrides it once", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const [first, second] = machine.sandbox.users;
  assert(first && second);
  const login = (user: typeof first, ...more: string[]) =>
    machine.ok(["login", "spatiafi", "--user", user.username, "--password-stdin", ...more], {
      input: `${user.password}\n`,
    });
  await login(first);
  const told = await login(second, "--account", "Work");
  assert.match(told, /\n {2}Account work \(chosen by the option account\)\n/);
  assert.equal(await machine.ok(["switch", "spatiafi"]), "* default\n  work\n");

  assert.equal(
    await machine.ok(["switch", "spatiafi", "work"]),
    "✓ SpatiaFi uses the account work\n",
  );
  assert.equal(
    await machine.ok(["switch", "spatiafi"]),
    "  default\n* work (chosen by onecell switch)\n",
  );
  const status = await machine.ok(["status", "spatiafi"]);
  assert.match(status, /^✓ SpatiaFi \(spatiafi\): signed in as jürgen-\S+@example\.com\n/);
  assert.match(status, / \[work\]: access token expires/i);
  assert.match(status, /Account: work \(chosen by onecell switch\)\n {2}Other accounts: default\n/);
  const tokens = await Promise.all([
    machine.ok(["token", "spatiafi"]),
    machine.ok(["token", "spatiafi", "--account", "work"]),
    machine.ok(["token", "spatiafi", "--account", "default"]),
  ]);
  assert.equal(tokens[0], tokens[1]);
  assert.notEqual(tokens[0], tokens[2]);
  assert.match(
    await machine.ok(["doctor", "spatiafi"]),
    /Account name: work \(chosen by onecell switch\)/,
  );

  // A variable comes first, and the command says so.
  const env = { SPATIAFI_ACCOUNT: "default" };
  const hidden = await machine.run(["switch", "spatiafi", "work"], { env });
  assert.equal(hidden.code, 0);
  assert.match(
    hidden.stderr,
    /^onecell: SPATIAFI_ACCOUNT is set and takes precedence: it names default/,
  );
  assert.deepEqual(JSON.parse(await machine.ok(["switch", "spatiafi", "--json"], { env })), {
    provider: "spatiafi",
    account: "default",
    from: "SPATIAFI_ACCOUNT",
    accounts: ["default", "work"],
  });

  await machine.ok(["switch", "spatiafi", "--default"]);
  assert.equal(await machine.ok(["token", "spatiafi"]), tokens[2]);
  const wrong = await machine.run(["switch", "spatiafi", "wrok"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /credentials_missing: There is no account "wrok".*default, work/);
  const missing = await machine.run(["token", "spatiafi", "--account", "wrok"]);
  assert.match(missing.stderr, /saved for SpatiaFi: default, work\. /);
  for (const args of [["switch"], ["switch", "spatiafi", "work", "--default"]]) {
    assert.equal((await machine.run(args)).code, 2, args.join(" "));
  }
});
