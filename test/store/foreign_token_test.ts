import assert from "node:assert/strict";
import { currentRuntime } from "../../src/runtime/current.ts";
import { TestFolder } from "../support/folder.ts";
import { parseForeignToken, readForeignToken } from "../../src/store/foreign_token.ts";
import { answerOf } from "../support/program.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld, type World } from "../support/world.ts";

const HOSTS = ["login.microsoftonline.com", "*.b2clogin.com", "127.0.0.1:8080"];

/** The file of 4insight's Python package: oauthlib's token and its origin. */
const FILE = {
  token_type: "Bearer",
  scope: ["openid", "offline_access"],
  access_token: "access",
  refresh_token: "refresh",
  id_token: "a.b.c",
  expires_in: 3600,
  expires_at: 1_700_003_600.5,
  token_url: "https://x.b2clogin.com/token",
};

test("parseForeignToken() reads the file format of oauthlib", () => {
  assert.deepEqual(parseForeignToken(FILE, "key", HOSTS), {
    version: 1,
    key: "key",
    access_token: "access",
    token_type: "bearer",
    expires_at: 1_700_003_600.5,
    obtained_at: 1_700_000_000.5,
    refresh_token: "refresh",
    id_token: "a.b.c",
    token_endpoint: "https://x.b2clogin.com/token",
  });
  const local = { ...FILE, token_url: "http://127.0.0.1:8080/token" };
  assert.notEqual(parseForeignToken(local, "key", HOSTS), null);
});

test("parseForeignToken() ignores other programs' files and files without a token", () =>
  eachRow<{ name: string; file: unknown }>([
    { name: "null", file: null },
    { name: "a list", file: [FILE] },
    { name: "no access token", file: { ...FILE, access_token: undefined } },
    { name: "an access token of lines", file: { ...FILE, access_token: "a\nb" } },
    { name: "no end", file: { ...FILE, expires_at: undefined } },
    { name: "an end that is none", file: { ...FILE, expires_at: "soon" } },
    { name: "an endless end", file: { ...FILE, expires_at: "1e999" } },
    { name: "no endpoint", file: { ...FILE, token_url: undefined } },
    { name: "no URL", file: { ...FILE, token_url: "token" } },
    { name: "another host", file: { ...FILE, token_url: "https://evil.example/token" } },
    { name: "plain http", file: { ...FILE, token_url: "http://login.microsoftonline.com/t" } },
    { name: "a password", file: { ...FILE, token_url: "https://a:b@login.microsoftonline.com/t" } },
  ], ({ file }) => assert.equal(parseForeignToken(file, "key", HOSTS), null)));

/** Starts a session in a home where the Python package has saved this file. */
async function startWith({ sandbox, directory, credentials }: World, file: unknown) {
  const mac = Deno.build.os === "darwin";
  const folder = `${directory}/${mac ? ".config/.fourinsight/api" : ".fourinsight/api"}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/token`, JSON.stringify(file));
  return await answerOf<{ status?: number; code?: string }>(
    `
    try {
      const session = await auth.getSession("fourinsight", { credentials: data, interactive: false });
      const response = await session.fetch("/api/info");
      await response.text();
      console.log(JSON.stringify({ status: response.status }));
    } catch ({ code }) {
      console.log(JSON.stringify({ code }));
    }`,
    { data: credentials, env: { HOME: directory, ...sandbox.environment } },
  );
}

test("fourinsight continues the session that its Python package has saved, for the same system", async () => {
  await using world = await createWorld("fourinsight");
  const { sandbox, credentials, options } = world;
  const { endpoint, code } = JSON.parse(await sandbox.signInForPackage());
  const form = { grant_type: "authorization_code", code, ...credentials };
  const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams(form) });
  const token = await answer.json();
  const file = { ...token, expires_at: Date.now() / 1000 + 900, token_url: endpoint };
  sandbox.reset();

  // A token of the real system is not valid for a test system anywhere.
  const real = { ...file, token_url: "https://login.microsoftonline.com/token" };
  assert.deepEqual(await startWith(world, real), { code: "login_required" });
  assert.equal(sandbox.count("fourinsight.api"), 0);

  assert.deepEqual(await startWith(world, file), { status: 200 });
  assert.equal(sandbox.count("fourinsight.token"), 0);
  assert.deepEqual(await startWith(world, { ...file, expires_at: 1 }), { status: 200 });
  assert.equal(sandbox.count("fourinsight.token.refresh_token"), 1);
  assert.equal(options.authUrl, new URL(endpoint).origin);
});

test("readForeignToken() reads only its own session's file", async () => {
  await using home = await TestFolder.make();
  const runtime = { ...await currentRuntime(), homeDirectory: () => home.path };
  const read = (sessionKey: string | undefined) =>
    readForeignToken(runtime, { folder: "data", file: "token" }, sessionKey, "key", HOSTS);
  await Deno.mkdir(home.at("data"));
  await Deno.writeTextFile(home.at("data", "token"), JSON.stringify(FILE), { mode: 0o600 });
  assert.equal((await read(undefined))?.access_token, "access");
  assert.equal(await read("work"), null);
  const work = JSON.stringify({ ...FILE, access_token: "of-work" });
  await Deno.writeTextFile(home.at("data", "token.work"), work, { mode: 0o600 });
  assert.equal((await read("work"))?.access_token, "of-work");
});
