import assert from "node:assert/strict";
import { keepUsername, loginUse } from "../../src/manage/given_login.ts";
import { openProfile } from "../../src/profile/profile.ts";
import * as lazy from "../../src/lazy.ts";
import { rejects } from "../support/rejects.ts";
import { TestFolder } from "../support/folder.ts";
import { test } from "../support/tests.ts";

const profileIn = ({ path: directory }: TestFolder, provider: string) =>
  openProfile(provider, { directory }, "test", "session", lazy);

test("loginUse() says what a username and password would do", async () => {
  await using folder = await TestFolder.make();
  const use = async (provider: string, force = false) =>
    await loginUse(await profileIn(folder, provider), force);
  assert.deepEqual(await use("plantpredict-okta"), { kind: "sign_in" });
  assert.deepEqual(await use("ocs"), { kind: "unsupported" });
  assert.deepEqual(await use("spatiafi"), { kind: "create", replaces: false });
  assert.deepEqual(await use("spatiafi", true), { kind: "create", replaces: false });
  const path = folder.at("app_credentials");
  await Deno.writeTextFile(path, '{"client_id": "a", "client_secret": "b"}');
  const sources = [{ kind: "file", path }];
  assert.deepEqual(await use("spatiafi"), { kind: "unused", sources });
  assert.deepEqual(await use("spatiafi", true), { kind: "create", replaces: true });
  await Deno.writeTextFile(path, "{");
  await rejects(use("spatiafi"), "credentials_damaged");
});

test("keepUsername() saves a username unless another user's is saved", async () => {
  await using folder = await TestFolder.make();
  const path = folder.at("app_credentials");
  const keep = async (username: string | undefined, provider = "plantpredict-okta") =>
    await keepUsername(await profileIn(folder, provider), username);
  assert.deepEqual(await keep(undefined), { kind: "not_needed" });
  assert.deepEqual(await keep("ada", "spatiafi"), { kind: "not_needed" });
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  assert.deepEqual(await keep("ada"), { kind: "kept" });
  assert.deepEqual(await keep("ada"), { kind: "kept" });
  const saved = '{\n  "username": "ada"\n}';
  assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), JSON.parse(saved));
  const variable = "PLANTPREDICT_OKTA_USERNAME";
  assert.deepEqual(await keep("bob"), { kind: "other_saved", variable });
  assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), JSON.parse(saved));
  await Deno.writeTextFile(path, '{"password": "somebody\'s"}');
  assert.deepEqual(await keep("ada"), { kind: "other_saved", variable });
  await Deno.writeTextFile(path, "{");
  const failed = await keep("ada");
  assert.equal(failed.kind, "failed");
  assert.equal(failed.kind === "failed" && failed.problem.code, "credentials_damaged");
  assert.equal(await Deno.readTextFile(path), "{");
});
