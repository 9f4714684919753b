import assert from "node:assert/strict";
import { getSession, importCredentials, saveCredentials } from "../../mod.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

const FILE = "app_credentials";

const names = async (directory: string) =>
  (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();

test("importCredentials() takes a settings file over, whatever it calls things", async () => {
  await using world = await createWorld("ocs");
  const { credentials, directory, options } = world;
  const file = `${directory}/appsettings.json`;
  const settings = {
    Resource: credentials["resource"],
    ApiVersion: "v1",
    TenantId: credentials["tenant_id"],
    ClientId: credentials["client_id"],
    ClientSecret: credentials["client_secret"],
    NamespaceId: "not-needed",
  };
  await Deno.writeTextFile(file, JSON.stringify({ Credentials: settings }));
  const imported = await importCredentials("ocs", file, { directory });
  assert.deepEqual(imported.names.toSorted(), [
    "api_version",
    "client_id",
    "client_secret",
    "resource",
    "tenant_id",
  ]);
  const session = await getSession("ocs", options);
  await session.verify();
  assert.equal(session.source, `${directory}/${FILE}`);
});

test("importCredentials() takes the values of one section, and mixes none", async () => {
  await using world = await createWorld("ocs");
  const { directory } = world;
  const file = `${directory}/appsettings.json`;
  const take = async (settings: unknown) => {
    await Deno.writeTextFile(file, JSON.stringify(settings));
    const taken = await importCredentials("ocs", file, { directory });
    return ["tenant_id", "client_id", "client_secret"].map((name) => taken.get(name));
  };
  const Ocs = { TenantId: "t", ClientId: "i", ClientSecret: "s" };
  const Other = { TenantId: "other", ClientId: "other" };
  assert.deepEqual(await take({ Other, Ocs }), ["t", "i", "s"]);
  // What says nothing of who signs in may stand elsewhere, and half above.
  const { TenantId, ClientId, ClientSecret } = Ocs;
  const whole = ["t", "i", "s"];
  assert.deepEqual(await take({ TenantId, rest: { ClientId, ClientSecret } }), whole);
  assert.deepEqual(await take({ Api: { TenantId }, Auth: { ClientId, ClientSecret } }), whole);
  assert.deepEqual(await take({ TenantId, ClientId, Secrets: { ClientSecret } }), whole);
  assert.deepEqual(await take({ One: Ocs, Two: { ClientSecret, ClientId, TenantId } }), whole);
  await Deno.writeTextFile(
    file,
    JSON.stringify({ ...Ocs, Ocs: { Resource: "https://eu.example" } }),
  );
  const eu = await importCredentials("ocs", file, { directory });
  assert.equal(eu.get("resource"), "https://eu.example");
  await saveCredentials("ocs", world.credentials, { directory });
  const before = await Deno.readTextFile(`${directory}/${FILE}`);
  const refused = { invalid_argument: /different sections/, several: /several sections/ };
  await rejects(
    take({ Other, rest: { ClientSecret: "s" } }),
    "invalid_argument",
    refused.invalid_argument,
  );
  const apart = { Other, One: { ClientId, TenantId }, Two: { ClientSecret } };
  await rejects(take(apart), "invalid_argument", /in different sections/);
  const stages = { dev: Ocs, prod: { ...Ocs, TenantId: "p" } };
  await rejects(take(stages), "invalid_argument", /several sections/);
  const tenants = { One: { TenantId }, Two: { TenantId: "u" }, Auth: { ClientId, ClientSecret } };
  await rejects(take(tenants), "invalid_argument", /several values of tenant_id/);
  await rejects(take({ ...Ocs, ClientSecret: "" }), "invalid_argument", /no client_secret/);
  const two = { Ocs, Two: { ...Ocs, ClientSecret: "another" } };
  await rejects(take(two), "invalid_argument", refused.several);
  assert.equal(await Deno.readTextFile(`${directory}/${FILE}`), before);
});

test("importCredentials() finds a user and a client in sections of their own", async () => {
  await using world = await createWorld("plantpredict-okta");
  const { directory } = world;
  const file = `${directory}/settings.json`;
  const Client = { ClientId: "i", ClientSecret: "s" };
  for (
    const settings of [
      { Username: "u", Password: "p", Client },
      { Account: { Username: "u", Password: "p" }, Client },
    ]
  ) {
    await Deno.writeTextFile(file, JSON.stringify(settings));
    const taken = await importCredentials("plantpredict-okta", file, { directory });
    const names = ["username", "password", "client_id", "client_secret"];
    assert.deepEqual(names.map((name) => taken.get(name)), ["u", "p", "i", "s"]);
  }
  // What may be left out stands elsewhere, where nobody else is named.
  for (
    const settings of [
      { ...Client, Username: "u", Login: { Password: "p" } },
      { ...Client, Password: "p", Login: { Username: "u" } },
    ]
  ) {
    await Deno.writeTextFile(file, JSON.stringify(settings));
    const taken = await importCredentials("plantpredict-okta", file, { directory });
    assert.deepEqual([taken.get("username"), taken.get("password")], ["u", "p"]);
  }
  // One user's name and another's password.
  const mixed = { Username: "u", A: { Password: "p" }, B: { Username: "v" }, Client };
  await Deno.writeTextFile(file, JSON.stringify(mixed));
  const taken = await importCredentials("plantpredict-okta", file, { directory });
  assert.deepEqual([taken.get("username"), taken.get("password")], ["u", undefined]);
});

test("importCredentials() takes a secret with angle brackets in it", () =>
  eachRow(["a<b>c", "<a>b<c>", "ab<c>", "<>ab"].map((name) => ({ name })), async ({ name }) => {
    await using world = await createWorld("ocs");
    const { directory } = world;
    const file = `${directory}/settings.json`;
    const settings = { TenantId: "t", ClientId: "c", ClientSecret: name };
    await Deno.writeTextFile(file, JSON.stringify(settings));
    const imported = await importCredentials("ocs", file, { directory });
    assert.equal(imported.get("client_secret"), name);
  }));

test("importCredentials() says what is wrong with a settings file, and saves nothing", () =>
  eachRow(
    [
      { name: "no file", text: null, code: "invalid_argument", message: /no file/ },
      { name: "not JSON", text: "client_id: a", code: "credentials_damaged", message: /JSON/ },
      {
        name: "not whole JSON, and not a file of this module's",
        text: '{"ClientId": "a", // mine',
        code: "credentials_damaged",
        message: /The settings file ".*appsettings\.json" is not whole JSON\. Nothing was saved: /,
      },
      {
        name: "a placeholder",
        text: '{"ClientId":"PLACEHOLDER_REPLACE","ClientSecret":"s","TenantId":"t"}',
        code: "invalid_argument",
        message: /placeholder/,
      },
      {
        name: "a placeholder in angle brackets",
        text: '{"ClientId":"a","ClientSecret":" <your client secret> ","TenantId":"t"}',
        code: "invalid_argument",
        message: /"client_secret" in .*placeholder/,
      },
      {
        name: "a value missing",
        text: '{"ClientId":"a","TenantId":"t"}',
        code: "invalid_argument",
        message: /no client_secret/,
      },
    ] as const,
    async ({ text, code, message }) => {
      const directory = await Deno.makeTempDir({ prefix: "onecell-test-" });
      try {
        const file = `${directory}/appsettings.json`;
        if (text !== null) await Deno.writeTextFile(file, text);
        await rejects(importCredentials("ocs", file, { directory }), code, message);
        assert(!(await names(directory)).includes(FILE));
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  ));

test("importCredentials() reads comments and trailing commas, as .NET's settings have them (wild G)", async () => {
  await using world = await createWorld("ocs");
  const { directory } = world;
  const file = `${directory}/appsettings.json`;
  const text = `\ufeff// a remark
{
  /* "ClientId": "old", */
  "TenantId": "t", // the tenant
  "ClientId": "i//j",
  "ClientSecret": "s/*,]}*/\\"",
  "Scopes": ["a", "b",],
}
`;
  await Deno.writeTextFile(file, text.slice(1));
  const imported = await importCredentials("ocs", file, { directory });
  const names = ["tenant_id", "client_id", "client_secret"];
  assert.deepEqual(names.map((name) => imported.get(name)), ["t", "i//j", 's/*,]}*/"']);
});
