import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import { call, works } from "../support/call.ts";
import { scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import {
  changeSavedToken,
  createWorld,
  savedToken,
  savedTokenFiles,
  type World,
} from "../support/world.ts";

const NAME = "plantpredict-okta";

/** All four values, as a script passes them. */
function complete({ credentials, user, options }: World) {
  return { ...options, credentials: { ...credentials, ...user } };
}

const expire = (token: Record<string, unknown>) => {
  token["expires_at"] = Date.now() / 1000 - 1;
};

test("password: signs in, uses the saved token, then the refresh token", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, directory, user } = world;
  const first = await getSession(NAME, complete(world));
  await works(first);
  assert.equal(first.account, user.username);
  await works(await getSession(NAME, complete(world)));
  assert.equal(sandbox.count(`${NAME}.token`), 1);

  const before = await savedToken(directory);
  await changeSavedToken(directory, expire);
  await works(await getSession(NAME, complete(world)));
  assert.equal(sandbox.count(`${NAME}.token.password`), 1);
  assert.equal(sandbox.count(`${NAME}.token.refresh_token`), 1);
  const after = await savedToken(directory);
  assert.notEqual(after?.["refresh_token"], before?.["refresh_token"], "rotated, and saved");
  assert.equal(sandbox.count("invalid_grant"), 0);
  assert.deepEqual(sandbox.errors, []);
});

test("password: a refresh token stays if the server does not repeat it", async () => {
  await using world = await createWorld(NAME, { rotateRefreshToken: false });
  const { sandbox, directory } = world;
  const session = await getSession(NAME, complete(world));
  const before = await savedToken(directory);
  sandbox.fault(`${NAME}.token`, { kind: "patch", remove: ["refresh_token"] });
  await session.refresh();
  assert.equal((await savedToken(directory))?.["refresh_token"], before?.["refresh_token"]);
  await session.refresh();
  assert.equal(sandbox.count(`${NAME}.token.password`), 1);
});

test("password: a refused refresh token leads to the password, once", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, directory } = world;
  await getSession(NAME, complete(world));
  await changeSavedToken(directory, (token) => {
    expire(token);
    token["refresh_token"] = "a-refresh-token-of-yesterday";
  });
  const session = await getSession(NAME, complete(world));
  await works(session);
  assert.equal(sandbox.count(`${NAME}.token.password`), 2);
  assert.equal(sandbox.count(`${NAME}.token.refresh_token`), 1);
});

test("password: a typed password is not saved, and not prompted for while the session lasts", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, directory, options, credentials, user } = world;
  const { client_id: id = "", client_secret: secret = "" } = credentials;
  const answers = [user.username, "wrong", id, secret, user.username, user.password, id, secret];
  const person = scriptedPerson({ answers });
  const session = await getSession(NAME, { ...options, interactive: true, person });
  await works(session);
  assert.deepEqual(
    person.asked.slice(0, 4).map(({ secret }) => secret),
    [false, true, false, true],
  );
  const text = await Deno.readTextFile(`${directory}/app_credentials`);
  assert.deepEqual(Object.keys(JSON.parse(text)).sort(), [
    "client_id",
    "client_secret",
    "onecell_server",
    "username",
  ]);
  for (const path of [...await savedTokenFiles(directory), `${directory}/app_credentials`]) {
    assert(!(await Deno.readTextFile(path)).includes(user.password), path);
  }
  // No person is needed: the saved token, then the refresh token.
  await works(await getSession(NAME, options));
  await changeSavedToken(directory, expire);
  await works(await getSession(NAME, options));
  assert.equal(sandbox.count(`${NAME}.token.refresh_token`), 1);
  // The session has ended. Only the password is prompted for again.
  await Deno.remove(`${directory}/onecell`, { recursive: true });
  await rejects(getSession(NAME, options), "credentials_missing", /PLANTPREDICT_OKTA_PASSWORD/);
  const again = scriptedPerson({ answers: [user.password] });
  await works(await getSession(NAME, { ...options, interactive: true, person: again }));
  assert.equal(again.asked.length, 1);
});

test("password: the error names a wrong one, and nothing is saved", async () => {
  await using world = await createWorld(NAME);
  const { credentials, user, options, directory } = world;
  const wrong = { ...credentials, username: user.username, password: "not-this-one" };
  const error = await rejects(
    getSession(NAME, { ...options, credentials: wrong }),
    "login_refused",
    /password/,
  );
  assert.equal(error.error, "invalid_grant");
  assert.deepEqual(await savedTokenFiles(directory), []);
});

test("two accounts and two session keys work side by side", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, credentials, user, foreigner, options, directory } = world;
  const start = (person: typeof user, sessionKey?: string) =>
    getSession(NAME, {
      ...options,
      credentials: { ...credentials, ...person },
      ...(sessionKey === undefined ? {} : { sessionKey }),
    });
  const sessions = [await start(user), await start(foreigner), await start(user, "work")];
  const tokens = await Promise.all(sessions.map((session) => session.token()));
  assert.equal(new Set(tokens).size, 3);
  assert.equal((await savedTokenFiles(directory)).length, 3);
  assert.deepEqual(sessions.map(({ account }) => account), [
    user.username,
    foreigner.username,
    user.username,
  ]);
  // Signing out of one does not end the others.
  await sessions[2]?.logout();
  await works(await start(user));
  await works(await start(foreigner));
  assert.equal(sandbox.count(`${NAME}.token`), 3);
});

test("logout also ends the session at the server, and says if it cannot", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, directory } = world;
  const session = await getSession(NAME, complete(world));
  const refreshToken = String((await savedToken(directory))?.["refresh_token"]);
  assert.deepEqual(await session.logout(), {
    refreshToken: "revoked",
    accessToken: "unsupported",
    removed: true,
    problems: [],
  });
  assert.equal(sandbox.count(`${NAME}.revoke`), 2);
  assert.deepEqual(await savedTokenFiles(directory), []);
  const { client_id = "", client_secret = "" } = world.credentials;
  const reuse = await fetch(`${world.options.authUrl}/v1/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      client_id,
      client_secret,
    }),
  });
  assert.equal((await reuse.json()).error, "invalid_grant", "the server knows");

  const other = await getSession(NAME, complete(world));
  sandbox.fault(`${NAME}.revoke`, { kind: "status", status: 500 }, 2);
  const report = await other.logout();
  assert.equal(report.refreshToken, "failed");
  assert.equal(report.accessToken, "failed");
  assert.equal(report.removed, true, "what is here is removed all the same");
  assert.deepEqual(report.problems.map(({ code }) => code), ["server_error", "server_error"]);
  await rejects(call(other), "login_required");
});
