import assert from "node:assert/strict";
import { defineProvider, getSession, saveCredentials } from "../../mod.ts";
import { localSecrets } from "../../src/scan/local_secrets.ts";
import { findProvider } from "../../src/providers/registry.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { ScanReport } from "../../src/scan/scan_report.ts";
import { TestFolder } from "../support/folder.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { changeSavedToken, createWorld } from "../support/world.ts";

/** The machine as another user sees it: an empty home, and this environment. */
async function elsewhere(home: string, environment: Record<string, string>): Promise<Runtime> {
  return {
    ...await currentRuntime(),
    platform: "linux",
    homeDirectory: () => home,
    getEnvironment: (name) => environment[name],
  };
}

test("localSecrets() reads every provider's environment, files, backups and tokens", async () => {
  await using home = await TestFolder.make();
  const of = (provider: string) => home.at(".config", provider);
  const spatiafi = { client_id: "id-of-a-client", client_secret: "first-secret-of-spatiafi" };
  await saveCredentials("spatiafi", spatiafi, { directory: of("spatiafi") });
  await saveCredentials("spatiafi", { ...spatiafi, client_secret: "second-secret-of-spatiafi" }, {
    directory: of("spatiafi"),
  });
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  await getSession("plantpredict", { ...options, credentials, directory: of("plantpredict") });
  await Deno.mkdir(home.at(".fourinsight", "api"), { recursive: true });
  await Deno.writeTextFile(
    home.at(".fourinsight", "api", "token.mine"),
    JSON.stringify({ access_token: "of-the-python-package", token_url: "https://x.invalid" }),
  );
  const runtime = await elsewhere(home.path, {
    OCS_CLIENT_ID: "id-of-another",
    OCS_TENANT_ID: "id-of-the-tenant",
    OCS_CLIENT_SECRET: "secret-of-ocs",
    SPATIAFI_ACCESS_TOKEN: " token-from-elsewhere\n",
  });
  const secrets = await localSecrets(runtime);
  const names = Object.keys(secrets).map((name) => name.replaceAll(home.path, "~")).sort();
  assert.deepEqual(names.map((name) => name.replace(/[0-9a-f]{16,64}/, "*")), [
    "fourinsight access_token (~/.fourinsight/api/token.mine)",
    "ocs client_secret (OCS_CLIENT_SECRET)",
    "plantpredict access_token (~/.config/plantpredict/onecell/*.json)",
    "spatiafi access_token (SPATIAFI_ACCESS_TOKEN)",
    "spatiafi client_secret (~/.config/spatiafi/app_credentials)",
    "spatiafi client_secret (~/.config/spatiafi/app_credentials.backup-1)",
  ]);
  const values = Object.values(secrets);
  for (const open of ["id-of-a-client", "id-of-another", "id-of-the-tenant", "https://x.invalid"]) {
    assert(!values.includes(open), `${open} is no secret`);
  }
  assert(values.includes("second-secret-of-spatiafi"));
  assert(values.includes("token-from-elsewhere"));
});

test("localSecrets() finds a user's own systems in the configuration folder", async () => {
  await using home = await TestFolder.make();
  const of = (name: string) => home.at(".config", name);
  const weather = (files: string[]) =>
    defineProvider({
      name: "weather",
      apiUrl: "https://x.example",
      issuer: "https://y.example",
      files,
    });
  const saved = { client_id: "id-of-a-client", client_secret: "secret-of-my-own-system" };
  await saveCredentials(weather(["app_credentials"]), saved, { directory: of("weather") });
  await saveCredentials(
    weather(["mine.json"]),
    { ...saved, client_secret: "in-a-file-of-its-own" },
    {
      directory: of("weather"),
    },
  );
  await using world = await createWorld("plantpredict");
  const { credentials, options } = world;
  const tide = { ...await findProvider("plantpredict"), name: "tide", folder: "tide" };
  const session = await getSession(tide, { ...options, credentials, directory: of("tide") });
  const token = await session.token();
  // There is no folder of ours beside the Python tutorial's file.
  await Deno.mkdir(of("python"));
  const python = { client_id: "c", client_secret: "saved-by-a-python-script" };
  await Deno.writeTextFile(home.at(".config", "python", "app_credentials"), JSON.stringify(python));
  // Another program's settings are ignored.
  await Deno.mkdir(of("another"));
  await Deno.writeTextFile(
    home.at(".config", "another", "x.json"),
    '{"api_key": "of-no-interest"}',
  );
  const runtime = await elsewhere(home.path, { WEATHER_CLIENT_SECRET: "in-a-variable-of-mine" });
  const secrets = await localSecrets(runtime);
  const names = Object.keys(secrets).map((name) => name.replaceAll(home.path, "~"));
  assert.deepEqual(names.map((name) => name.replace(/[0-9a-f]{16,64}/, "*")).sort(), [
    "python client_secret (~/.config/python/app_credentials)",
    "tide access_token (~/.config/tide/onecell/*.json)",
    "weather client_secret (WEATHER_CLIENT_SECRET)",
    "weather client_secret (~/.config/weather/app_credentials)",
    "weather client_secret (~/.config/weather/mine.json)",
  ]);
  assert(Object.values(secrets).includes(token));

  // If the folder may not be listed, only the known names remain.
  await saveCredentials("spatiafi", { ...saved, client_secret: "first-secret-of-spatiafi" }, {
    directory: of("spatiafi"),
  });
  const list = (path: string) =>
    path === home.at(".config")
      ? Promise.reject(new Deno.errors.NotCapable("Requires read access"))
      : runtime.files.list(path);
  const narrow = { ...runtime, files: { ...runtime.files, list } };
  assert.deepEqual(Object.values(await localSecrets(narrow)), ["first-secret-of-spatiafi"]);
});

test("localSecrets() reads a given folder, and refuses one without secrets", async () => {
  await using home = await TestFolder.make();
  const runtime = await elsewhere(home.path, {});
  const directory = home.at("elsewhere", "mine");
  await saveCredentials("spatiafi", { client_id: "c", client_secret: "kept-in-another-folder" }, {
    directory,
  });
  assert.deepEqual(await localSecrets(runtime), {});
  assert.deepEqual(await localSecrets(runtime, { directories: [`${directory}/`] }), {
    [`mine client_secret (${directory}/app_credentials)`]: "kept-in-another-folder",
  });
  for (const empty of [home.at("elsewhere"), home.at("none")]) {
    const refused = localSecrets(runtime, { directories: [directory, empty] });
    await rejects(refused, "invalid_argument", /Nothing saved was found in/);
  }
});

test("localSecrets() includes the private parts of keys, PEM and JWK", async () => {
  await using home = await TestFolder.make();
  const directory = home.at(".config", "spatiafi");
  const jwk = { kty: "EC", crv: "P-256", x: "public-part-x", d: "the-private-part-d" };
  const provider = defineProvider({
    name: "spatiafi",
    apiUrl: "https://api.example.com",
    issuer: "https://login.example.com",
    clientAuthentication: "private_key_jwt",
  });
  const save = (private_key: string | typeof jwk) =>
    saveCredentials(provider, { client_id: "c", private_key }, { directory });
  await save(jwk);
  const runtime = await elsewhere(home.path, {});
  assert.deepEqual(Object.values(await localSecrets(runtime)), ["the-private-part-d"]);
  await save(JSON.stringify({ ...jwk, d: "another-private-part" }));
  assert.deepEqual(Object.values(await localSecrets(runtime)).sort(), [
    "another-private-part",
    "the-private-part-d", // in the backup
  ]);
});

test("unreadable files are named, and nothing is called clean", async () => {
  await using home = await TestFolder.make();
  const at = (...names: string[]) => home.at(".config", ...names);
  const save = (name: string) =>
    saveCredentials(name, { client_id: "id-of-client", client_secret: `secret-of-${name}` }, {
      directory: at(name),
    });
  await save("plantpredict");
  await save("spatiafi");
  const runtime = await elsewhere(home.path, {});
  const look = async () => {
    const unread = new Set<string>();
    const found = Object.values(await localSecrets(runtime, { unread }));
    return { found, unread: [...unread].sort() };
  };
  const whole = ["secret-of-plantpredict", "secret-of-spatiafi"];
  assert.deepEqual(await look(), { found: whole.reverse(), unread: [] });
  // Other programs' files are ignored.
  await Deno.mkdir(at("editor"));
  await Deno.writeTextFile(at("editor", "settings"), "not JSON");
  await Deno.mkdir(at("other", "onecell"), { recursive: true });
  await Deno.writeTextFile(at("other", "onecell", "deadbeef.json"), '{"theirs": 1}');
  await Deno.mkdir(at("spatiafi", "app_credentials.json"));
  await Deno.writeTextFile(at("ocs"), "a file");
  assert.deepEqual((await look()).unread, []);

  const file = at("spatiafi", "app_credentials");
  await Deno.writeTextFile(file, '{"client_secret": "secret-of-spatiafi",}');
  const token = at("spatiafi", "onecell", "0123456789abcdef.json");
  await Deno.writeTextFile(token, '{"access_token": "a');
  await Deno.writeTextFile(at("spatiafi", "onecell", "aaaaaaaaaaaaaaaa.json"), "");
  await Deno.writeTextFile(`${token}.damaged-2026-01-01T00-00-00-000Z`, "{");
  const linked = at("mine", "app_credentials");
  await Deno.mkdir(at("mine", "onecell"), { recursive: true });
  await Deno.symlink(file, linked);
  const { found, unread } = await look();
  assert.deepEqual(found, ["secret-of-plantpredict"]);
  const damaged = `${token}.damaged-2026-01-01T00-00-00-000Z`;
  assert.deepEqual(unread, [linked, file, token, damaged].sort());

  // A folder that may not be listed, and one that was passed.
  const list = (path: string) =>
    path === at("plantpredict", "onecell")
      ? Promise.reject(new Deno.errors.PermissionDenied("no"))
      : runtime.files.list(path);
  const closed = { ...runtime, files: { ...runtime.files, list } };
  const more = new Set<string>();
  await localSecrets(closed, { unread: more });
  assert(more.has(at("plantpredict", "onecell")));
  const named = new Set<string>();
  await localSecrets(runtime, { directories: [at("mine")], unread: named });
  assert(named.has(linked));

  const report = new ScanReport("a.ipynb", [], 1, unread);
  assert.equal(report.ok, false);
  for (const path of unread) assert(String(report).includes(path));
  assert.doesNotMatch(String(report), /clean/);
  assert.match(String(new ScanReport("a.ipynb", [], 0, unread)), /: Not checked\.\n/);
});

test("localSecrets() includes every secret field, and no open one", async () => {
  await using home = await TestFolder.make();
  const folder = home.at(".config", "weather");
  await Deno.mkdir(`${folder}/onecell`, { recursive: true });
  const secret = {
    client_secret: "value-of-client-secret",
    secret_id: "trust-19-secret-id",
    passphrase: "trust-19-passphrase",
    pin: "4711",
    connection_string: "Endpoint=sb://x;Key=trust-19",
    blob: "unknown-and-no-word-1",
    private_key: { kty: "oct", k: "mutants-symmetric-key", kid: "its-name" },
  };
  const open = {
    client_id: "id-of-a-client",
    username: "ada",
    environment: "production",
    mood: "calm",
  };
  await Deno.writeTextFile(`${folder}/app_credentials`, JSON.stringify({ ...secret, ...open }));
  const secrets = await localSecrets(await elsewhere(home.path, {}));
  const { private_key, ...texts } = secret;
  assert.deepEqual(
    Object.values(secrets).sort(),
    [...Object.values(texts), private_key.k].sort(),
  );
});

test("localSecrets() includes the ID token of a session (mutants.md: leaks called clean)", async () => {
  await using world = await createWorld("plantpredict");
  await using home = await TestFolder.make();
  const { options, credentials } = world;
  const directory = home.at(".config", "plantpredict");
  await getSession("plantpredict", { ...options, credentials, directory });
  await changeSavedToken(directory, (token) => {
    token["id_token"] = "header.who-somebody-is.signature";
  });
  const values = Object.values(await localSecrets(await elsewhere(home.path, {})));
  assert(values.includes("header.who-somebody-is.signature"));
});
