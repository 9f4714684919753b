import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import { call, works } from "../support/call.ts";
import { type Answer, scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import {
  changeSavedToken,
  createWorld,
  savedToken,
  savedTokenFiles,
  type World,
} from "../support/world.ts";

const NAME = "fourinsight";

/** Signs in with a code that the person pastes. */
function paste({ options, credentials }: World, ...answers: Answer[]) {
  const person = scriptedPerson({ answers });
  return {
    person,
    session: getSession(NAME, { ...options, credentials, interactive: true, person }),
  };
}

test("fourinsight: a pasted sign-in code signs in, and the session renews automatically", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, options, credentials, directory } = world;
  const { person, session } = paste(world, () => sandbox.signInForPackage());
  const first = await session;
  await works(first);
  const [link] = person.shown.filter(({ kind }) => kind === "link");
  assert.equal(link?.kind === "link" && link.url, `${options.authUrl}/auth`);
  assert.deepEqual(person.asked.map(({ secret }) => secret), [true]);

  await works(await getSession(NAME, { ...options, credentials }));
  assert.equal(sandbox.count(`${NAME}.token`), 1);
  await changeSavedToken(directory, (token) => token["expires_at"] = Date.now() / 1000 - 1);
  await works(await getSession(NAME, { ...options, credentials }));
  assert.equal(sandbox.count(`${NAME}.token.refresh_token`), 1);
  // The endpoint came with the sign-in code, and is saved with the token.
  const endpoint = `${options.authUrl}/oauth2/v2.0/token`;
  assert.equal((await savedToken(directory))?.["token_endpoint"], endpoint);
  assert.deepEqual(sandbox.errors, []);
});

test("fourinsight: the error for a session that cannot be renewed says that a person is needed", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, options, credentials, directory } = world;
  const { session } = paste(world, () => sandbox.signInForPackage());
  await session;
  await changeSavedToken(directory, (token) => {
    token["expires_at"] = Date.now() / 1000 - 1;
    token["refresh_token"] = "a-refresh-token-of-yesterday";
  });
  const nobody = getSession(NAME, { ...options, credentials });
  await rejects(nobody, "login_required", /person/);
  // With a person, the sign-in starts again.
  const again = paste(world, () => sandbox.signInForPackage());
  await works(await again.session);
  assert.equal(again.person.asked.length, 1);
});

test("fourinsight: a second session key is a second session, and forceLogin signs in again", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, options, credentials, directory } = world;
  const answers = [1, 2, 3].map(() => () => sandbox.signInForPackage());
  const person = scriptedPerson({ answers });
  const start = (extra: Record<string, unknown>) =>
    getSession(NAME, { ...options, credentials, interactive: true, person, ...extra });
  const first = await start({});
  const work = await start({ sessionKey: "work" });
  assert.notEqual(await first.token(), await work.token());
  assert.equal((await savedTokenFiles(directory)).length, 2);
  const anew = await start({ sessionKey: "work", forceLogin: true });
  assert.notEqual(await anew.token(), await work.token());
  assert.equal((await savedTokenFiles(directory)).length, 2);
  assert.equal(await (await start({})).token(), await first.token());
  assert.equal(person.asked.length, 3);
});

test("fourinsight: a wrong paste is prompted for again, three times in all", async () => {
  await using world = await createWorld(NAME);
  const { sandbox } = world;
  const good = () => sandbox.signInForPackage();
  const patient = paste(world, "not a package", '{"endpoint":', good);
  await works(await patient.session);
  assert.equal(patient.person.asked.length, 3);
  assert.match(patient.person.asked[1]?.text ?? "", /whole sign-in code.*Paste/);

  await Deno.remove(`${world.directory}/onecell`, { recursive: true });
  const stubborn = paste(world, "no", "no", "no", good);
  await rejects(stubborn.session, "invalid_argument", /whole sign-in code/);
  assert.equal(stubborn.person.shown.at(-1)?.kind, "failed");
  await rejects(paste(world, "").session, "cancelled");
});

test("fourinsight: a sign-in code that names another server receives no secret", async () => {
  await using world = await createWorld(NAME);
  const arrived: string[] = [];
  await using thief = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    arrived.push(request.url);
    return new Response("{}");
  });
  const endpoint = `http://127.0.0.1:${thief.addr.port}/oauth2/v2.0/token`;
  const elsewhere = JSON.stringify({ endpoint, code: "a-code" });
  await rejects(paste(world, elsewhere, elsewhere, elsewhere).session, "foreign_origin");
  const plain = JSON.stringify({ endpoint: "http://4insight.io/token", code: "a-code" });
  await rejects(paste(world, plain, plain, plain).session, "insecure_url");
  assert.deepEqual(arrived, []);
});

test("fourinsight: a used code is refused", async () => {
  await using world = await createWorld(NAME);
  const used = await world.sandbox.signInForPackage();
  await (await paste(world, used).session).logout();
  await rejects(paste(world, used).session, "grant_refused", /used before/);
});

test("fourinsight: the internal API is refused, and pages are followed", async () => {
  await using world = await createWorld(NAME);
  const { sandbox, options, credentials } = world;
  const { session } = paste(world, () => sandbox.signInForPackage());
  const { apiUrl } = options;
  const s = await session;
  for (const url of ["/internal/x", "/v1/Internal", "/%69nternal/x", "/v1//internal"]) {
    await rejects(call(s, url), "invalid_argument", /internal/);
  }
  const pages = await Array.fromAsync(s.pages<{ value: { page: number }[] }>("/api/odata"));
  assert.deepEqual(pages.map(({ value }) => value[0]?.page), [1, 2, 3]);
  const foreign = s.pages(`/api/odata?next=${encodeURIComponent("https://example.com/x")}`);
  await rejects(Array.fromAsync(foreign), "foreign_origin");
  const retried = { kind: "status", status: 413, headers: { "retry-after": "0" } } as const;
  sandbox.fault(`${NAME}.api`, retried);
  assert.equal((await call(s, `${apiUrl}/api/echo`, { method: "POST", body: "x" })).status, 200);
  assert.deepEqual(Object.keys(credentials).sort(), ["client_id", "client_secret"]);
});
