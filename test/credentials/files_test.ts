import assert from "node:assert/strict";
import {
  createCredentials,
  defineProvider,
  forgetCredentials,
  getSession,
  importCredentials,
  saveCredentials,
} from "../../mod.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { withLock } from "../../src/store/lock.ts";
import { works } from "../support/call.ts";
import { scriptedPerson } from "../support/person.ts";
import { elapsed, rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld, savedToken, type World } from "../support/world.ts";

const FILE = "app_credentials";

/** The folder of the credentials. */
const place = ({ options: { interactive: _, ...rest } }: World) => rest;

const names = async (directory: string) =>
  (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();

test("a credentials file is found under either name, and a missing one is not an error", () =>
  eachRow([FILE, `${FILE}.json`].map((name) => ({ name })), async ({ name }) => {
    await using world = await createWorld("spatiafi");
    const { options, credentials, directory } = world;
    const person = scriptedPerson();
    await rejects(getSession("spatiafi", { ...options, person }), "credentials_missing");
    await Deno.writeTextFile(`${directory}/${name}`, JSON.stringify(credentials));
    const session = await getSession("spatiafi", options);
    assert.equal(session.source, `${directory}/${name}`);
    await works(session);
  }));

test("a damaged credentials file is not read if every value has a default", async () => {
  await using world = await createWorld("spatiafi");
  const { directory } = world;
  await Deno.writeTextFile(`${directory}/${FILE}`, "{");
  const provider = defineProvider({
    name: "public",
    apiUrl: "https://api.example.com",
    authUrl: "https://auth.example.com",
    endpoints: { token: "/token", authorization: "/authorize" },
    grant: "authorization_code",
    clientAuthentication: "none",
    defaults: { client_id: "public-client" },
  });
  const signIn = getSession(provider, { directory, interactive: false });
  await rejects(signIn, "login_required");
});

test("a damaged credentials file is named in the error, stays unchanged, and blocks no other source", () =>
  eachRow([
    { name: "cut short", text: '{"client_id":"a","client_se', message: /not valid JSON/ },
    { name: "empty", text: "", message: /not valid JSON/ },
    { name: "a list", text: "[]", message: /is not a JSON object/ },
    { name: "a text", text: '"secret-value"', message: /is not a JSON object/ },
    { name: "no secret", text: '{"client_id":"a"}', message: /has no client_secret/ },
    { name: "no id", text: '{"client_secret":"s3cr3t-v4lue"}', message: /has no client_id/ },
    { name: "a secret of null", text: '{"client_id":"a","client_secret":null}', message: /has no/ },
    { name: "binary", text: "\u0000\uffff", message: /./ },
    { name: "huge", text: `"${"x".repeat(1_000_001)}"`, message: /is too large/ },
  ], async ({ text, message }) => {
    await using world = await createWorld("spatiafi");
    const { options, credentials, directory, sandbox } = world;
    const path = `${directory}/${FILE}`;
    await Deno.writeTextFile(path, text);
    const person = scriptedPerson({ answers: [world.user.username, world.user.password] });
    const asking = { ...options, interactive: true, person };
    const error = await rejects(getSession("spatiafi", asking), "credentials_damaged", message);
    assert(error.message.includes(path));
    assert(!Deno.inspect(error).includes("s3cr3t"), "the file's contents are repeated");
    assert.equal(person.asked.length, 0, "asking would hide it");
    assert.equal(await Deno.readTextFile(path), text);
    await works(await getSession("spatiafi", { ...options, credentials }));
    assert.equal(sandbox.count("spatiafi.clients"), 0);
  }));

test("saveCredentials() writes what Python reads, and keeps the existing values", async () => {
  await using world = await createWorld("spatiafi");
  const { credentials, directory, options } = world;
  const saved = await saveCredentials(
    "spatiafi",
    { ...credentials, ...JSON.parse('{"extra":1}') },
    place(world),
  );
  assert.equal(saved.provider, "spatiafi");
  assert.equal(saved.path, `${directory}/${FILE}`);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${directory}/${FILE}`)), {
    ...credentials,
    extra: 1,
    onecell_server: new URL(options.authUrl ?? "").origin,
  });
  assert.equal(((await Deno.stat(`${directory}/${FILE}`)).mode ?? 0) & 0o777, 0o600);
  await works(await getSession("spatiafi", options));

  await saveCredentials("spatiafi", { client_id: "b", client_secret: "c" }, place(world));
  const backup = JSON.parse(await Deno.readTextFile(`${directory}/${FILE}.backup-1`));
  assert.equal(backup["client_secret"], credentials["client_secret"]);
  await saveCredentials("spatiafi", saved, place(world));
  assert.equal((await names(directory)).filter((name) => name.includes(".backup-")).length, 2);
  await works(await getSession("spatiafi", { ...options, forceLogin: true }));
});

const CIRCLE: Record<string, unknown> = {};
CIRCLE["itself"] = CIRCLE;

test("saveCredentials() refuses anything but credentials", () =>
  eachRow([
    { name: "nothing", values: {} },
    { name: "null", values: null },
    { name: "a list", values: [] },
    { name: "a text", values: "secret" },
    { name: "a BigInt", values: { client_id: "a", client_secret: 1n } },
    { name: "a circle", values: { client_id: "a", client_secret: "b", itself: CIRCLE } },
    { name: "empty values", values: { client_id: "", client_secret: null } },
    { name: "other names", values: { clientId: "a", clientSecret: "b" } },
    { name: "what only others read", values: { token: "a" } },
    { name: "a variable that is not set", values: { client_id: undefined, client_secret: "b" } },
    { name: "a function", values: { client_id: () => 1, client_secret: "b" } },
    { name: "a symbol", values: { client_id: "a", client_secret: Symbol("b") } },
    { name: "what is never read", values: { client_id: "a", client_secret: "b".repeat(1e6) } },
  ], async ({ values }) => {
    await using world = await createWorld("spatiafi");
    const wrong = values as unknown as Record<string, unknown>;
    await rejects(saveCredentials("spatiafi", wrong, place(world)), "invalid_argument");
    assert.deepEqual(await names(world.directory), []);
  }));

test("forgetCredentials() removes the file, and reports if there was none", async () => {
  await using world = await createWorld("spatiafi");
  const { credentials, directory } = world;
  assert.deepEqual(await forgetCredentials("spatiafi", place(world)), { removed: [] });
  await saveCredentials("spatiafi", credentials, place(world));
  assert.deepEqual(await forgetCredentials("spatiafi", place(world)), {
    removed: [`${directory}/${FILE}`],
  });
  assert(!(await names(directory)).includes(FILE));
  for (const client_secret of ["one", "two"]) {
    await saveCredentials("spatiafi", { ...credentials, client_secret }, place(world));
  }
  await Deno.writeTextFile(`${directory}/${FILE}.json`, JSON.stringify(credentials));
  const { removed } = await forgetCredentials("spatiafi", place(world));
  const backups = ["backup-1", "backup-2"].map((name) => `${directory}/${FILE}.${name}`);
  assert.deepEqual([removed[0], removed.toSorted()], [
    `${directory}/${FILE}`,
    [`${directory}/${FILE}`, ...backups.slice(0, removed.length - 2), `${directory}/${FILE}.json`],
  ]);
  // The file under the other name would be used from then on.
  assert.deepEqual((await names(directory)).filter((name) => name.startsWith(FILE)), []);
  await rejects(getSession("spatiafi", world.options), "credentials_missing");
  // An unused file does not block the others, and is reported.
  await saveCredentials("spatiafi", credentials, place(world));
  await Deno.writeTextFile(`${directory}/${FILE}.json`, "damaged");
  await rejects(
    forgetCredentials("spatiafi", place(world)),
    "credentials_damaged",
    /\.json.* Removed: /,
  );
  assert(!(await names(directory)).includes(FILE));
  await Deno.remove(`${directory}/${FILE}.json`);
  await Deno.writeTextFile(`${directory}/${FILE}`, "damaged");
  await rejects(forgetCredentials("spatiafi", place(world)), "credentials_damaged");
  assert.deepEqual(await names(directory).then((all) => all.includes(FILE)), true);
});

test("saveCredentials() stops waiting for other processes when its signal is aborted", async () => {
  await using world = await createWorld("spatiafi");
  const { credentials, directory } = world;
  const lock = { path: `${directory}/onecell/credentials.sqlite`, directory };
  await withLock(await currentRuntime(), lock, async () => {
    const save = (signal: AbortSignal) =>
      saveCredentials("spatiafi", credentials, { ...place(world), signal });
    const took = await elapsed(async () => {
      await rejects(save(AbortSignal.abort()), "aborted");
      await rejects(save(AbortSignal.timeout(50)), "timeout");
    });
    assert(took < 3_000, `${took} ms`);
  }, { timeout: 1_000 });
  assert(!(await names(directory)).includes(FILE));
});

test("createCredentials() creates and saves credentials, and keeps the earlier ones", async () => {
  await using world = await createWorld("spatiafi");
  const { foreigner, user, options, directory, sandbox } = world;
  const created = await createCredentials("spatiafi", foreigner, place(world));
  const session = await getSession("spatiafi", { ...options, credentials: created });
  await works(session);
  assert.equal(session.source, `${directory}/${FILE}`);
  const second = await createCredentials("spatiafi", user, place(world));
  assert.notEqual(second.clientId, created.clientId);
  const backup = JSON.parse(await Deno.readTextFile(`${directory}/${FILE}.backup-1`));
  assert.equal(backup["client_secret"], created.get("CLIENT_SECRET"));
  assert.equal(sandbox.count("spatiafi.clients"), 2);
});

test("createCredentials() creates nothing that it could not save", async () => {
  await using world = await createWorld("spatiafi");
  const { user, sandbox, directory } = world;
  const create = (values: Partial<typeof user>, options: Record<string, unknown> = {}) =>
    createCredentials("spatiafi", { ...user, ...values }, { ...place(world), ...options });
  await rejects(create({ password: "wrong" }), "login_refused");
  await rejects(create({ password: "" }), "invalid_argument");
  await rejects(create({ username: "a:b" }), "invalid_argument", /colon/);
  await rejects(create({}, { user: "x" }), "invalid_argument", /no option "user"/);
  const none = createCredentials("plantpredict", { username: "a", password: "b" }, { directory });
  await rejects(none, "unsupported", /saveCredentials/);
  await Deno.writeTextFile(`${directory}/${FILE}`, "{");
  await rejects(create({}), "credentials_damaged");
  assert.equal(sandbox.count("spatiafi.clients"), 0);
});

test("saveCredentials() accepts only a secret if the ID has a default", async () => {
  await using world = await createWorld("spatiafi");
  const provider = defineProvider({
    name: "mine",
    apiUrl: "https://api.example.com",
    issuer: "https://login.example.com",
    defaults: { client_id: "known" },
  });
  const { directory } = world;
  const saved = await saveCredentials(provider, { client_secret: "s" }, { directory });
  assert.deepEqual(saved.names, ["client_secret"]);
});

test("a typed username is saved and a typed password is not; an imported password is", async () => {
  await using world = await createWorld("plantpredict-okta");
  const { credentials, directory, user } = world;
  const { client_id = "", client_secret = "" } = credentials;
  const { username, password } = user;
  const person = scriptedPerson({ answers: [username, password, client_id, client_secret] });
  await getSession("plantpredict-okta", { ...place(world), person });
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${directory}/${FILE}`)), {
    username,
    client_id,
    client_secret,
    onecell_server: new URL(world.options.authUrl ?? "").origin,
  });
  const token = await savedToken(directory);
  assert(String(token?.["key"]).includes(JSON.stringify(username)));
  assert(!JSON.stringify(token).includes(password));

  const file = `${directory}/settings.json`;
  await Deno.writeTextFile(file, JSON.stringify({ ...credentials, ...user }));
  const imported = await importCredentials("plantpredict-okta", file, { directory });
  assert.equal(imported.get("password"), password);
});
