/** App credentials in a store other than files and memory. */
import assert from "node:assert/strict";
import {
  createCredentials,
  forgetCredentials,
  getSession,
  loadCredentials,
  logout,
  saveCredentials,
  status,
  type TokenStore,
} from "../../mod.ts";
import { credentialsKey } from "../../src/store/stored_credentials.ts";
import { MemoryDriver } from "../../src/store/writing.ts";
import { works } from "../support/call.ts";
import { scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

const PAIR = { client_id: "the-id", client_secret: "the-client-secret" };
const EVIL = "https://evil.example";

/** Every file below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.map(({ name }) => name).filter((name) => name !== "onecell");
}

test("app credentials that are saved in a store are found there, and not written to a file", async () => {
  await using world = await createWorld("spatiafi");
  const { credentials, directory, sandbox } = world;
  const store = new MemoryDriver();
  const options = { ...world.options, store };
  const { interactive: _, ...location } = options;
  await rejects(loadCredentials("spatiafi", location), "credentials_missing");
  const saved = await saveCredentials("spatiafi", credentials, location);
  assert.equal(saved.path, undefined);
  assert.deepEqual(await filesIn(directory), []);
  const loaded = await loadCredentials("spatiafi", { ...location, export: false });
  assert.deepEqual([loaded.path, loaded.names], [undefined, ["client_id", "client_secret"]]);
  const session = await getSession("spatiafi", options);
  await works(session);
  await works(await getSession("spatiafi", options));
  assert.equal(sandbox.count("spatiafi.token"), 1);
  // Without the store there are none, and another account has none.
  await rejects(getSession("spatiafi", world.options), "credentials_missing");
  await rejects(getSession("spatiafi", { ...options, account: "work" }), "credentials_missing");
  const report = await status("spatiafi", location);
  assert.deepEqual([report.ok, report.systems[0]?.sessions.length], [true, 1]);

  const ended = await logout("spatiafi", { ...location, forget: true });
  assert.deepEqual([ended.removed, ended.sessions.length], [true, 1]);
  assert.equal(ended.forgotten?.length, 1);
  assert.deepEqual(await store.keys(), []);
  await rejects(getSession("spatiafi", options), "credentials_missing");
});

test("app credentials that a sign-in creates are saved in the store, once", async () => {
  await using world = await createWorld("spatiafi");
  const { user, directory, sandbox } = world;
  const options = { ...world.options, store: new MemoryDriver(), interactive: true };
  const sign = async () => {
    const person = scriptedPerson({ answers: [user.username, user.password] });
    await works(await getSession("spatiafi", { ...options, person }));
  };
  await Promise.all([sign(), sign(), sign()]);
  assert.equal(sandbox.count("spatiafi.clients"), 1);
  assert.deepEqual(await filesIn(directory), []);
  const { interactive: _, ...location } = options;
  await createCredentials("spatiafi", user, location);
  assert.equal(sandbox.count("spatiafi.clients"), 2);
  assert.deepEqual(await filesIn(directory), []);
});

test("nothing is created if the store could not save it", async () => {
  await using world = await createWorld("spatiafi");
  const { interactive: _, ...location } = world.options;
  const store: TokenStore = {
    read: () => Promise.resolve(undefined),
    write: () => Promise.reject(new Error("full")),
    remove: () => Promise.resolve(false),
    exclusive: (_key, work) => work(),
  };
  await rejects(
    createCredentials("spatiafi", world.user, { ...location, store }),
    "store_unavailable",
    /No app credentials were created/,
  );
  assert.equal(world.sandbox.count("spatiafi.clients"), 0);
});

test("typed values are saved in the store; the tutorial's file works with any store", async () => {
  await using world = await createWorld("ocs");
  const { credentials, directory } = world;
  const store = new MemoryDriver();
  const { client_id = "", client_secret = "", tenant_id = "" } = credentials;
  const answers = [tenant_id, client_id, client_secret];
  const person = scriptedPerson({ answers });
  const { interactive: _, ...given } = world.options;
  const location = { ...given, issuer: `${world.api}/identity`, apiUrl: world.api };
  await works(await getSession("ocs", { ...location, store, person }));
  assert.deepEqual(await filesIn(directory), []);
  await works(await getSession("ocs", { ...location, interactive: false, store }));
  await forgetCredentials("ocs", { ...location, store });
  await saveCredentials("ocs", credentials, location);
  await works(
    await getSession("ocs", { ...location, interactive: false, store, forceLogin: true }),
  );
  const { source } = await loadCredentials("ocs", { ...location, store, export: false });
  assert.equal(source, `${directory}/app_credentials`);
});

test("credentials in a store go only to the server they were saved for (trust 1)", async () => {
  await using world = await createWorld("spatiafi");
  const store = new MemoryDriver();
  const directory = world.directory;
  await saveCredentials("spatiafi", PAIR, { store, directory });
  const evil = { store, directory, authUrl: EVIL };
  await rejects(getSession("spatiafi", { ...evil, interactive: false }), "foreign_server");
  await rejects(loadCredentials("spatiafi", evil), "foreign_server");
  assert.deepEqual((await forgetCredentials("spatiafi", evil)).removed, []);
  // Each server has its own credentials.
  await saveCredentials("spatiafi", { ...PAIR, client_id: "theirs" }, evil);
  const load = async (options: typeof evil | Omit<typeof evil, "authUrl">) =>
    JSON.parse(
      await store.read(credentialsKey({
        provider: "spatiafi",
        server: "authUrl" in options ? "evil.example" : undefined,
      })) ?? "{}",
    ).values?.client_id;
  assert.deepEqual([await load({ store, directory }), await load(evil)], ["the-id", "theirs"]);
  assert.equal((await forgetCredentials("spatiafi", evil)).removed.length, 1);
  assert.deepEqual([await load({ store, directory }), await load(evil)], ["the-id", undefined]);
  // Those of the provider have the usual name, even if others were saved first.
  await forgetCredentials("spatiafi", { store, directory });
  await saveCredentials("spatiafi", { ...PAIR, client_id: "theirs" }, evil);
  await saveCredentials("spatiafi", PAIR, { store, directory });
  assert.deepEqual([await load({ store, directory }), await load(evil)], ["the-id", "theirs"]);
});
