/** A real JupyterHub with two users, whose servers run the Deno kernel (issue 14, row 4). */
import assert from "node:assert/strict";
import { startSandbox } from "../../../examples/sandbox/mod.ts";
import { test } from "../../support/tests.ts";
import { RedisServer } from "../store/redis_server.ts";
import { type Hub, type HubUser, type Kernel, startHub } from "./start_hub.ts";

const SIGN_IN = `
import { getSession } from "jsr:@onecell/auth";
const s = await getSession("spatiafi");
const response = await s.fetch("/api/info");
console.log(JSON.stringify({
  account: s.account, source: s.source, ok: response.ok, problem: s.storeProblem?.message,
}));
await response.body?.cancel();
`;

const WITHOUT_ASKING = SIGN_IN.replace('("spatiafi")', '("spatiafi", { interactive: false })');

/** Tries to read another user's files. */
const spy = (paths: string[]) => `
for (const path of ${JSON.stringify(paths)}) {
  try { console.log("READ " + Deno.readTextFileSync(path)); } catch (error) { console.log(error.name); }
}
`;

/** The error of a call that finds no credentials. */
const NOTHING = /SpatiaFi needs a client ID and client secret, and nobody is here to ask/;

interface Said {
  account: string;
  source: string;
  ok: boolean;
  problem?: string;
}

/** The JSON that a cell printed. */
function said(text: string): Said {
  const [found] = text.match(/\{"account".*\}/) ?? [];
  assert(found !== undefined, text);
  return JSON.parse(found);
}

/** Everything below a folder, with owner and mode. */
async function* filesIn(folder: string): AsyncGenerator<{ path: string; info: Deno.FileInfo }> {
  yield { path: folder, info: await Deno.lstat(folder) };
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesIn(path);
    else yield { path, info: await Deno.lstat(path) };
  }
}

/** A server that exchanges a subject token for one with its name, and an API that returns that name. */
function startExchange(): { url: string; subjects: string[]; stop(): Promise<void> } {
  const subjects: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      if (new URL(request.url).pathname !== "/token") {
        return Response.json({ token: request.headers.get("authorization") });
      }
      const form = new URLSearchParams(await request.text());
      const subject = form.get("subject_token") ?? "";
      subjects.push(subject);
      return Response.json({
        access_token: `for-${subject}`,
        token_type: "Bearer",
        expires_in: 600,
      });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    subjects,
    stop: () => server.shutdown(),
  };
}

/** Checks the source `{ jupyterhub: "access_token" }` (jupyterhub#337). */
async function checkHubTokens(hub: Hub, user: HubUser, kernel: Kernel): Promise<void> {
  const exchange = startExchange();
  const program = (options: string) => `
    import { defineProvider, getSession } from "jsr:@onecell/auth";
    const weather = defineProvider({
      name: "weather", apiUrl: "${exchange.url}", grant: "token_exchange",
      endpoints: { token: "${exchange.url}/token" }, subjectToken: { jupyterhub: "access_token" },
    });
    try {
      const s = await getSession(weather, { interactive: false, ${options} });
      console.log(JSON.stringify({ account: s.source, ...await s.json("/") }));
    } catch ({ code, message }) { console.log(JSON.stringify({ account: code, source: message })); }
  `;
  const run = async (options = "", on = kernel) => said((await on.run(program(options))).text);
  try {
    const before = await run();
    assert.equal(before.account, "credentials_missing", before.source);
    await hub.signIn(user, "provider-token-1");
    assert.deepEqual(await run(), { account: "JupyterHub", token: "Bearer for-provider-token-1" });
    await hub.signIn(user, "provider-token-2");
    assert.deepEqual(await run(), { account: "JupyterHub", token: "Bearer for-provider-token-2" });
    assert.deepEqual(await run('token: { jupyterhub: "access_token" }'), {
      account: "option token (JupyterHub)",
      token: "Bearer provider-token-2",
    });
    assert.deepEqual(exchange.subjects, ["provider-token-1", "provider-token-2"]);
    const other = await run('subjectToken: { jupyterhub: "id_token" }');
    assert.match(other.source, /has no "id_token"/);
    // A server whose token may not read the user's token.
    const left = await run("", await hub.open(user, "left"));
    assert.equal(left.account, "credentials_missing", left.source);
    assert.match(left.source, /admin:auth_state!user/);
  } finally {
    await exchange.stop();
  }
}

test("a hub's users sign in as themselves, and all servers of a user share a session", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  await using redis = await RedisServer.start("a hub with a shared store");
  if (!redis) return;
  const shared = [0, 1].map(() => ({
    ONECELL_STORE: redis.url,
    ONECELL_STORE_KEY: btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))),
  }));
  await using hub = await startHub({ environment: sandbox.environment, shared });
  if (!hub) return;
  const [ada, bob] = hub.users;
  const [person, other] = sandbox.users;
  assert(ada && bob && person && other);
  assert(ada.uid > 0 && bob.uid > 0 && ada.uid !== bob.uid);

  // Files: the default setup.
  const adas = await hub.open(ada);
  const first = await adas.run(SIGN_IN, [person.username, person.password]);
  assert.equal(first.prompts.length, 2, first.text);
  const bobs = await hub.open(bob);
  // Bob has nothing to use before he has signed in himself.
  const before = await bobs.run(WITHOUT_ASKING);
  assert.match(before.text, NOTHING);
  const second = await bobs.run(SIGN_IN, [other.username, other.password]);
  assert.equal(second.prompts.length, 2, second.text);
  const [one, two] = [said(first.text), said(second.text)];
  assert.deepEqual([one.ok, two.ok, one.problem, two.problem], [true, true, undefined, undefined]);
  assert.notEqual(one.account, two.account);
  assert.equal(sandbox.count("spatiafi.clients"), 2);
  const secrets: string[] = [];
  const clients: string[] = [];
  const paths: string[] = [];
  for (const user of [ada, bob]) {
    for await (const { path, info } of filesIn(`${user.home}/.config/spatiafi`)) {
      assert.equal(info.uid, user.uid, path);
      assert.equal((info.mode ?? 0) & 0o077, 0, path);
      if (user === ada && info.isFile) paths.push(path);
      if (path.endsWith("app_credentials")) {
        const saved = JSON.parse(await Deno.readTextFile(path));
        secrets.push(saved.client_secret);
        clients.push(saved.client_id);
      }
    }
  }
  assert.equal(new Set(secrets).size, 2);
  assert(paths.length >= 2, paths.join());
  const spied = await bobs.run(spy(paths));
  assert.deepEqual(spied.text.trim().split("\n"), paths.map(() => "PermissionDenied"));
  const status = await bobs.run(
    'import { status } from "jsr:@onecell/auth"; console.log(String(await status()));',
  );
  const [adasClient = ""] = clients;
  assert(status.text.includes(`signed in as ${two.account}`), status.text);
  for (const hers of [adasClient, one.account ?? "nobody"]) {
    assert(!status.text.includes(hers), status.text);
  }
  assert.match(status.text, /Saved in .*\.config\/spatiafi \(readable by you/);

  // The hub's token of its user: exchanged or used directly, and fresh each time.
  await checkHubTokens(hub, ada, adas);

  // The shared store: two servers of one user, each with its own home.
  sandbox.reset();
  const left = await hub.open(ada, "left");
  const there = said((await left.run(SIGN_IN, [person.username, person.password])).text);
  assert.deepEqual([there.ok, there.problem], [true, undefined]);
  assert.equal(there.source, `redis://127.0.0.1:${redis.port}/3`);
  const right = await hub.open(ada, "right");
  const found = said((await right.run(WITHOUT_ASKING)).text);
  assert.deepEqual([found.ok, found.account], [true, there.account]);
  assert.equal(sandbox.count("spatiafi.token"), 1, "one token request");
  assert.equal(sandbox.count("spatiafi.clients"), 1);
  for (const server of ["left", "right"]) {
    const kept: string = `${ada.home}/${server}/config`;
    assert.equal(await Deno.stat(kept).then(() => true, () => false), false, "nothing on the disk");
  }
  const outside = await hub.open(bob, "left");
  const nothing = await outside.run(WITHOUT_ASKING);
  assert.match(nothing.text, NOTHING);
  assert.match(
    (await outside.run(
      'import { status } from "jsr:@onecell/auth"; console.log(String(await status()));',
    )).text,
    /Saved in redis:\/\/127\.0\.0\.1:\d+\/3 \(readable by [^;]*\)/,
  );

  // A log-out in one kernel also signs out the other.
  await left.run(
    'import { logout } from "jsr:@onecell/auth"; await logout("spatiafi", { forget: true });',
  );
  assert.match((await right.run(WITHOUT_ASKING)).text, NOTHING);
}, 240_000);
