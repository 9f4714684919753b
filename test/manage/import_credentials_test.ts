import assert from "node:assert/strict";
import { exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import { defineProvider, getSession, importCredentials, saveCredentials } from "../../mod.ts";
import { fakeServer, tokenAnswer } from "../support/fake_server.ts";
import { TestFolder } from "../support/folder.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

const FILE = "app_credentials";

const names = async (directory: string) =>
  (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();

test("importCredentials() imports a settings file with any spelling of its names", async () => {
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

test("importCredentials() imports the values of one section, and mixes no sections", async () => {
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
  // Values that do not say who signs in may be in another section, and one half may be above.
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

test("importCredentials() finds a user and a client in separate sections", async () => {
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
  // A value that may be missing can be in a section that names nobody else.
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
  // One user's username and another user's password.
  const mixed = { Username: "u", A: { Password: "p" }, B: { Username: "v" }, Client };
  await Deno.writeTextFile(file, JSON.stringify(mixed));
  const taken = await importCredentials("plantpredict-okta", file, { directory });
  assert.deepEqual([taken.get("username"), taken.get("password")], ["u", undefined]);
});

test("importCredentials() accepts a secret that contains angle brackets", () =>
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
        name: "incomplete JSON that is not a file of this module",
        text: '{"ClientId": "a", // mine',
        code: "credentials_damaged",
        message: /The settings file ".*appsettings\.json" is not valid JSON\. Nothing was saved: /,
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
        name: "a missing value",
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

test("importCredentials() reads comments and trailing commas, as in .NET's settings (wild G)", async () => {
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

/** A service account's key, as Google's console provides it. */
function serviceAccount(key: string, members: Record<string, unknown> = {}): string {
  return JSON.stringify({
    type: "service_account",
    project_id: "project-1",
    private_key_id: "0123abcd",
    private_key: key,
    client_email: "robot@project-1.iam.gserviceaccount.com",
    client_id: "103947",
    auth_uri: "https://accounts.google.com/o/oauth2/auth",
    token_uri: "https://oauth2.googleapis.com/token",
    auth_provider_x509_cert_url: "https://www.googleapis.com/oauth2/v1/certs",
    client_x509_cert_url: "https://www.googleapis.com/robot/v1/metadata/x509/robot",
    universe_domain: "googleapis.com",
    ...members,
  });
}

const GOOGLE = defineProvider({
  name: "earth",
  apiUrl: "https://earthengine.googleapis.com",
  grant: "jwt_bearer",
  endpoints: { token: "https://oauth2.googleapis.com/token" },
  assertionClaims: { iss: "{client_email}", sub: "{subject}", scope: "earthengine" },
  requires: ["client_email", "private_key"],
  optional: ["subject"],
});

test("importCredentials() accepts a service account's key, and getSession signs with it", async () => {
  await using folder = await TestFolder.make();
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const pem = await exportPKCS8(privateKey);
  await Deno.writeTextFile(folder.at("key.json"), serviceAccount(pem));
  const directory = folder.at("saved");
  const credentials = await importCredentials(GOOGLE, folder.at("key.json"), { directory });
  assert.deepEqual([...credentials.names].sort(), ["client_email", "key_id", "private_key"]);
  assert.equal(credentials.get("key_id"), "0123abcd");
  assert(!String(credentials).includes("PRIVATE"));
  const said: unknown[] = [];
  const server = fakeServer(async ({ url, form, headers }, number) => {
    if (url.host !== "oauth2.googleapis.com") {
      return Response.json({ authorization: headers.get("authorization") });
    }
    assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload, protectedHeader } = await jwtVerify(form.get("assertion") ?? "", publicKey, {
      issuer: "robot@project-1.iam.gserviceaccount.com",
      audience: "https://oauth2.googleapis.com/token",
    });
    said.push([payload["scope"], payload.sub, protectedHeader.kid]);
    return tokenAnswer(number, { expires_in: 3599 });
  });
  const { fetch } = server;
  const options = { directory, interactive: false, fetch };
  const session = await getSession(GOOGLE, options);
  assert.deepEqual(said, [["earthengine", undefined, "0123abcd"]]);
  assert.equal(session.account, "robot@project-1.iam.gserviceaccount.com");
  assert.deepEqual(await session.json("/v1"), { authorization: "Bearer access-token-1" });
  // The next start needs no request. Signing in for a user of the domain is another session.
  await getSession(GOOGLE, options);
  assert.equal(said.length, 1);
  const given = { client_email: credentials.get("client_email"), private_key: pem };
  const subject = { ...given, key_id: "0123abcd", subject: "ada@example.com" };
  const other = await getSession(GOOGLE, { ...options, credentials: subject });
  assert.deepEqual(said.at(-1), ["earthengine", "ada@example.com", "0123abcd"]);
  assert.equal(other.account, "ada@example.com");
  const again = await getSession(GOOGLE, options);
  assert.notEqual(await again.token(), await other.token());
});

test("importCredentials() refuses a key for another server, and a file without a key", async () => {
  await using folder = await TestFolder.make();
  const file = folder.at("key.json");
  const directory = folder.at("saved");
  await Deno.writeTextFile(file, serviceAccount("k", { token_uri: "https://evil.example/token" }));
  const error = await rejects(importCredentials(GOOGLE, file, { directory }), "foreign_server");
  assert.match(error.message, /belong to https:\/\/evil\.example/);
  await Deno.writeTextFile(file, serviceAccount("k", { private_key: "" }));
  await rejects(
    importCredentials(GOOGLE, file, { directory }),
    "invalid_argument",
    /has no private_key/,
  );
  await assert.rejects(Deno.stat(directory), Deno.errors.NotFound);
});
