import assert from "node:assert/strict";
import { type AuthErrorCode, doctor, getSession, status } from "../../mod.ts";
import { checkProvider } from "../../src/providers/define_provider.ts";
import { connectionOf } from "../../src/session.ts";
import { call, works } from "../support/call.ts";
import { TestFolder } from "../support/folder.ts";
import { jwt } from "../support/jwt.ts";
import { answerOf } from "../support/program.ts";
import { rejects } from "../support/rejects.ts";
import { assertHides } from "../support/secrets.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld, savedTokenFiles, type World } from "../support/world.ts";

/** A token of the world's own server. */
async function tokenOf({ options, credentials }: World): Promise<string> {
  const session = await getSession("plantpredict", { ...options, credentials, store: "memory" });
  return await session.token();
}

/** A program's report on its session. */
interface Said {
  source?: string;
  ok?: boolean;
  renews?: boolean;
  card?: string;
  code?: string;
  message?: string;
}

const PROGRAM = `
try {
  const s = await auth.getSession("plantpredict", data.options);
  const response = await s.fetch(data.path);
  await response.body?.cancel();
  const { "text/plain": card } = await s[Symbol.for("Jupyter.display")]();
  console.log(JSON.stringify({ source: s.source, ok: response.ok, card }));
} catch ({ code, message }) {
  console.log(JSON.stringify({ code, message }));
}
`;

test("a token: the option, then credentials in options, then variables, then files", async () => {
  await using world = await createWorld("plantpredict");
  await using folder = await TestFolder.make();
  const { options, credentials, directory, sandbox } = world;
  const token = await tokenOf(world);
  await Deno.writeTextFile(folder.at("token"), `${token}\n`, { mode: 0o600 });
  await Deno.writeTextFile(`${directory}/app_credentials`, '{"client_id":"x","client_secret":"y"}');
  const wrong = "wrong.token.of-somewhere";
  const file = folder.at("token");
  const asked = sandbox.count("plantpredict.token");
  await eachRow<{ name: string; options?: object; env?: Record<string, string>; source: string }>([
    {
      name: "the option before everything else",
      options: { token, credentials: { client_id: "x", client_secret: "y" } },
      env: { PLANTPREDICT_ACCESS_TOKEN: wrong },
      source: "passed in code",
    },
    {
      name: "the option's file",
      options: { token: { file } },
      env: { PLANTPREDICT_ACCESS_TOKEN: wrong },
      source: `option token (${file})`,
    },
    {
      name: "the variable before its file, and before credentials in variables",
      env: {
        PLANTPREDICT_ACCESS_TOKEN: token,
        PLANTPREDICT_ACCESS_TOKEN_FILE: "/none",
        PLANTPREDICT_CLIENT_ID: "x",
        PLANTPREDICT_CLIENT_SECRET: "y",
      },
      source: "environment (PLANTPREDICT_ACCESS_TOKEN)",
    },
    {
      name: "the variable's file",
      env: { PLANTPREDICT_ACCESS_TOKEN_FILE: file },
      source: `${file} (PLANTPREDICT_ACCESS_TOKEN_FILE)`,
    },
    {
      name: "an empty variable counts as unset",
      env: { PLANTPREDICT_ACCESS_TOKEN: " ", PLANTPREDICT_ACCESS_TOKEN_FILE: file },
      source: `${file} (PLANTPREDICT_ACCESS_TOKEN_FILE)`,
    },
    {
      name: "credentials in options before tokens in variables",
      options: { credentials, store: "memory" },
      env: { PLANTPREDICT_ACCESS_TOKEN: wrong, PLANTPREDICT_ACCESS_TOKEN_FILE: "/none" },
      source: "passed in code",
    },
  ], async ({ options: more = {}, env = {}, source }) => {
    const said = await answerOf<Said>(PROGRAM, {
      data: { options: { ...options, ...more }, path: "/api/info?item_id=x" },
      env: { HOME: directory, ...env },
    });
    assert.equal(said.message, undefined, said.message);
    assert.equal(said.source, source);
    assert.equal(said.ok, true);
    assert(
      said.card?.includes(
        source.startsWith("option") && !source.includes("(") ? "passed in code" : source,
      ),
      said.card,
    );
  });
  assert.deepEqual(await savedTokenFiles(directory), []);
  assert.equal(sandbox.count("plantpredict.token"), asked + 1, "only credentials ask for a token");
});

test("a token's function is called again if the API refuses the token; a fixed token is not replaced", async () => {
  await using world = await createWorld("plantpredict");
  const { options, directory } = world;
  const token = await tokenOf(world);
  let calls = 0;
  const given = ["refused.by.the-api", token];
  const session = await getSession("plantpredict", {
    ...options,
    token: () => given[calls++] ?? token,
  });
  await works(session);
  assertHides(session, [token], "the session");
  assert.equal(calls, 2);
  await works(session);
  assert.equal(calls, 2, "it is not called for each request");
  const text = await getSession("plantpredict", { ...options, token: "refused.by.the-api" });
  assert.equal((await call(text, "/api/info")).status, 401);
  await rejects(text.refresh(), "login_required", /has expired, or the API refused it/);
  assert.deepEqual(await savedTokenFiles(directory), []);
});

test("a token's file is read again if it changes or the API refuses the token", async () => {
  await using world = await createWorld("plantpredict");
  await using folder = await TestFolder.make();
  const token = await tokenOf(world);
  const file = folder.at("token");
  const write = async (text: string) => {
    await Deno.writeTextFile(`${file}.new`, text, { mode: 0o600 });
    await Deno.rename(`${file}.new`, file);
  };
  await write(token);
  const session = await getSession("plantpredict", { ...world.options, token: { file } });
  const { keeper, now } = connectionOf(session);
  await works(session);
  // Even without a refusal, the file is checked again after a while.
  const again = keeper.token?.read_again_at ?? 0;
  assert(again > now() / 1000 && again <= now() / 1000 + 10, String(again));
  const next = jwt({ exp: Math.floor(now() / 1000) + 500, preferred_username: "ada" });
  await write(next);
  assert.equal(await session.token(), token);
  if (keeper.token) keeper.token.read_again_at = 0;
  assert.equal(await session.token(), next);
  assert.equal(session.account, "ada");
  // The API refuses an unsigned token. By then the file contains another one.
  await write(token);
  await works(session);
  // If the file cannot be read meanwhile, the old token still works.
  await Deno.remove(file);
  if (keeper.token) keeper.token.read_again_at = 0;
  await works(session);
  await write(jwt({ exp: 1 }));
  await rejects(
    getSession("plantpredict", { ...world.options, token: { file } }),
    "login_required",
    /Renew the file/,
  );
});

test("a definition's command supplies the token, and runs again if the API refuses it", async () => {
  await using world = await createWorld("plantpredict");
  await using folder = await TestFolder.make();
  const token = await tokenOf(world);
  // The first call returns another server's token, the second one the right one.
  await Deno.writeTextFile(
    folder.at("give"),
    `#!/bin/sh\nif [ -e "${
      folder.at("once")
    }" ]; then echo '{"accessToken":"${token}"}'; else : > "${
      folder.at("once")
    }"; echo other.token.first; fi\n`,
    { mode: 0o700 },
  );
  const provider = checkProvider({
    name: "by-command",
    apiUrl: world.api,
    tokenCommand: [folder.at("give")],
  });
  const options = { directory: world.directory, interactive: false };
  const session = await getSession(provider, options);
  await works(session);
  assert.equal(session.source, `command ${folder.at("give")}`);
  assert.deepEqual(await savedTokenFiles(world.directory), []);
  const examined = JSON.parse(JSON.stringify(await session.doctor()));
  assert.deepEqual([examined.token.renewal, examined.external[0].what], ["source", "access token"]);
  const report = await session.logout();
  assert.deepEqual(report, {
    refreshToken: "none",
    accessToken: "unsupported",
    removed: false,
    problems: [],
  });
  assert.equal(world.sandbox.count("plantpredict.revoke"), 0, "others may use it, too");
  const found = await status(provider, { directory: world.directory });
  assert.deepEqual([found.ok, found.systems[0]?.credentials.source], [true, session.source]);
  const looked = await doctor(provider, options);
  assert.equal(looked.ok, true, String(looked));
  assert.match(String(looked), /Access token: from command .*give \(not requested\)/);
  // A variable moves the API, so the definition's token does not go there.
  const said = await answerOf<Said>(
    PROGRAM.replace('"plantpredict"', "auth.defineProvider(data.provider)"),
    {
      data: {
        provider: {
          name: "by-command",
          apiUrl: "https://api.example",
          tokenCommand: ["echo", "t"],
        },
        options,
        path: "/",
      },
      env: { HOME: folder.path, BY_COMMAND_API_URL: "https://evil.example" },
    },
  );
  assert.equal(said.code, "foreign_server", said.message);
});

test("two variables together send no file's token to another API", async () => {
  await using folder = await TestFolder.make();
  await Deno.writeTextFile(folder.at("token"), '{"access_token":"saved.by.us"}', { mode: 0o600 });
  const env = {
    HOME: folder.path,
    PLANTPREDICT_ACCESS_TOKEN_FILE: folder.at("token"),
    PLANTPREDICT_API_URL: "https://evil.example",
    PLANTPREDICT_AUTH_URL: "https://evil.example",
  };
  const data = { options: { interactive: false }, path: "/" };
  const said = await answerOf<Said>(PROGRAM, { data, env });
  assert.equal(said.code, "foreign_server", said.message);
  assert.match(said.message ?? "", /would send them to https:\/\/evil\.example/);
});

test("a token for an API with a value in its URL takes that value from the environment", async () => {
  const provider = { name: "tenants", apiUrl: "https://{tenant_id}.example", issuer: "https://i" };
  const requires = ["tenant_id", "client_id", "client_secret"];
  const program = `
    const s = await auth.getSession(auth.defineProvider(data), { interactive: false });
    console.log(JSON.stringify({ source: s.source, card: s.apiUrl }));
  `;
  const env = { HOME: "/nowhere", TENANTS_ACCESS_TOKEN: "t", TENANTS_TENANT_ID: "acme" };
  const said = await answerOf<Said>(program, { data: { ...provider, requires }, env });
  assert.equal(said.card, "https://acme.example/");
});

test("errors about an external token say what to do next", async () => {
  await using world = await createWorld("plantpredict");
  await using folder = await TestFolder.make();
  await Deno.writeTextFile(folder.at("open"), "abc");
  await Deno.chmod(folder.at("open"), 0o666);
  const { options } = world;
  const over = jwt({ exp: 1 });
  await eachRow<{ name: string; env: Record<string, string>; code: AuthErrorCode; says: RegExp }>([
    {
      name: "expired",
      env: { PLANTPREDICT_ACCESS_TOKEN: over },
      code: "login_required",
      says:
        /environment \(PLANTPREDICT_ACCESS_TOKEN\) has expired.*unset PLANTPREDICT_ACCESS_TOKEN/,
    },
    {
      name: "expired, also with a later expiry beside it",
      env: {
        PLANTPREDICT_ACCESS_TOKEN: JSON.stringify({ access_token: over, expires_at: 4e9 }),
      },
      code: "login_required",
      says: /has expired/,
    },
    {
      name: "no token",
      env: { PLANTPREDICT_ACCESS_TOKEN: "two words" },
      code: "bad_response",
      says: /did not return a token/,
    },
    {
      name: "no file",
      env: { PLANTPREDICT_ACCESS_TOKEN_FILE: folder.at("none") },
      code: "credentials_missing",
      says: /there is no file/,
    },
    {
      name: "a file that others can write",
      env: { PLANTPREDICT_ACCESS_TOKEN_FILE: folder.at("open") },
      code: "credentials_damaged",
      says: /others can write to it/,
    },
  ], async ({ env, code, says }) => {
    const data = { options: { ...options, person: undefined }, path: "/" };
    const all = { HOME: folder.path, ...env };
    const said = await answerOf<Said>(PROGRAM, { data, env: all });
    assert.equal(said.code, code, said.message);
    assert.match(said.message ?? "", says);
    const looked = await answerOf<{ ok: boolean; text: string }>(
      `const report = await auth.doctor("plantpredict", data.options);
      console.log(JSON.stringify({ ok: report.ok, text: String(report) }));`,
      { data, env: all },
    );
    assert.equal(looked.ok, false);
    assert.match(looked.text, new RegExp(`Access token: from .* \\(${code}\\)`));
    assert(!looked.text.includes(over.split(".")[1] ?? over), "no part of the token is shown");
  });
});

test("a token in a variable does not affect saved values: logout removes them, and saving saves them", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, directory } = world;
  const token = await tokenOf(world);
  const saved = await answerOf<{ path: string; sessions: number; left: number; source: string }>(
    `
    const { interactive: _, ...location } = data.options;
    const { path } = await auth.saveCredentials("plantpredict", data.credentials, location);
    await auth.getSession("plantpredict", { ...data.options, credentials: data.credentials });
    const { source } = await auth.getSession("plantpredict", data.options);
    const { sessions, left } = await auth.logout("plantpredict", location);
    console.log(JSON.stringify({ path, sessions: sessions.length, left, source }));
    `,
    {
      data: { options, credentials },
      env: { HOME: directory, PLANTPREDICT_ACCESS_TOKEN: token },
    },
  );
  assert.deepEqual(saved, {
    path: `${directory}/app_credentials`,
    sessions: 1,
    left: 0,
    source: "environment (PLANTPREDICT_ACCESS_TOKEN)",
  });
});

test("a command does not inherit the variables that loadCredentials has set (trust 15)", async () => {
  await using folder = await TestFolder.make();
  const script =
    'printf "%s-%s." "${CLIENT_SECRET-}${PLANTPREDICT_CLIENT_SECRET-}" "$OTHER_SECRET"';
  const provider = {
    name: "by-command",
    apiUrl: "http://127.0.0.1:1",
    tokenCommand: ["sh", "-c", script],
  };
  const said = await answerOf<{ token: string }>(
    `
    await auth.saveCredentials("plantpredict", { client_id: "i", client_secret: "saved" });
    await auth.loadCredentials("plantpredict");
    if (Deno.env.get("CLIENT_SECRET") !== "saved") throw new Error("it was not exported");
    const s = await auth.getSession(auth.defineProvider(data), { interactive: false });
    console.log(JSON.stringify({ token: await s.token() }));
    `,
    { data: provider, env: { HOME: folder.path, OTHER_SECRET: "its-own" } },
  );
  assert.equal(said.token, "-its-own.");
});

test("logout() does not revoke a token that the caller passed, because others may use it", async () => {
  await using world = await createWorld("plantpredict-okta");
  const { options, credentials, user, sandbox } = world;
  const signedIn = await getSession("plantpredict-okta", {
    ...options,
    credentials: { ...credentials, ...user },
    store: "memory",
  });
  const token = await signedIn.token();
  const session = await getSession("plantpredict-okta", { ...options, token });
  const report = await session.logout();
  assert.deepEqual(
    [report.refreshToken, report.accessToken, report.removed, report.problems],
    ["none", "unsupported", false, []],
  );
  assert.equal(sandbox.count("plantpredict-okta.revoke"), 0);
  await rejects(session.token(), "login_required");
});
