import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import type { SystemName } from "../../examples/sandbox/mod.ts";
import { call, cardText, works } from "../support/call.ts";
import { scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import {
  changeSavedToken,
  createWorld,
  savedToken,
  savedTokenFiles,
  type World,
} from "../support/world.ts";

interface Row {
  name: SystemName;
  /** Token requests at the second start, while the first token is still valid. */
  again: number;
}

const SYSTEMS: Row[] = [
  { name: "plantpredict", again: 0 },
  { name: "ocs", again: 0 },
  { name: "fourinsight-client", again: 1 },
];

const eachSystem = (check: (world: World, row: Row) => Promise<void>) =>
  eachRow(SYSTEMS, async (row) => {
    await using world = await createWorld(row.name);
    await check(world, row);
    assert.deepEqual(world.sandbox.errors, []);
  });

test("client credentials: a second start uses the saved token, if the system saves tokens", () =>
  eachSystem(async ({ sandbox, options, credentials, directory }, { name, again }) => {
    const first = await getSession(name, { ...options, credentials });
    await works(first);
    assert.equal(first.provider, name);
    assert.equal(first.account, credentials["client_id"]);
    assert.equal(first.source, "passed in code");
    assert(Math.abs((first.expiresAt?.getTime() ?? 0) - Date.now() - 900_000) < 10_000);

    const second = await getSession(name, { ...options, credentials });
    await works(second);
    assert.equal(sandbox.count(`${name}.token`), 1 + again);
    assert.equal(await second.token() === await first.token(), again === 0);
    assert.equal((await savedTokenFiles(directory)).length, again === 0 ? 1 : 0);
  }));

test("client credentials: an expired or damaged saved token is replaced", () =>
  eachSystem(async ({ sandbox, options, credentials, directory }, { name, again }) => {
    if (again === 1) return;
    const start = () => getSession(name, { ...options, credentials });
    await start();
    await changeSavedToken(directory, (token) => token["expires_at"] = Date.now() / 1000 - 1);
    await works(await start());
    const [path = ""] = await savedTokenFiles(directory);
    await Deno.writeTextFile(path, '{"access_token":"cut sho');
    await works(await start());
    assert.equal(sandbox.count(`${name}.token`), 3);
    assert.notEqual(await savedToken(directory), null);
    const names = (await Array.fromAsync(Deno.readDir(`${directory}/onecell`))).map((e) => e.name);
    assert.equal(names.filter((name) => name.includes(".damaged-")).length, 1, names.join());
  }));

test("client credentials: a 401 leads to one renewal and one retry", () =>
  eachSystem(async ({ sandbox, options, credentials }, { name }) => {
    const session = await getSession(name, { ...options, credentials });
    await works(session);
    sandbox.revokeAccessTokens();
    await works(session);
    assert.equal(sandbox.count(`${name}.token`), 2);
    assert.equal(sandbox.count(`${name}.api.401`), 1);
    // An API that refuses every token gets two requests. The second refusal is returned.
    const always = { kind: "status", status: 401 } as const;
    sandbox.fault(`${name}.api`, always, 9);
    assert.equal((await call(session)).status, 401);
    assert.equal((await call(session)).status, 401);
    assert.equal(sandbox.count(`${name}.token`), 3, "no new token for every refusal");
    sandbox.clearFaults();
    await works(session);
  }));

test("client credentials: a refused client is named, and nothing is saved", () =>
  eachSystem(async ({ options, credentials, directory }, { name }) => {
    const wrong = { ...credentials, client_secret: "not-the-secret" };
    const error = await rejects(
      getSession(name, { ...options, credentials: wrong }),
      "client_refused",
    );
    assert.match(error.message, /client ID and secret/);
    assert(!Deno.inspect(error).includes("not-the-secret"));
    assert.deepEqual(await savedTokenFiles(directory), []);
  }));

test("client credentials: logout reports what it did, and ends the session", () =>
  eachSystem(async ({ sandbox, options, credentials, directory }, { name }) => {
    const session = await getSession(name, { ...options, credentials });
    assert.deepEqual(await session.logout(), {
      refreshToken: "none",
      accessToken: "unsupported",
      removed: true,
      problems: [],
    });
    assert.deepEqual(await savedTokenFiles(directory), []);
    await rejects(session.fetch("/api/info"), "login_required", /signed out of this session/);
    assert.equal(sandbox.count(`${name}.token`), 1);
    assert.match(String(session), /, signed out\)$/);
    assert.deepEqual([session.expiresAt, session.account], [undefined, undefined]);
    assert.equal(session.toJSON()["expiresAt"], undefined);
    assert.match(await cardText(session), /^✗ Signed out of /);
    assert.equal((await session.logout()).removed, false);
  }));

test("client credentials: typed values are saved after they worked", () =>
  eachSystem(async ({ sandbox, options, credentials, directory }, { name, again }) => {
    const { client_id: id = "", client_secret: secret = "", ...rest } = credentials;
    const file = `${directory}/app_credentials`;
    const defaults: Record<string, string> = {};
    if (name === "ocs") defaults["resource"] = rest["resource"] ?? "";
    const tenant = rest["tenant_id"] === undefined ? [] : [rest["tenant_id"]];
    const wrong = [...tenant, id, "mistyped"];
    const right = [...tenant, id, secret];
    const person = scriptedPerson({ answers: [...wrong, ...right] });
    const typed = { ...options, credentials: defaults, interactive: true, person };
    const session = await getSession(name, typed);
    await works(session);
    assert.equal(person.asked.length, wrong.length + right.length);
    assert.equal(person.asked.at(-1)?.secret, true);
    const saved = JSON.parse(await Deno.readTextFile(file));
    assert.equal(saved["client_secret"], secret);
    assert.equal(saved["client_id"], id);
    const second = await getSession(name, { ...options, credentials: defaults });
    assert.equal(second.source, file);
    // The mistyped values got no token.
    assert.equal(sandbox.count(`${name}.token.200`), 1 + again);
  }));

test("ocs finds its endpoints by discovery, and its probe works", async () => {
  await using world = await createWorld("ocs");
  const { sandbox, options, credentials } = world;
  const session = await getSession("ocs", { ...options, credentials });
  assert.equal(sandbox.count("ocs.discovery"), 1);
  await session.verify();
  await session.refresh();
  assert.equal(sandbox.count("ocs.discovery"), 1, "discovered once for a session");
  assert.equal(sandbox.count("ocs.token"), 2);

  const elsewhere = { ...credentials, tenant_id: crypto.randomUUID() };
  const other = await getSession("ocs", { ...options, credentials: elsewhere });
  const error = await rejects(other.verify(), "api_error", /tenant/);
  assert.equal(error.status, 404);
});

test("the error for a provider without a probe says so", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  await rejects(session.verify(), "unsupported", /probe/);
});

test("a scope that the client may not use is named", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox } = world;
  const asked = getSession("plantpredict", { ...options, credentials, scope: "everything" });
  const error = await rejects(asked, "grant_refused", /scope/);
  assert.equal(error.error, "invalid_scope");
  // Another scope is another token. The sessions do not share one.
  await getSession("plantpredict", { ...options, credentials, scope: "transactions/get" });
  await getSession("plantpredict", { ...options, credentials });
  assert.equal(sandbox.count("plantpredict.token.200"), 2);
});
