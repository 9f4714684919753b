/**
 * Programs of newcomers who guess. Each one works, or fails with an error that names the right way.
 *
 * @module
 */
import ky from "ky";
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import {
  AuthError,
  createCredentials,
  type CredentialValues,
  defineProvider,
  getSession,
  loadCredentials,
  saveCredentials,
  type Session,
} from "../../../mod.ts";
import { fakePerson, fakeSession, startSandbox } from "../../../src/testing.ts";
import { rejects, throws } from "../../support/rejects.ts";
import { eachRow, test } from "../../support/tests.ts";
import { createWorld, type World } from "../../support/world.ts";

/** A program of a user who has credentials for PlantPredict. */
function program(name: string, run: (session: Session, world: World) => Promise<void>): void {
  test(`program: ${name}`, async () => {
    await using world = await createWorld("plantpredict");
    const { options, credentials } = world;
    await run(await getSession("plantpredict", { ...options, credentials }), world);
    assert.deepEqual(world.sandbox.errors, []);
  });
}

/** The sandbox's description of an item, or of a request. */
interface Said {
  item_id?: string;
  method?: string;
  body?: string;
  path?: string;
}

program("GET JSON", async (s) => {
  const info = await s.json<Said>("/api/info?item_id=x");
  assert.equal(info.item_id, "x");
  assert.equal((await s.json<Said>("/api/info", { query: { item_id: "y" } })).item_id, "y");
  assert.equal((await (await s.fetch("api/info?item_id=z")).json()).item_id, "z");
  const error = await rejects(s.json("/api/status/404"), "api_error");
  assert.equal(error.status, 404);
});

program("POST JSON", async (s) => {
  const said = await s.json<Said>("/api/echo", { method: "POST", json: { a: 1 } });
  assert.equal(said.method, "POST");
  assert.equal((await s.json<Said>("/api/echo", { json: { a: 1 } })).method, "POST");
  // `fetch` would send this as "[object Object]".
  const body = { a: 1 } as unknown as BodyInit;
  await rejects(s.json("/api/echo", { method: "POST", body }), "invalid_argument", /json: /);
});

program("ky", async (s) => {
  const api = ky.create({ fetch: s.fetch, baseUrl: s.apiUrl, retry: 0 });
  assert.equal((await api("api/info?item_id=x").json<Said>()).item_id, "x");
  assert.equal((await api.post("api/echo", { json: { a: 1 } }).json<Said>()).method, "POST");
});

program("openapi-fetch", async (s) => {
  interface Paths {
    "/api/info": {
      get: {
        parameters: { query: { item_id: string } };
        responses: { 200: { content: { "application/json": Said } } };
      };
    };
  }
  const api = createClient<Paths>({ baseUrl: s.apiUrl, fetch: s.fetch });
  const { data } = await api.GET("/api/info", { params: { query: { item_id: "x" } } });
  assert.equal(data?.item_id, "x");
});

test("program: two accounts side by side", async () => {
  await using world = await createWorld("spatiafi");
  const { options: { interactive: _, ...servers }, user, foreigner } = world;
  const ours = await createCredentials("spatiafi", user, servers);
  const theirs = await createCredentials("spatiafi", foreigner, { ...servers, account: "work" });
  const s = await getSession("spatiafi", { ...servers, interactive: false });
  const work = await getSession("spatiafi", { ...servers, interactive: false, account: "work" });
  assert.deepEqual([s.account, work.account], [user.username, foreigner.username]);
  assert.notEqual(ours.clientId, theirs.clientId);
  assert.notEqual(await s.token(), await work.token());
});

test("program: CI, with and without its variables", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  const { interactive: _, ...place } = options;
  const error = await rejects(getSession("plantpredict", options), "credentials_missing");
  assert.match(error.message, /PLANTPREDICT_CLIENT_ID and PLANTPREDICT_CLIENT_SECRET/);
  await saveCredentials("plantpredict", credentials, place);
  const found = await loadCredentials("plantpredict", { ...place, export: false });
  const s = await getSession("plantpredict", { ...options, credentials: found });
  assert.equal((await s.json<Said>("/api/info?item_id=x")).item_id, "x");
});

program("Deno.serve", async (s) => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/as-it-came") {
      // The incoming request names this server, not the API, so the token must not go there.
      const error = await rejects(s.fetch(request), "foreign_origin", /PlantPredict's API/);
      return new Response(error.code);
    }
    return await s.fetch(pathname + search);
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const answer = await (await fetch(`${origin}/api/info?item_id=x`)).json();
  assert.equal(answer.item_id, "x");
  assert.equal(await (await fetch(`${origin}/as-it-came`)).text(), "foreign_origin");
  await server.shutdown();
});

test("program: a user's own issuer", async () => {
  await using world = await createWorld("oidc", { client: "oidc.client_secret_basic" });
  const { sandbox, directory, credentials } = world;
  const ours = defineProvider({
    name: "ours",
    apiUrl: sandbox.environment["OIDC_API_URL"] ?? "",
    issuer: sandbox.environment["OIDC_ISSUER"] ?? "",
    scope: ["api:read"],
    clientAuthentication: "client_secret_basic",
  });
  const s = await getSession(ours, { directory, credentials, interactive: false });
  assert.equal((await s.json<Said>("/api/info?item_id=x")).item_id, "x");
});

test("program: a person with a code, on a remote machine", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  const directory = await Deno.makeTempDir({ prefix: "onecell-test-" });
  const ours = defineProvider({
    name: "ours",
    grant: "device_code",
    apiUrl: sandbox.environment["OIDC_API_URL"] ?? "",
    issuer: sandbox.environment["OIDC_ISSUER"] ?? "",
    clientId: sandbox.client("oidc").clientId,
    scope: "openid offline_access api:read",
  });
  const person = fakePerson();
  const approved: Promise<void>[] = [];
  const show = (notice: { kind: string; title: string; text: string }) => {
    const [link] = /https?:\/\/\S+user_code=\S+/.exec(notice.text) ?? [];
    if (notice.kind === "device" && link && approved.length === 0) {
      approved.push(sandbox.approveDevice(link));
    }
  };
  const s = await getSession(ours, { directory, person: { ...person, show } });
  await Promise.all(approved);
  assert.deepEqual([approved.length, person.asked.length], [1, 0]);
  assert.equal((await s.json<Said>("/api/info?item_id=x")).item_id, "x");
  await Deno.remove(directory, { recursive: true });
});

program("a socket's token, which must live for a while", async (s, { sandbox }) => {
  const token = await s.token({ minLifetime: 60 });
  assert.equal(token, await s.token({ minLifetime: 600 }));
  await rejects(s.token({ minLifetime: 86_400 }), "unsupported", /tokens for \d+ seconds/);
  sandbox.setTokenLifetime(5);
  await rejects(
    s.token({ lifetime: 60 } as { minLifetime?: number }),
    "invalid_argument",
    /minLifetime/,
  );
});

program("log out", async (s) => {
  const { removed, problems } = await s.logout();
  assert.deepEqual([removed, problems], [true, []]);
  assert.deepEqual([s.expiresAt, s.account], [undefined, undefined]);
  await rejects(s.json("/api/info"), "login_required", /getSession/);
  await rejects(s.token(), "login_required");
});

program("a token that was revoked", async (s, { sandbox }) => {
  sandbox.revokeAccessTokens();
  assert.equal((await s.json<Said>("/api/info?item_id=x")).item_id, "x");
  assert.equal(sandbox.count("plantpredict.token"), 2);
});

program("a thousand downloads", async (s) => {
  const ids = Array.from({ length: 1_000 }, (_, index) => `item-${index}`);
  const said = await s.map(ids, (id) => s.json<Said>("/api/info", { query: { item_id: id } }), {
    concurrency: 16,
    progress: false,
  });
  assert.deepEqual(said.map(({ item_id }) => item_id), ids);
});

test("program: an external token", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox } = world;
  const { apiUrl, directory } = options;
  const real = await getSession("plantpredict", { ...options, credentials, store: "memory" });
  const token = await real.token();
  const fixed = await getSession("plantpredict", { apiUrl, directory, token });
  assert.equal((await fixed.json<Said>("/api/info?item_id=x")).item_id, "x");
  let calls = 0;
  const asked = await getSession("plantpredict", {
    ...{ apiUrl, directory },
    token: async ({ signal }) => {
      calls++;
      await real.refresh({ signal });
      return await real.token({ signal });
    },
  });
  assert.equal((await asked.json<Said>("/api/info?item_id=x")).item_id, "x");
  sandbox.revokeAccessTokens();
  assert.equal((await asked.json<Said>("/api/info?item_id=x")).item_id, "x");
  assert.equal(calls, 2);
  const refused = await rejects(fixed.json("/api/info"), "api_error");
  assert.equal(refused.status, 401);
  await rejects(fixed.refresh(), "login_required", /function that gets one/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(directory)), [], "nothing is saved");
});

test("program: a test with a fake", async () => {
  const s = fakeSession(
    (request) =>
      Response.json({ item_id: new URL(request.url).searchParams.get("item_id"), value: [1, 2] }),
    { apiUrl: "https://api.plantpredict.example/v1/" },
  );
  assert.equal((await s.json<Said>("/api/info", { query: { item_id: "x" } })).item_id, "x");
  assert.deepEqual(await Array.fromAsync(s.items("/rows")), [1, 2]);
  assert.deepEqual(await s.map([1, 2], (n, _, own) => own.apiUrl.length + n), [37, 38]);
  await rejects(s.fetch("https://elsewhere.example"), "foreign_origin");
  await rejects(
    getSession("spatiafi", { person: fakePerson(), directory: "/nonexistent" }),
    "invalid_argument",
    /fakePerson has no answer for "username"/,
  );
  await s.logout();
  await rejects(s.fetch("/x"), "login_required");
});

test("program: wrong guesses get the right advice", () =>
  eachRow<{ name: string; run: () => Promise<unknown>; says: RegExp }>([
    {
      name: "keepTokens",
      run: () => getSession("spatiafi", { keepTokens: "memory" } as object),
      says: /Did you mean "store"/,
    },
    {
      name: "profile",
      run: () => getSession("spatiafi", { profile: "work" } as object),
      says: /Did you mean "account"/,
    },
    {
      name: "clientId",
      run: () => getSession("spatiafi", { clientId: "x" } as object),
      says: /Did you mean "credentials"/,
    },
    {
      name: "directory: work",
      run: () => getSession("spatiafi", { directory: "work" }),
      says: /absolute path.*account: "work"/,
    },
    {
      name: "a session option of loadCredentials",
      run: () => loadCredentials("spatiafi", { sessionKey: "x" } as object),
      says: /option of getSession/,
    },
    {
      name: "the API's URL of another system",
      run: () => getSession("https://api.unknown.example", { interactive: false }),
      says: /defineProvider/,
    },
    {
      name: "options among the login",
      run: () =>
        createCredentials(
          "spatiafi",
          { username: "a", password: "b", authUrl: "https://test.example" } as {
            username: string;
            password: string;
          },
        ),
      says: /pass options as the third/,
    },
    {
      name: "a definition's directory",
      run: () =>
        getSession(defineProvider({
          ...{ name: "x", apiUrl: "https://a.example", issuer: "https://i.example" },
          ...{ directory: "x" },
        })),
      says: /Did you mean "folder"/,
    },
    {
      name: "map over a string",
      run: () => fakeSession(() => new Response()).map("abc", () => 1),
      says: /items must be a list/,
    },
  ], async ({ run, says }) => {
    const error = await (async () => await run())().then(() => undefined, (error) => error);
    assert(AuthError.is(error, "invalid_argument", "unknown_provider"), String(error));
    assert.match(error.message, says);
  }));

test("program: an impossible definition is refused at compile time", () => {
  throws(
    () => defineProvider({ name: "x", apiUrl: "https://a.example" } as never),
    "invalid_argument",
    /issuer/,
  );
  const values: CredentialValues = { private_key: { kty: "EC", d: "x" } };
  assert.equal(typeof values["private_key"], "object");
});
