import assert from "node:assert/strict";
import { answerOf, runProgram } from "../support/program.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

/** Runs `loadCredentials` in its own process, with this file. Returns the environment it leaves behind. */
async function load(
  provider: string,
  content: Record<string, unknown>,
  program: string,
  env: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const directory = await Deno.makeTempDir({ prefix: "onecell-test-" });
  try {
    await Deno.writeTextFile(`${directory}/app_credentials`, JSON.stringify(content));
    return await answerOf(
      `const loaded = await auth.load_credentials(data.provider, { directory: data.directory });
       ${program}`,
      { data: { provider, directory }, env: { HOME: directory, ...env } },
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const SHOW_ENVIRONMENT = "console.log(JSON.stringify(Deno.env.toObject()));";

test("loadCredentials() sets every key in upper case, and with the provider's prefix", async () => {
  const environment = await load("plantpredict-okta", {
    client_id: "the-id",
    Client_Secret: "the-secret",
    created_at: "2026-01-01",
    count: 3,
    disabled: false,
    note: null,
    list: [1, "a"],
  }, SHOW_ENVIRONMENT);
  const expected: Record<string, string> = {
    CLIENT_ID: "the-id",
    CLIENT_SECRET: "the-secret",
    CREATED_AT: "2026-01-01",
    COUNT: "3",
    // As Python's str() writes it, because the tutorials share the file.
    DISABLED: "False",
    NOTE: "None",
    LIST: '[1,"a"]',
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(environment[name], value, name);
    assert.equal(environment[`PLANTPREDICT_OKTA_${name}`], value, name);
  }
});

test("loadCredentials() sets no variable that controls other programs", async () => {
  const steering = ["PATH", "HOME", "LD_PRELOAD", "NODE_OPTIONS", "https_proxy", "DENO_DIR", "a-b"];
  const content = Object.fromEntries(steering.map((name) => [name, "set-by-the-file"]));
  const both = { ...content, client_id: "a", "nul\u0000": "x", inner: "a\u0000b" };
  const environment = await load("spatiafi", both, SHOW_ENVIRONMENT);
  assert.equal(environment["CLIENT_ID"], "a");
  const set = Object.entries(environment).filter(([name, value]) =>
    value === "set-by-the-file" && !name.startsWith("SPATIAFI_")
  );
  assert.deepEqual(set, []);
  assert.equal(environment["INNER"], undefined);
});

test("getSession() reads only the prefixed names back", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, credentials, directory } = world;
  const { client_id: id = "", client_secret: secret = "" } = credentials;
  const program = `
    const session = await auth.getSession("spatiafi", { interactive: false });
    const { status, body } = await session.fetch("/api/info");
    await body.cancel();
    console.log(JSON.stringify({ status, source: session.source }));`;
  const prefixed = { SPATIAFI_CLIENT_ID: id, SPATIAFI_CLIENT_SECRET: secret };
  const env = { ...sandbox.environment, HOME: directory };
  const good = await answerOf<Record<string, unknown>>(program, { env: { ...env, ...prefixed } });
  assert.deepEqual(good, {
    status: 200,
    source: "environment (SPATIAFI_CLIENT_ID, SPATIAFI_CLIENT_SECRET)",
  });
  const plain = { CLIENT_ID: id, CLIENT_SECRET: secret };
  const bad = await runProgram(program, { env: { ...env, ...plain } });
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /SpatiaFi needs a client ID and client secret/);
  assert(!bad.stderr.includes(secret));
});

test("loaded credentials sign in, and `source` still names the saved file", () =>
  eachRow([
    { name: "as the option", options: "{ ...data, credentials: loaded }" },
    { name: "through the environment", options: "data" },
  ], async ({ options }) => {
    await using world = await createWorld("spatiafi");
    const { credentials, directory, options: place } = world;
    await Deno.writeTextFile(`${directory}/app_credentials`, JSON.stringify(credentials));
    const answer = await answerOf<{ source: string; shown: string }>(
      `const loaded = await auth.loadCredentials("spatiafi", { directory: data.directory });
       const session = await auth.getSession("spatiafi", ${options});
       console.log(JSON.stringify({ source: session.source, shown: String(loaded) }));`,
      { data: place, env: { HOME: directory } },
    );
    const path = "~/app_credentials";
    // people.md 9: the person has saved a file and set no variable.
    assert.equal(answer.source, path);
    assert.equal(answer.shown, `Credentials(spatiafi, ${credentials["client_id"]}, from ${path})`);
  }));

test("loadCredentials() says where it looked", async () => {
  const { code, stderr } = await runProgram(`await auth.loadCredentials("spatiafi");`, {
    env: { HOME: "/nonexistent", XDG_CONFIG_HOME: " " },
  });
  assert.equal(code, 1);
  assert.match(stderr, /SPATIAFI_CLIENT_ID/);
  if (Deno.build.os === "linux") {
    assert.match(stderr, /\/nonexistent\/\.config\/spatiafi\/app_credentials/);
  }
});

test("loadCredentials() exports no setting of this module, another system or the machine (trust 1)", async () => {
  const STEERING = [
    "plantpredict_auth_url",
    "plantpredict_client_secret",
    "spatiafi_api_url",
    "auth_url",
    "api_url",
    "issuer",
    "spatiafi_issuer",
    "account",
    "onecell_account",
    "onecell_providers",
    "access_token",
    "access_token_file",
    "perl5opt",
    "rubyopt",
    "java_tool_options",
    "browser",
    "pager",
    "editor",
    "kubeconfig",
    "aws_endpoint_url",
    "openai_base_url",
    "gconv_path",
    "ps4",
  ];
  const content = Object.fromEntries(STEERING.map((name) => [name, "set-by-the-file"]));
  // These look like notes about app credentials, but other programs read variables with these names.
  const OTHERS = [
    ...["azure_client_id", "azure_tenant_id", "google_project_id", "lc_name", "oci_id"],
    // Own attack: which interpreter or project starts.
    ...["pyenv_version", "rbenv_version", "asdf_node_version", "compose_project_name"],
  ];
  const remarks = Object.fromEntries(OTHERS.map((name) => [name, "a remark"]));
  const environment = await load(
    "spatiafi",
    { ...content, ...remarks, client_id: "a", client_secret: "b", created_at: "new", name: "new" },
    SHOW_ENVIRONMENT,
    { CLIENT_ID: "mine", CREATED_AT: "mine", SPATIAFI_NAME: "mine" },
  );
  const set = Object.entries(environment).filter(([, value]) => value === "set-by-the-file");
  assert.deepEqual(set, []);
  for (const name of OTHERS) assert.equal(environment[name.toUpperCase()], undefined, name);
  // Declared values replace a variable; undeclared ones do not.
  assert.equal(environment["CLIENT_ID"], "a");
  assert.equal(environment["CREATED_AT"], "mine");
  assert.equal(environment["SPATIAFI_NAME"], "mine");
  assert.equal(environment["SPATIAFI_CREATED_AT"], "new");
  assert.equal(environment["ONECELL_SERVER"], undefined);
});

test("loadCredentials() gives a definition from a file its own prefix, and no plain name (trust 1)", async () => {
  const directory = await Deno.makeTempDir({ prefix: "onecell-test-" });
  try {
    const definition = {
      name: "weather",
      apiUrl: "https://api.weather.example",
      endpoints: { token: "https://auth.weather.example/token" },
      requires: ["client_id", "client_secret", "station"],
    };
    const content = {
      client_id: "the-id",
      client_secret: "the-secret",
      station: "of-the-file",
      onecell_server: "https://auth.weather.example",
    };
    await Deno.writeTextFile(`${directory}/weather.json`, JSON.stringify(definition));
    await Deno.writeTextFile(`${directory}/app_credentials`, JSON.stringify(content));
    const set = await answerOf<Record<string, string>>(
      `const system = await auth.readProvider(data.directory + "/weather.json");
       await auth.loadCredentials(system, { directory: data.directory });
       ${SHOW_ENVIRONMENT}`,
      { data: { directory }, env: { HOME: directory } },
    );
    assert.deepEqual(
      [set["WEATHER_STATION"], set["STATION"], set["CLIENT_ID"]],
      ["of-the-file", undefined, "the-id"],
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
