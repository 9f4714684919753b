import assert from "node:assert/strict";
import { AuthError, type AuthErrorCode, getSession, type SessionOptions } from "../../mod.ts";
import { TestFolder } from "../support/folder.ts";
import { onLink, scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const API = "https://api.example.org";
const AUTH = "https://auth.example.net";
const RESOURCE = "/.well-known/oauth-protected-resource";
const SERVER = "/.well-known/oauth-authorization-server";

type Answer = () => Response;
const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Answer => () =>
  Response.json(value, { status, headers });

/** The responses of an authorization server with its own issuer. */
function serverAt(issuer: string, change: Record<string, unknown> = {}): Record<string, Answer> {
  return {
    [`${issuer}${SERVER}`]: json({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      ...change,
    }),
    [`${issuer}/register`]: json({ client_id: `client of ${new URL(issuer).host}` }, 201),
    [`${issuer}/token`]: json({ access_token: "a", refresh_token: "r", expires_in: 900 }),
  };
}

const resource = (servers: string[], change: Record<string, unknown> = {}) =>
  json({ resource: API, authorization_servers: servers, scopes_supported: ["read"], ...change });

/** A fake network that records every request. Unknown addresses return 404. */
function network(answers: Record<string, Answer>) {
  const all = { ...answers };
  const sent: { method: string; url: string; body: string }[] = [];
  return {
    all,
    sent,
    hosts: () => [...new Set(sent.map(({ url }) => new URL(url).host))],
    fetch: (url: string, init: { method: string; body?: unknown }) => {
      const { origin, pathname } = new URL(url);
      sent.push({ method: init.method, url, body: String(init.body ?? "") });
      return Promise.resolve((all[origin + pathname] ?? json({}, 404))());
    },
  };
}

/** A person whose browser returns with a code at once. */
const personWho = (answers: (string | null)[]) =>
  scriptedPerson({
    browserIsLocal: true,
    answers,
    onShow: onLink(async (link) => {
      const { searchParams } = new URL(link);
      const back = new URL(searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("state", searchParams.get("state") ?? "");
      back.searchParams.set("code", "c");
      await (await fetch(back)).body?.cancel();
    }),
  });

async function signIn(
  world: ReturnType<typeof network>,
  folder: TestFolder,
  answers: (string | null)[],
  extra: SessionOptions = {},
) {
  const person = personWho(answers);
  const options = { directory: folder.path, fetch: world.fetch, person, ...extra };
  return { person, session: await getSession(API, options) };
}

test("an address: only the API is contacted before the prompt, and only the named hosts after it", async () => {
  await using folder = await TestFolder.make();
  const world = network({ [API + RESOURCE]: resource([AUTH]), ...serverAt(AUTH) });
  const person = scriptedPerson({
    answers: [() => {
      assert.deepEqual(world.hosts(), ["api.example.org"]);
      assert(world.sent.every(({ method, body }) => method === "GET" && body === ""));
      return "no";
    }],
  });
  const options = { directory: folder.path, fetch: world.fetch, person };
  await rejects(getSession(API, options), "cancelled", /Nothing was sent to auth\.example\.net/);
  assert.deepEqual(world.hosts(), ["api.example.org"]);

  const { session, person: willing } = await signIn(world, folder, ["yes"]);
  assert.equal(session.title, "api.example.org");
  assert.deepEqual(world.hosts(), ["api.example.org", "auth.example.net"]);
  assert.equal(willing.questions.length, 1);
  const token = world.sent.findLast(({ method }) => method === "POST");
  assert.equal(new URLSearchParams(token?.body).get("resource"), API);
});

test("an address: the prompt also names a host that only the authorization server names", async () => {
  const endpoints = { token_endpoint: "https://token.example.com/t" };
  const answers = {
    [API + RESOURCE]: resource([AUTH]),
    ...serverAt(AUTH, endpoints),
    "https://token.example.com/t": json({ access_token: "a", expires_in: 900 }),
  };
  await using folder = await TestFolder.make();
  const refused = network(answers);
  await rejects(
    signIn(refused, folder, ["yes", "no"]),
    "cancelled",
    /Nothing was sent to token\.example\.com/,
  );
  assert(!refused.hosts().includes("token.example.com"));
  assert(refused.sent.every(({ method }) => method === "GET"));
  const world = network(answers);
  const { person } = await signIn(world, folder, ["yes", "yes"]);
  assert.match(person.questions[1]?.text ?? "", /Go on with token\.example\.com\?/);
  assert(world.hosts().includes("token.example.com"));
});

test("an address whose API later names another authorization server: a prompt, never silence", async () => {
  await using folder = await TestFolder.make();
  const world = network({
    [API + RESOURCE]: resource([AUTH]),
    ...serverAt(AUTH),
    ...serverAt("https://evil.example"),
  });
  await signIn(world, folder, ["yes"]);
  world.all[API + RESOURCE] = resource(["https://evil.example"]);
  // The saved agreement is used. Nothing is read again.
  const { length } = world.sent;
  await signIn(world, folder, []);
  assert.equal(world.sent.length, length);

  const nobody = { interactive: false, forceLogin: true };
  const error = await rejects(
    signIn(world, folder, [], nobody),
    "foreign_server",
    /now names another authorization server.*auth\.example\.net.*evil\.example/,
  );
  assert.match(error.message, /nothing was sent/);
  await rejects(signIn(world, folder, ["no"], { forceLogin: true }), "cancelled");
  assert(!world.hosts().includes("evil.example"));

  const { person } = await signIn(world, folder, ["yes"], { forceLogin: true });
  const card = person.shown.find(({ kind }) => kind === "starting");
  assert(card?.kind === "starting");
  assert.match(card.step, /It was auth\.example\.net until now/);
  const toEvil = world.sent.filter(({ url }) => url.startsWith("https://evil.example"));
  assert(toEvil.some(({ url }) => url.endsWith("/register")), "it gets a client of its own");
  assert(toEvil.every(({ body }) => !body.includes("auth.example.net")), "and not the other's");
});

test("an address whose API requests more scopes later prompts again at a new sign-in", async () => {
  await using folder = await TestFolder.make();
  const world = network({ [API + RESOURCE]: resource([AUTH]), ...serverAt(AUTH) });
  await signIn(world, folder, ["yes"]);
  world.all[API + RESOURCE] = resource([AUTH], { scopes_supported: ["read", "admin"] });
  await rejects(signIn(world, folder, ["no"], { forceLogin: true }), "cancelled");
  const { person } = await signIn(world, folder, ["yes"], { forceLogin: true });
  assert.match(person.questions[0]?.text ?? "", /with the scopes read admin, and stay/);
});

test("an address whose API does not respond at a new sign-in uses what was agreed on", async () => {
  await using folder = await TestFolder.make();
  const world = network({ [API + RESOURCE]: resource([AUTH]), ...serverAt(AUTH) });
  await signIn(world, folder, ["yes"]);
  delete world.all[API + RESOURCE];
  const { person } = await signIn(world, folder, [], { forceLogin: true });
  assert.deepEqual(person.questions, []);
});

const challenge = (parameters: string): Answer => () =>
  new Response(null, { status: 401, headers: { "www-authenticate": `Bearer ${parameters}` } });

interface Row {
  name: string;
  answers: Record<string, Answer>;
  code: AuthErrorCode;
  says?: RegExp;
}

test("an address: a wrong response from the API ends the sign-in before any other host is contacted", () =>
  eachRow<Row>([
    { name: "nothing", answers: {}, code: "unsupported", says: /RFC 9728.*--issuer/ },
    {
      name: "a page for every path, as web applications return",
      answers: { [API + RESOURCE]: () => new Response("<html>", { status: 200 }) },
      code: "unsupported",
    },
    {
      name: "metadata at another host",
      answers: { [`${API}/`]: challenge('resource_metadata="https://evil.example/m"') },
      code: "foreign_origin",
      says: /evil\.example.*nothing was sent there/,
    },
    {
      name: "metadata at another port",
      answers: { [`${API}/`]: challenge(`resource_metadata="${API}:8443/m"`) },
      code: "foreign_origin",
    },
    {
      name: "a redirect to another host",
      answers: {
        [API + RESOURCE]: () =>
          new Response(null, { status: 302, headers: { location: "https://evil.example/m" } }),
      },
      code: "redirect_refused",
    },
    {
      name: "an authorization server on this machine",
      answers: { [API + RESOURCE]: resource(["http://127.0.0.1:8080"]) },
      code: "insecure_url",
      says: /a loopback or link-local address/,
    },
    {
      name: "an authorization server in this network",
      answers: { [API + RESOURCE]: resource(["https://vault.internal"]) },
      code: "insecure_url",
      says: /private network/,
    },
    {
      name: "metadata of another API",
      answers: { [API + RESOURCE]: resource([AUTH], { resource: "https://bank.example" }) },
      code: "bad_response",
      says: /bank\.example/,
    },
    { name: "trouble", answers: { [API + RESOURCE]: json({}, 500) }, code: "server_error" },
  ], async ({ answers, code, says = /./ }) => {
    await using folder = await TestFolder.make();
    const world = network({ ...answers, ...serverAt(AUTH) });
    await rejects(signIn(world, folder, ["yes"]), code, says);
    assert.deepEqual(world.hosts(), ["api.example.org"]);
    assert(world.sent.every(({ method }) => method === "GET"));
  }));

test("an address: an authorization server that names internal hosts or another issuer gets no client", () =>
  eachRow<Row>([
    {
      name: "a token endpoint on this machine",
      answers: serverAt(AUTH, { token_endpoint: "http://127.0.0.1:1/t" }),
      code: "insecure_url",
    },
    {
      name: "a registration endpoint in this network",
      answers: serverAt(AUTH, { registration_endpoint: "https://10.0.0.1/r" }),
      code: "insecure_url",
    },
    {
      name: "the issuer of another server (mix-up)",
      answers: serverAt(AUTH, { issuer: "https://honest.example" }),
      code: "bad_response",
    },
    { name: "nothing", answers: { [AUTH + SERVER]: json({}, 404) }, code: "bad_response" },
  ], async ({ answers, code }) => {
    await using folder = await TestFolder.make();
    const world = network({ [API + RESOURCE]: resource([AUTH]), ...answers });
    await rejects(signIn(world, folder, ["yes"]), code);
    assert.deepEqual(world.hosts(), ["api.example.org", "auth.example.net"]);
    assert(world.sent.every(({ method }) => method === "GET"));
  }));

test("an address: the API's 401 names the metadata and the scopes to request", async () => {
  await using folder = await TestFolder.make();
  const world = network({
    [`${API}/`]: challenge(`scope="files:read", resource_metadata="${API}/here"`),
    [`${API}/here`]: resource([AUTH]),
    ...serverAt(AUTH),
  });
  const { person } = await signIn(world, folder, ["yes"]);
  assert.match(person.questions[0]?.text ?? "", /with the scopes files:read, and stay/);
});

test("an address: a given issuer must be one that the API names", async () => {
  await using folder = await TestFolder.make();
  const other = "https://two.example";
  const world = network({ [API + RESOURCE]: resource([AUTH, other]), ...serverAt(other) });
  await rejects(
    signIn(world, folder, ["yes"], { issuer: "https://evil.example" }),
    "foreign_server",
    /It names: https:\/\/auth\.example\.net\/, https:\/\/two/,
  );
  const { person } = await signIn(world, folder, ["yes"], { issuer: other });
  assert.equal(person.questions[0]?.host, "two.example");
  assert(!world.hosts().includes("auth.example.net"));
});

test("an address whose file was edited by hand is refused, and the error names the file", async () => {
  await using folder = await TestFolder.make();
  const world = network({ [API + RESOURCE]: resource([AUTH]), ...serverAt(AUTH) });
  await signIn(world, folder, ["yes"]);
  const [name = ""] = (await Array.fromAsync(Deno.readDir(folder.path)))
    .map((entry) => entry.name).filter((name) => name.endsWith(".json"));
  const saved = JSON.parse(await Deno.readTextFile(folder.at(name)));
  const changes: Record<string, unknown>[] = [
    { issuer: "https://evil.example" },
    { address: "https://evil.example/" },
    { endpoints: { token: "http://evil.example/t", authorization: `${AUTH}/a` } },
    { endpoints: undefined },
    { grant: "password" },
    { clientAuthentication: "what" },
  ];
  for (const change of changes) {
    const text = JSON.stringify({ ...saved, ...change });
    await Deno.writeTextFile(folder.at(name), text);
    await rejects(signIn(world, folder, ["yes"]), "credentials_damaged", /Remove it/);
  }
  await Deno.writeTextFile(folder.at(name), JSON.stringify(saved));
  await Deno.chmod(folder.at(name), 0o666);
  await rejects(
    signIn(world, folder, ["yes"]),
    "credentials_damaged",
    /others can write|chmod|unsafe/,
  );
});

test("an address: the stop button ends every wait for a server", () =>
  eachRow<{ name: string; hangs: string; answers: (string | null)[] }>([
    { name: "for the API", hangs: API + RESOURCE, answers: [] },
    { name: "for the authorization server", hangs: AUTH + SERVER, answers: ["yes"] },
    { name: "for a client", hangs: `${AUTH}/register`, answers: ["yes"] },
  ], async ({ hangs, answers }) => {
    await using folder = await TestFolder.make();
    const world = network({ [API + RESOURCE]: resource([AUTH]), ...serverAt(AUTH) });
    const person = personWho(answers);
    const waiting = (
      url: string,
      init: { method: string; body?: unknown; signal: AbortSignal },
    ) => {
      const { origin, pathname } = new URL(url);
      if (origin + pathname !== hangs) return world.fetch(url, init);
      person.stop(new AuthError("cancelled", "Stopped."));
      return new Promise((_, reject) => {
        init.signal.addEventListener("abort", () => reject(init.signal.reason));
        if (init.signal.aborted) reject(init.signal.reason);
      });
    };
    await rejects(
      getSession(API, { directory: folder.path, fetch: waiting, person }),
      "cancelled",
    );
    const last = person.shown.at(-1)?.kind;
    assert.equal(last, answers.length === 0 ? undefined : "failed", "a card comes to its end");
  }));
