import assert from "node:assert/strict";
import { defineProvider, getSession, logout, saveCredentials } from "../../mod.ts";
import { isOfSameClient } from "../../src/renewal/logout_saved.ts";
import { TestFolder } from "../support/folder.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { changeSavedToken, createWorld, savedTokenFiles } from "../support/world.ts";

const key = (provider: string, server: string, client: string) =>
  JSON.stringify([provider, server, client, "", "", "", ""]);

test("only a client's own key is used to revoke its tokens", () => {
  const own = key("x", "https://a.example", "c");
  const rows: [string, boolean][] = [
    [key("x", "https://a.example", "c"), true],
    [JSON.stringify(["x", "https://a.example", "c", "user", "scope", "", "work"]), true],
    [key("y", "https://a.example", "c"), false],
    [key("x", "https://b.example", "c"), false],
    [key("x", "https://a.example", "d"), false],
    ["not a key", false],
    ["[1]", false],
  ];
  for (const [other, expected] of rows) assert.equal(isOfSameClient(own, other), expected, other);
  assert.equal(isOfSameClient("nonsense", "nonsense"), false);
});

test("logout() ends the session that getSession would open; with all it ends every session", async () => {
  await using world = await createWorld("plantpredict-okta");
  const { options: { interactive: _, ...options }, sandbox, user, directory } = world;
  const credentials = { ...world.credentials, ...user };
  for (const sessionKey of ["a", "b", "c"]) {
    await getSession("plantpredict-okta", { ...options, credentials, sessionKey });
  }
  const one = await logout("plantpredict-okta", { ...options, credentials, sessionKey: "a" });
  assert.deepEqual(
    [one.refreshToken, one.accessToken, one.removed, one.left, one.problems, one.forgotten],
    ["revoked", "unsupported", true, 2, [], undefined],
  );
  const [session] = one.sessions;
  assert.deepEqual(
    [session?.account, session?.clientId, session?.sessionKey, session?.told],
    [user.username, world.credentials["client_id"], "a", true],
  );
  assert(Math.abs(Number(session?.expiresAt) - Date.now()) < 3_700_000);
  const again = await logout("plantpredict-okta", { ...options, credentials, sessionKey: "a" });
  assert.deepEqual([again.refreshToken, again.sessions, again.removed, again.left], [
    "none",
    [],
    false,
    2,
  ]);

  // One server fails for one token. The other session still ends, and the failure is reported.
  sandbox.fault("plantpredict-okta.revoke", "401", 1);
  const all = await logout("plantpredict-okta", { ...options, credentials, all: true });
  assert.equal(all.sessions.length, 2);
  assert.equal(all.refreshToken, "failed");
  assert.equal(all.problems.length, 1);
  assert.deepEqual([all.removed, all.left], [true, 0]);
  assert.deepEqual(await savedTokenFiles(directory), []);
});

test("logout() sends the tokens of another server nowhere", async () => {
  await using world = await createWorld("plantpredict-okta");
  const { options: { interactive: _, ...options }, sandbox, user, directory } = world;
  const credentials = { ...world.credentials, ...user };
  await getSession("plantpredict-okta", { ...options, credentials });
  // The same provider and client, at another server.
  await changeSavedToken(directory, (token) => {
    const parts = JSON.parse(String(token["key"]));
    parts[1] = "https://production.example.com/token";
    token["key"] = JSON.stringify(parts);
  });
  sandbox.reset();
  const report = await logout("plantpredict-okta", { ...options, credentials, all: true });
  assert.equal(sandbox.count("plantpredict-okta.revoke"), 0);
  assert.equal(report.sessions[0]?.told, false);
  assert.deepEqual([report.refreshToken, report.accessToken], ["unsupported", "unsupported"]);
});

test("logout() with forget removes the app credentials, and names the files", async () => {
  await using world = await createWorld("plantpredict");
  const { options: { interactive: _, ...options }, credentials } = world;
  const { path } = await saveCredentials("plantpredict", credentials, options);
  await getSession("plantpredict", world.options);
  const report = await logout("plantpredict", { ...options, forget: true });
  assert.deepEqual([report.sessions.length, report.forgotten], [1, [path]]);
  const none = await logout("plantpredict", { ...options, all: true, forget: true });
  assert.deepEqual([none.sessions, none.forgotten], [[], []]);
});

test("logout() checks its options, and stops with its signal", async () => {
  await rejects(logout("plantpredict", { all: "yes" } as never), "invalid_argument", /"all"/);
  await rejects(logout("plantpredict", { forget: 1 } as never), "invalid_argument", /"forget"/);
  await rejects(logout("plantpredict", { alll: true } as never), "invalid_argument", /"alll"/);
  await rejects(logout("plantpredct"), "unknown_provider");
  await using world = await createWorld("plantpredict");
  const { options: { interactive: _, ...options }, credentials, directory } = world;
  await getSession("plantpredict", { ...world.options, credentials });
  const signal = AbortSignal.abort();
  await rejects(logout("plantpredict", { ...options, credentials, signal }), "aborted");
  assert.equal((await savedTokenFiles(directory)).length, 1);
});

test("logout() with all keeps another system's session in the same folder", async () => {
  await using world = await createWorld("plantpredict");
  const { options: { interactive: _, ...options }, credentials, directory } = world;
  await getSession("plantpredict", { ...world.options, credentials });
  await getSession("plantpredict", { ...world.options, credentials, sessionKey: "theirs" });
  await changeSavedToken(directory, (token) => {
    const parts = JSON.parse(String(token["key"]));
    parts[0] = "another-system";
    token["key"] = JSON.stringify(parts);
  });
  const report = await logout("plantpredict", { ...options, credentials, all: true });
  assert.deepEqual([report.sessions.length, report.left], [1, 0]);
  assert.equal((await savedTokenFiles(directory)).length, 1);
});

test("logout() removes what a killed writer left, even if no session was saved (trust 13)", async () => {
  for (const all of [false, true]) {
    for (const hasCredentials of [false, true]) {
      await using folder = await TestFolder.make();
      const provider = defineProvider({
        name: "killed",
        apiUrl: "https://api.example.com",
        issuer: "https://login.example.com",
      });
      const options = { directory: folder.path };
      if (hasCredentials) {
        await saveCredentials(provider, { client_id: "c", client_secret: "s" }, options);
      }
      await Deno.mkdir(folder.at("onecell"), { recursive: true });
      const left = folder.at("onecell", `.onecell-${"0".repeat(32)}.tmp`);
      await Deno.writeTextFile(left, "a refresh token");
      const other = folder.at("onecell", ".other.tmp");
      await Deno.writeTextFile(other, "another program's");
      await logout(provider, { ...options, all });
      await assert.rejects(Deno.lstat(left), Deno.errors.NotFound);
      assert((await Deno.lstat(other)).isFile);
    }
  }
});
