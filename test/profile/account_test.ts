import assert from "node:assert/strict";
import { get_session, getSession, load_credentials, load_spatiafi_credentials } from "../../mod.ts";
import { connect } from "../../src/connect.ts";
import { findCredentials } from "../../src/profile/find_credentials.ts";
import { profileOf } from "../../src/profile/profile.ts";
import { storeDrivers } from "../../src/lazy.ts";
import { findProvider } from "../../src/providers/registry.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { works } from "../support/call.ts";
import { scriptedPerson } from "../support/person.ts";
import { rejects, throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

test("an account has its own app credentials and tokens; a session key has its own tokens only", async () => {
  await using world = await createWorld("spatiafi");
  const { options, user, foreigner, directory, sandbox } = world;
  const sign = async (who: typeof user, more: Record<string, string>) => {
    const person = scriptedPerson({ answers: [who.username, who.password] });
    const session = await getSession("spatiafi", {
      ...options,
      ...more,
      interactive: true,
      person,
    });
    await works(session);
    return { session, asked: person.asked.length };
  };
  const first = await sign(user, {});
  const work = await sign(foreigner, { account: "Work" });
  const batch = await sign(foreigner, { sessionKey: "batch" });
  assert.deepEqual([first.asked, work.asked, batch.asked], [2, 2, 0]);
  assert.notEqual(work.session.account, first.session.account);
  assert.equal(batch.session.account, first.session.account);
  assert.equal(work.session.source, `${directory}/app_credentials.work`);
  assert.equal(
    new Set(await Promise.all([first, work, batch].map((s) => s.session.token()))).size,
    3,
  );
  await works(await getSession("spatiafi", { ...options, account: "work" }));
  assert.equal(sandbox.count("spatiafi.clients"), 2);
  await rejects(
    getSession("spatiafi", { ...options, account: "none" }),
    "credentials_missing",
    /app_credentials\.none/,
  );
});

test("an account's name comes from the options, the system's variable, or the module's variable", async () => {
  const spatiafi = await findProvider("spatiafi");
  const runtime = await currentRuntime();
  const account = (environment: Record<string, string>, given?: string) =>
    profileOf(spatiafi, given === undefined ? {} : { account: given }, {
      ...runtime,
      getEnvironment: (name) => environment[name],
    }, storeDrivers).account;
  const both = { SPATIAFI_ACCOUNT: "a", ONECELL_ACCOUNT: "b" };
  assert.equal(account({}), undefined);
  assert.equal(account(both), "a");
  assert.equal(account({ ONECELL_ACCOUNT: "b" }), "b");
  assert.equal(account({ SPATIAFI_ACCOUNT: " " }), undefined);
  assert.equal(account(both, "ada@example.com"), "ada@example.com");
  for (
    const wrong of ["json", "JSON", "backup-1", "../x", "a/b", "a\\b", ".", "a.", "", " ", "a\n"]
  ) {
    if (wrong.trim() !== "") throws(() => account({}, wrong), "invalid_argument");
  }
});

test("forceLogin prompts again if there is a person, and otherwise gets another token", async () => {
  await using world = await createWorld("spatiafi");
  const { options, user, foreigner, sandbox } = world;
  const asking = (who: typeof user) => ({
    ...options,
    interactive: true,
    person: scriptedPerson({ answers: [who.username, who.password] }),
  });
  const first = await getSession("spatiafi", asking(user));
  const again = await getSession("spatiafi", { ...asking(foreigner), forceLogin: true });
  assert.notEqual(again.account, first.account);
  await works(again);
  assert.equal(sandbox.count("spatiafi.clients"), 2);
  const silent = await getSession("spatiafi", { ...options, forceLogin: true });
  assert.equal(silent.account, again.account);
  assert.equal(sandbox.count("spatiafi.clients"), 2);
});

test("a username and a password as credentials enrol once for each person", async () => {
  await using world = await createWorld("spatiafi");
  const { options, user, foreigner, sandbox } = world;
  const sign = async (credentials: Record<string, string>) =>
    await getSession("spatiafi", { ...options, credentials });
  const first = await sign({ ...user });
  await works(first);
  assert.equal((await sign({ ...user })).account, first.account);
  assert.equal(sandbox.count("spatiafi.clients"), 1);
  assert.notEqual((await sign({ ...foreigner })).account, first.account);
  assert.equal(sandbox.count("spatiafi.clients"), 2);
  await rejects(sign({ username: "somebody-else" }), "credentials_missing");
  await rejects(sign({ ...user, password: "wrong", username: "x" }), "login_refused");
});

test("unknown names of credentials are refused, with a suggestion (11.1)", () =>
  eachRow<{ name: string; values: Record<string, unknown>; says: RegExp }>([
    { name: "clientId", values: { clientId: "a", clientSecret: "b" }, says: /mean client_id\?/ },
    {
      name: "client-secret",
      values: { client_id: "a", "client-secret": "b" },
      says: /client_secret\?/,
    },
    {
      name: "tenant",
      values: { client_id: "a", client_secret: "b", tenant: "c" },
      says: /takes client_id/,
    },
    { name: "constructor", values: { constructor: "a" }, says: /takes client_id/ },
  ], async ({ values, says }) => {
    await using world = await createWorld("plantpredict");
    const { options, directory, credentials } = world;
    await Deno.writeTextFile(`${directory}/app_credentials`, JSON.stringify(credentials));
    const session = getSession("plantpredict", {
      ...options,
      credentials: values,
    });
    await rejects(session, "invalid_argument", says);
  }));

test("half a pair in the options is completed from no other source (11.1)", async () => {
  await using world = await createWorld("plantpredict");
  const { options, directory, credentials } = world;
  await Deno.writeTextFile(`${directory}/app_credentials`, JSON.stringify(credentials));
  const half = { ...options, credentials: { client_id: "mine" } };
  await rejects(getSession("plantpredict", half), "credentials_missing", /client secret/);
});

test("get_session() and load_credentials() default to the tutorial's system; getSession() has no default", async () => {
  await using world = await createWorld("spatiafi");
  const { options, directory, credentials } = world;
  await Deno.writeTextFile(`${directory}/app_credentials`, JSON.stringify(credentials));
  await works(await get_session(undefined, options));
  for (
    const load of [
      () => load_credentials(undefined, { directory }),
      () => load_spatiafi_credentials({ directory }),
    ]
  ) {
    assert.equal((await load()).provider, "spatiafi");
    for (const name of ["CLIENT_ID", "CLIENT_SECRET"]) {
      Deno.env.delete(name);
      Deno.env.delete(`SPATIAFI_${name}`);
    }
  }
  const nothing = undefined as unknown as string;
  await rejects(getSession(nothing), "unknown_provider");
});

test("Object.prototype has no influence (trust 9)", async () => {
  const spatiafi = await findProvider("spatiafi");
  const runtime = { ...await currentRuntime(), getEnvironment: () => undefined };
  const names = [
    "authUrl",
    "issuer",
    "apiUrl",
    "directory",
    "account",
    "origins",
    "probe",
    "token",
  ];
  const prototype = Object.prototype as Record<string, unknown>;
  try {
    for (const name of names) prototype[name] = "https://evil.example";
    const profile = profileOf(
      spatiafi,
      { credentials: { client_id: "a", client_secret: "b" } },
      runtime,
      storeDrivers,
    );
    const { system } = connect(profile, await findCredentials(profile));
    assert.equal(system.endpoints.token, "https://auth.spatiafi.com/api/v1/auth/jwt/token");
    assert.deepEqual([system.issuer, system.probe], [undefined, undefined]);
    assert.deepEqual([...system.origins], ["https://api.spatiafi.com"]);
  } finally {
    for (const name of names) delete prototype[name];
  }
});
