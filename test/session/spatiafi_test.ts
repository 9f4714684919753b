import assert from "node:assert/strict";
import { inspect } from "node:util";
import { getSession } from "../../mod.ts";
import { localTime } from "../../src/base/text.ts";
import { call, works } from "../support/call.ts";
import { scriptedPerson } from "../support/person.ts";
import { elapsed, rejects, until } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { createWorld, savedToken } from "../support/world.ts";

test("spatiafi prompts once, creates and saves app credentials, and does not prompt again", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, directory, options } = world;
  const { username, password } = world.foreigner;
  const person = scriptedPerson({ answers: [username, password] });
  const first = await getSession("spatiafi", { ...options, interactive: true, person });
  await works(first);
  assert.deepEqual(person.asked.map(({ secret }) => secret), [false, true]);
  assert.equal(first.source, `${directory}/app_credentials`);

  const saved = JSON.parse(await Deno.readTextFile(`${directory}/app_credentials`));
  // The server's whole response, as the tutorial saves it.
  assert.deepEqual(Object.keys(saved), [
    "client_id",
    "client_secret",
    "name",
    "created_at",
    "disabled",
    "onecell_server",
    "onecell_username",
  ]);
  assert.equal(first.account, saved.onecell_username);
  const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
  assert.equal(mode(`${directory}/app_credentials`), 0o600);
  assert.equal(mode(`${directory}/onecell`), 0o700);

  const second = await getSession("spatiafi", options);
  await works(second);
  assert.equal(await second.token(), await first.token());
  assert.equal(sandbox.count("spatiafi.basic"), 1);
  assert.equal(sandbox.count("spatiafi.clients"), 1);
  assert.equal(sandbox.count("spatiafi.token"), 1, "the second start uses the saved token");
  assert.deepEqual(sandbox.errors, []);
});

test("spatiafi prompts again for a mistyped password, three times in all", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, options, directory } = world;
  const { username, password } = world.user;
  const careless = scriptedPerson({ answers: [username, "wrong", username, password] });
  await getSession("spatiafi", { ...options, interactive: true, person: careless });
  assert.equal(careless.asked.length, 4);

  await Deno.remove(`${directory}/app_credentials`);
  const wrong = [username, "wrong", username, "wrong", username, "wrong", username, password];
  const stubborn = scriptedPerson({ answers: wrong });
  const attempt = getSession("spatiafi", { ...options, interactive: true, person: stubborn });
  await rejects(attempt, "login_refused", /username or password/);
  assert.equal(stubborn.asked.length, 6);
  assert.equal(stubborn.shown.at(-1)?.kind, "failed");
  assert.equal(sandbox.count("spatiafi.clients"), 1, "no credentials for a wrong password");
});

test("spatiafi stops prompting if the first prompt is stopped", async () => {
  await using world = await createWorld("spatiafi");
  const person = scriptedPerson({ answers: [null, "a-password"] });
  const attempt = getSession("spatiafi", { ...world.options, interactive: true, person });
  await rejects(attempt, "credentials_missing");
  assert.deepEqual(person.asked, [{
    text: `SpatiaFi username (for ${new URL(world.options.authUrl ?? "").host})`,
    secret: false,
  }]);
});

test("spatiafi does nothing if the person cancels, and fails at once without a person", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, options } = world;
  for (const answers of [[""], ["somebody", ""]]) {
    const person = scriptedPerson({ answers });
    await rejects(getSession("spatiafi", { ...options, interactive: true, person }), "cancelled");
  }
  const time = await elapsed(async () => {
    const error = await rejects(getSession("spatiafi", options), "credentials_missing");
    assert.match(error.message, /SPATIAFI_CLIENT_ID and SPATIAFI_CLIENT_SECRET/);
    assert(error.message.includes(`${options.directory}/app_credentials`), error.message);
  });
  assert(time < 1000, `${time} ms`);
  // A frontend that cannot prompt reports it only at the first prompt.
  const person = scriptedPerson({ answers: [] });
  const nobody = getSession("spatiafi", { ...options, interactive: true, person });
  await rejects(nobody, "credentials_missing");
  assert.deepEqual(Object.keys(sandbox.counters), []);
});

test("spatiafi renews an expired token, and once a token that the API refuses", async () => {
  await using world = await createWorld("spatiafi", { tokenLifetime: 1 });
  const { sandbox, options, credentials, directory } = world;
  const session = await getSession("spatiafi", { ...options, credentials });
  // Read the file, because `session.token()` could already renew the token on a busy machine.
  const first = (await savedToken(directory))?.["access_token"];
  assert(first !== undefined);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  sandbox.setTokenLifetime(900);
  await works(session);
  assert.notEqual(await session.token(), first);
  assert.equal(sandbox.count("spatiafi.token"), 2);
  assert.equal(sandbox.count("spatiafi.api.401"), 0, "renewed before it expired");

  sandbox.revokeAccessTokens();
  const replayed = await call(session, "/api/echo", { method: "POST", body: "again" });
  assert.equal(replayed.status, 200);
  assert.equal(replayed.json["body"], "again");
  assert.equal(sandbox.count("spatiafi.token"), 3);
  assert.equal(sandbox.count("spatiafi.api.401"), 1);
});

test("spatiafi names a refused client, and keeps the saved credentials", async () => {
  await using world = await createWorld("spatiafi");
  const { options, credentials, directory } = world;
  const wrong = { ...credentials, client_secret: "not-the-secret" };
  await Deno.writeTextFile(`${directory}/app_credentials`, JSON.stringify(wrong));
  const error = await rejects(getSession("spatiafi", options), "client_refused", /client ID/);
  assert.equal(error.error, "invalid_client");
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${directory}/app_credentials`)), wrong);
  assert.equal(await savedToken(directory), null);
});

test('spatiafi saves nothing with store: "memory"', async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, options, credentials, directory } = world;
  const session = await getSession("spatiafi", { ...options, credentials, store: "memory" });
  await works(session);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(directory)), []);
  await getSession("spatiafi", { ...options, credentials, store: "memory" });
  assert.equal(sandbox.count("spatiafi.token"), 2);
});

test("forceLogin gets a new token with the saved app credentials", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, options, directory } = world;
  const person = scriptedPerson({ answers: [world.user.username, world.user.password] });
  const first = await getSession("spatiafi", { ...options, interactive: true, person });
  const token = await first.token();
  const again = await getSession("spatiafi", { ...options, forceLogin: true });
  assert.notEqual(await again.token(), token);
  assert.equal((await savedToken(directory))?.["access_token"], await again.token());
  assert.equal(sandbox.count("spatiafi.clients"), 1);
});

test("spatiafi creates one client if two cells start at once", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, options, user, directory } = world;
  const start = () => {
    const person = scriptedPerson({ answers: [user.username, user.password] });
    return getSession("spatiafi", { ...options, interactive: true, person });
  };
  const [one, other] = await Promise.all([start(), start()]);
  assert.equal(one?.account, other?.account);
  assert.equal(sandbox.count("spatiafi.clients"), 1, "the other one would be lost");
  const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  assert.deepEqual(names.filter((name) => name.includes("backup")), []);
});

test("spatiafi: the stop button ends the creation, and nothing is saved", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, options, user, directory } = world;
  sandbox.fault("spatiafi.basic", "hang");
  const person = scriptedPerson({ answers: [user.username, user.password] });
  const session = getSession("spatiafi", { ...options, interactive: true, person });
  const ended = rejects(session, "aborted");
  await until("the sign-in", () => sandbox.count("spatiafi.basic") > 0);
  person.stop(new DOMException("stopped", "AbortError"));
  await ended;
  assert.equal(person.shown.at(-1)?.kind, "failed");
  assert.equal(sandbox.count("spatiafi.clients"), 0);
  const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  assert(!names.includes("app_credentials"));
});

test("a session describes itself in every form", async () => {
  await using world = await createWorld("spatiafi");
  const { options, credentials, api } = world;
  const session = await getSession("spatiafi", { ...options, credentials });
  const { client_id: account = "" } = credentials;
  assert.deepEqual(JSON.parse(JSON.stringify(session)), {
    provider: "spatiafi",
    account,
    source: "passed in code",
    apiUrl: `${api}/`,
    expiresAt: session.expiresAt?.toISOString(),
  });
  for (const text of [String(session), Deno.inspect(session), inspect(session)]) {
    const expires = localTime(session.expiresAt?.getTime() ?? NaN, Date.now());
    assert.equal(text, `Session(spatiafi, ${account}, expires ${expires})`);
  }
  assert.equal((await session.claims())?.["client_id"], account);
  const { fetch } = session;
  const response = await fetch("/api/info");
  await response.body?.cancel();
  assert.equal(response.status, 200, "fetch may be passed on by itself");
});
