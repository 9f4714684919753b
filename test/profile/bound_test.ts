/** Saved credentials go only to the server they belong to (trust.md 1 to 4). */
import assert from "node:assert/strict";
import { connect } from "../../src/connect.ts";
import { findCredentials, type Found } from "../../src/profile/find_credentials.ts";
import { profileOf } from "../../src/profile/profile.ts";
import { storeDrivers } from "../../src/lazy.ts";
import { defineForeign } from "../../src/providers/foreign_definition.ts";
import { findProvider } from "../../src/providers/registry.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { CheckedOptions } from "../../src/options/options.ts";
import { createCredentials, getSession, loadCredentials, saveCredentials } from "../../mod.ts";
import { works } from "../support/call.ts";
import { TestFolder } from "../support/folder.ts";
import { scriptedPerson } from "../support/person.ts";
import { answerOf, runProgram } from "../support/program.ts";
import { rejects, throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

const EVIL = "https://evil.example";
const PAIR = { client_id: "the-id", client_secret: "the-secret" };
const OCS = { ...PAIR, tenant_id: "the-tenant" };

/** Finds the credentials on a machine with this file and these variables. */
async function look(
  name: string,
  { file, environment = {}, options = {}, folder = name }: {
    file?: Record<string, unknown>;
    environment?: Record<string, string>;
    options?: CheckedOptions;
    folder?: string;
  },
): Promise<{ found: Found; open: () => unknown; path: string }> {
  await using home = await TestFolder.make();
  const path = home.at(folder, "app_credentials");
  if (file) {
    await Deno.mkdir(home.at(folder));
    await Deno.writeTextFile(path, JSON.stringify(file));
  }
  const variables: Record<string, string> = { XDG_CONFIG_HOME: home.path, ...environment };
  const runtime = { ...await currentRuntime(), getEnvironment: (key: string) => variables[key] };
  const profile = profileOf(await findProvider(name), options, runtime, storeDrivers);
  const found = await findCredentials(profile);
  return { found, open: () => connect(profile, found), path };
}

interface Row {
  name: string;
  system: string;
  file?: Record<string, unknown>;
  environment?: Record<string, string>;
  options?: CheckedOptions;
  belongs?: string;
  asked?: string;
}

const COGNITO = "https://terabase-prd.auth.us-west-2.amazoncognito.com";

test("credentials saved for one server are not used for another", () =>
  eachRow<Row>([
    {
      name: "trust 2: a variable names another authorization server",
      system: "plantpredict",
      file: PAIR,
      environment: { PLANTPREDICT_AUTH_URL: EVIL },
      belongs: COGNITO,
    },
    {
      name: "trust 2, another system",
      system: "spatiafi",
      file: PAIR,
      environment: { SPATIAFI_AUTH_URL: EVIL },
      belongs: "https://auth.spatiafi.com",
    },
    {
      name: "trust 2, another port of this machine",
      system: "spatiafi",
      file: PAIR,
      environment: { SPATIAFI_AUTH_URL: "http://127.0.0.1:9" },
      asked: "http://127.0.0.1:9",
    },
    {
      name: "trust 2, by an option",
      system: "plantpredict",
      file: PAIR,
      options: { authUrl: EVIL },
      belongs: COGNITO,
    },
    {
      name: "trust 2, by an issuer, which replaces the endpoints",
      system: "plantpredict",
      file: PAIR,
      options: { issuer: EVIL },
    },
    {
      name: "trust 2, by an issuer in a variable, for a system that has none of its own",
      system: "plantpredict",
      file: PAIR,
      environment: { PLANTPREDICT_ISSUER: EVIL },
      belongs: COGNITO,
    },
    {
      name: "trust 2, by endpoints of another server with the right issuer",
      system: "plantpredict",
      file: PAIR,
      environment: { PLANTPREDICT_ISSUER: COGNITO, PLANTPREDICT_AUTH_URL: EVIL },
      belongs: COGNITO,
    },
    {
      name: "the same by options",
      system: "spatiafi",
      file: PAIR,
      options: { issuer: "https://auth.spatiafi.com", authUrl: EVIL },
      belongs: "https://auth.spatiafi.com",
    },
    {
      name: "trust 2, by a value of a template",
      system: "ocs",
      file: OCS,
      environment: { OCS_RESOURCE: EVIL },
      belongs: "https://dat-b.osisoft.com",
    },
    {
      name: "trust 2, by a value in the options",
      system: "ocs",
      file: OCS,
      options: { credentials: { resource: EVIL } },
    },
    {
      name: "trust 2, only the API: the token would go there",
      system: "plantpredict",
      file: PAIR,
      environment: { PLANTPREDICT_API_URL: EVIL },
      belongs: "https://api.plantpredict.terabase.energy",
    },
    {
      name: "credentials for a test system, without any URL change",
      system: "spatiafi",
      file: { ...PAIR, onecell_server: "http://127.0.0.1:8401" },
      belongs: "http://127.0.0.1:8401",
      asked: "https://auth.spatiafi.com",
    },
    {
      name: "an invalid note about the server",
      system: "spatiafi",
      file: { ...PAIR, onecell_server: ["https://auth.spatiafi.com", EVIL] },
      asked: "https://auth.spatiafi.com",
    },
    // Own attack on trust 2: what becomes the server's name when it is made a text.
    ...[[EVIL], null, {}, true, `${EVIL}/`, `${EVIL}.example`].map((onecell_server) => ({
      name: `its server is ${JSON.stringify(onecell_server)}`,
      system: "plantpredict",
      file: { ...PAIR, onecell_server },
      environment: { PLANTPREDICT_AUTH_URL: EVIL },
    })),
  ], async ({ system, belongs, asked = EVIL, ...rest }) => {
    const { found, open } = await look(system, rest);
    assert(found.foreign, "it is used");
    const error = throws(open, "foreign_server");
    assert(error.message.includes(asked), error.message);
    if (belongs !== undefined) assert(error.message.includes(belongs), error.message);
    assert(!error.message.includes("the-secret"));
  }));

test("credentials that belong to the server are used without a prompt", () =>
  eachRow<Row>([
    { name: "the tutorial's file", system: "spatiafi", file: PAIR },
    {
      name: "a file that names its server",
      system: "spatiafi",
      file: { ...PAIR, onecell_server: "https://auth.spatiafi.com" },
    },
    {
      name: "the same server by another path",
      system: "spatiafi",
      file: PAIR,
      environment: { SPATIAFI_AUTH_URL: "https://auth.spatiafi.com/v2" },
    },
    {
      name: "variables for both",
      system: "spatiafi",
      environment: {
        SPATIAFI_AUTH_URL: EVIL,
        SPATIAFI_API_URL: EVIL,
        SPATIAFI_CLIENT_ID: "a",
        SPATIAFI_CLIENT_SECRET: "b",
      },
    },
    {
      name: "options for both",
      system: "spatiafi",
      options: { authUrl: EVIL, credentials: PAIR },
    },
    {
      name: "credentials in the program, and its environment's test system",
      system: "plantpredict",
      options: { credentials: PAIR },
      environment: { PLANTPREDICT_AUTH_URL: EVIL },
    },
    {
      name: "a test system with its own file",
      system: "spatiafi",
      file: { ...PAIR, onecell_server: "http://127.0.0.1:8401" },
      environment: {
        SPATIAFI_AUTH_URL: "http://127.0.0.1:8401",
        SPATIAFI_API_URL: "http://127.0.0.1:8402",
      },
    },
    {
      name: "another API that the program chose",
      system: "spatiafi",
      file: PAIR,
      options: { apiUrl: "https://eu.spatiafi.example" },
    },
    { name: "a file with its own resource", system: "ocs", file: { ...OCS, resource: EVIL } },
  ], async ({ system, ...rest }) => {
    const { found, open } = await look(system, rest);
    assert.equal(found.foreign, undefined);
    assert.deepEqual(found.missing, []);
    open();
  }));

test("a definition from a file uses only credentials that say they belong to it", async () => {
  await using home = await TestFolder.make();
  await Deno.mkdir(home.at("weather"));
  await Deno.writeTextFile(home.at("weather", "app_credentials"), JSON.stringify(PAIR));
  const runtime = {
    ...await currentRuntime(),
    getEnvironment: (name: string) => name === "XDG_CONFIG_HOME" ? home.path : undefined,
  };
  const provider = defineForeign({ name: "weather", apiUrl: EVIL, issuer: EVIL });
  const found = await findCredentials(profileOf(provider, {}, runtime, storeDrivers));
  assert.equal(found.foreign?.belongs, undefined);
  assert.equal(found.foreign?.asked, EVIL);
});

test("no secret is sent to a server that a variable names (trust 2)", async () => {
  await using home = await TestFolder.make();
  await Deno.mkdir(home.at("plantpredict"));
  await Deno.writeTextFile(home.at("plantpredict", "app_credentials"), JSON.stringify(PAIR));
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    requests.push(request.url);
    return new Response("{}");
  });
  const env = {
    XDG_CONFIG_HOME: home.path,
    PLANTPREDICT_AUTH_URL: `http://127.0.0.1:${server.addr.port}`,
  };
  try {
    for (const call of [`getSession("plantpredict")`, `loadCredentials("plantpredict")`]) {
      const ran = await runProgram(`await auth.${call}`, { env });
      assert.equal(ran.code, 1);
      assert.match(ran.stderr, /belong to https:.*nothing was sent/);
    }
    const { ok } = await answerOf<{ ok: boolean }>(
      `console.log(JSON.stringify({ ok: (await auth.doctor("plantpredict")).ok }));`,
      { env },
    );
    assert.equal(ok, false);
    assert.deepEqual(requests, []);
  } finally {
    await server.shutdown();
  }
});

test("with a person, the prompt names both hosts; after a no, new credentials are saved separately", async () => {
  await using world = await createWorld("spatiafi");
  const { options, directory, credentials, user, sandbox } = world;
  const host = new URL(options.authUrl ?? "").host;
  const saved = { client_id: "real", client_secret: "the-real-one", onecell_server: EVIL };
  const file = `${directory}/app_credentials`;
  await Deno.writeTextFile(file, JSON.stringify(saved));
  const person = scriptedPerson({ answers: ["no", user.username, user.password] });
  const asking = { ...options, interactive: true };
  const session = await getSession("spatiafi", { ...asking, person });
  await works(session);
  assert.deepEqual(person.questions.map(({ host }) => host), [host, host, host]);
  const [question] = person.questions;
  assert.match(question?.text ?? "", new RegExp(`belong to evil\\.example\\. Send to ${host}\\?`));
  assert.equal(question?.secret, false);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(file)), saved, "it stays as it is");
  const apart = `${file}.${host.replace(":", "_")}`;
  assert.equal(session.source, apart);

  // From then on, the test system's credentials are found without a prompt.
  await works(await getSession("spatiafi", { ...options, forceLogin: true }));
  assert.equal(sandbox.count("spatiafi.clients"), 1);
  const loaded = await loadCredentials("spatiafi", placeOf(options)).finally(unset);
  assert.equal(loaded.path, apart);

  // "yes" sends the credentials, only this time.
  await Deno.remove(apart);
  await Deno.writeTextFile(file, JSON.stringify({ ...credentials, onecell_server: EVIL }));
  const willing = scriptedPerson({ answers: ["yes"] });
  await rejects(getSession("spatiafi", { ...options, forceLogin: true }), "foreign_server");
  await works(await getSession("spatiafi", { ...asking, person: willing }));
  assert.equal(willing.asked.length, 1);
  const unwilling = scriptedPerson({ answers: [""] });
  await Deno.remove(`${directory}/onecell`, { recursive: true });
  await rejects(getSession("spatiafi", { ...asking, person: unwilling }), "cancelled");
});

/** Removes the variables that loading has set in this process. */
function unset(): void {
  for (const name of Object.keys(Deno.env.toObject())) {
    if (/^(SPATIAFI_)?(CLIENT_(ID|SECRET)|NAME|CREATED_AT|DISABLED)$/.test(name)) {
      Deno.env.delete(name);
    }
  }
}

const placeOf = ({ interactive: _, ...rest }: { interactive: false; directory: string }) => rest;

test("the provider's own credentials use the tutorial's file name; those of a test system move away", async () => {
  await using world = await createWorld("spatiafi");
  const { directory, options } = world;
  const file = `${directory}/app_credentials`;
  const created = await createCredentials("spatiafi", world.user, placeOf(options));
  assert.equal(created.path, file);
  const saved = JSON.parse(await Deno.readTextFile(file));
  assert.equal(saved["onecell_server"], new URL(options.authUrl ?? "").origin);
  assert.equal(saved["onecell_username"], world.user.username);
  // wild.md G: the file that the system's own package reads.
  const copy = JSON.parse(await Deno.readTextFile(`${file}.json`));
  assert.equal(copy["client_secret"], saved["client_secret"]);

  await saveCredentials("spatiafi", PAIR, { directory });
  assert.deepEqual(JSON.parse(await Deno.readTextFile(file)), {
    ...PAIR,
    onecell_server: "https://auth.spatiafi.com",
  });
  await works(await getSession("spatiafi", options));
});

test("a value in a variable also moves a system, and its typed values are saved separately", async () => {
  await using world = await createWorld("ocs");
  const { credentials, directory } = world;
  const { resource = "", tenant_id = "", client_id = "", client_secret = "" } = credentials;
  const file = `${directory}/ocs/app_credentials`;
  await Deno.mkdir(`${directory}/ocs`);
  await Deno.writeTextFile(file, JSON.stringify(OCS));
  const answer = await answerOf<{ source: string; asked: string[] }>(
    `
    const asked = [];
    const answers = [...data];
    const person = {
      kind: "notebook", browserIsLocal: false, show: async () => {}, open: async () => false,
      ask: async ({ text }) => (asked.push(text), answers.shift() ?? null),
      interruptible: (wait) => wait(new AbortController().signal),
    };
    const session = await auth.getSession("ocs", { person });
    console.log(JSON.stringify({ source: session.source, asked }));`,
    {
      data: ["no", tenant_id, client_id, client_secret],
      env: { XDG_CONFIG_HOME: directory, OCS_RESOURCE: resource },
    },
  );
  const { host } = new URL(resource);
  assert.equal(answer.asked.length, 4);
  assert(answer.asked.every((text) => text.includes(host)), answer.asked.join());
  assert.deepEqual(JSON.parse(await Deno.readTextFile(file)), OCS, "the real system's stay");
  const apart = JSON.parse(await Deno.readTextFile(`${file}.${host.replace(":", "_")}`));
  assert.equal(apart["client_secret"], client_secret);
});

test("a variable that has no effect, or moves only a part, is an error", () =>
  eachRow([
    {
      name: "AUTH_URL of a system with an issuer",
      system: "ocs",
      environment: { OCS_AUTH_URL: EVIL, OCS_CLIENT_ID: "i", OCS_CLIENT_SECRET: "s" },
      names: /OCS_AUTH_URL.*give "issuer" \(OCS_ISSUER\)/,
    },
    {
      name: "ISSUER of a system with a sign-in page",
      system: "spatiafi",
      environment: { SPATIAFI_ISSUER: EVIL, SPATIAFI_CLIENT_ID: "i", SPATIAFI_CLIENT_SECRET: "s" },
      names: /SPATIAFI_ISSUER.*SPATIAFI_AUTH_URL/,
    },
  ], async ({ system, environment, names }) => {
    const { open } = await look(system, { environment: { ...environment, OCS_TENANT_ID: "t" } });
    const { message } = throws(open, "invalid_argument");
    assert.match(message, names);
    assert.match(message, /Nothing is sent/);
  }));

test("a variable for the other kind of URL does not block URLs from code", async () => {
  const { open } = await look("ocs", {
    environment: { OCS_AUTH_URL: EVIL, OCS_TENANT_ID: "t" },
    options: { issuer: "https://test.example/identity", credentials: OCS },
  });
  assert.doesNotThrow(open);
});

test("a copy without its original is not a credentials file", async () => {
  // The copy is for the system's own Python package. Removing the original was meant for both.
  const file = { ...PAIR, onecell_copy: true };
  const { found } = await look("spatiafi", { file });
  assert.deepEqual(found.missing, ["client_id", "client_secret"]);
  assert.deepEqual((await look("spatiafi", { file: PAIR })).found.missing, []);
});
