/** Row 33: the stop button of a notebook ends every wait. A call that need not wait has no listener. */
import assert from "node:assert/strict";
import { answerOf } from "../support/program.ts";
import { eachRow, test } from "../support/tests.ts";

interface Ended {
  /** The error's code, or what happened instead. */
  outcome: string;
  milliseconds: number;
  /** How often the call listened to SIGINT, and how many listeners it left. */
  listened: number;
  left: number;
}

/**
 * A fake kernel. A wait for a server lasts until SIGINT. Each wait is an expression in the program.
 */
const PROGRAM = `
  const { currentRuntime } = await import(data.runtime);
  const runtime = await currentRuntime();
  const listeners = new Set();
  let listened = 0;
  Object.assign(runtime, {
    inNotebook: () => true,
    onInterrupt(listener) {
      listened++;
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const never = () => new Promise(() => {});
  let hangs = false;
  const fetch = (input) => {
    if (hangs) return never();
    const isToken = String(input.url ?? input).includes("/token");
    return Promise.resolve(Response.json(isToken ? { access_token: "at", token_type: "Bearer", expires_in: 3600 } : {}));
  };
  const credentials = { client_id: "id", client_secret: "secret-secret" };
  const system = auth.defineProvider({
    name: "stopped", grant: "client_credentials", apiUrl: "https://api.example", probe: "/probe",
    authUrl: "https://auth.example",
    endpoints: { token: "/token", revocation: "/revoke" },
    enrolment: { login: "/login", clients: "/clients" },
  });
  const options = { credentials, fetch, directory: data.directory, quiet: true, interactive: false };
  const session = await auth.getSession(system, options);
  const fresh = { ...options, store: "memory" };
  const login = { username: "ada", password: "password-password" };
  const store = { read: never, write: never, remove: never, exclusive: never };
  const away = { directory: data.directory, store };
  const results = [];
  hangs = true;
  for (const wait of data.waits) {
    listened = 0;
    const began = performance.now();
    const work = new Function("auth", "session", "system", "options", "fresh", "login", "away", "credentials",
      "return (async () => " + wait + ")()")(auth, session, system, options, fresh, login, away, credentials);
    const outcome = work.then((value) => "done", (error) => error.code === "cancelled" ? error.code : String(error));
    const stop = setInterval(() => { for (const listener of [...listeners]) listener(); }, 100);
    const late = new Promise((done) => setTimeout(done, 3000, "still waiting"));
    const ended = await Promise.race([outcome, late]);
    clearInterval(stop);
    results.push({ outcome: ended, milliseconds: performance.now() - began, listened, left: listeners.size });
  }
  console.log(JSON.stringify(results));
  Deno.exit(0);
`;

async function play(waits: readonly string[]): Promise<Ended[]> {
  const directory = await Deno.makeTempDir({ prefix: "onecell-stop-" });
  try {
    return await answerOf<Ended[]>(PROGRAM, {
      data: {
        waits,
        directory,
        runtime: new URL("../../src/runtime/current.ts", import.meta.url).href,
      },
      env: { HOME: directory },
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const WAITS = [
  { name: "getSession, the first silent grant", wait: "await auth.getSession(system, fresh)" },
  {
    name: "getSession, signing in again",
    wait: "await auth.getSession(system, { ...options, forceLogin: true })",
  },
  {
    name: "getSession, a token that expires too soon",
    wait: "await auth.getSession(system, { ...options, minLifetime: 4000 })",
  },
  {
    name: "getSession, a shared store",
    wait: "await auth.getSession(system, { ...options, store: away.store })",
  },
  {
    name: "getSession, with its own signal",
    wait: "await auth.getSession(system, { ...fresh, signal: new AbortController().signal })",
  },
  { name: "fetch", wait: `await session.fetch("/x")` },
  { name: "fetch, a POST", wait: `await session.fetch("/x", { method: "POST", body: "x" })` },
  { name: "json", wait: `await session.json("/x")` },
  { name: "pages", wait: `{ for await (const _ of session.pages("/x")); }` },
  { name: "items", wait: `{ for await (const _ of session.items("/x")); }` },
  { name: "map", wait: `await session.map([1], (_item, _index, s) => s.fetch("/x"))` },
  { name: "verify", wait: "await session.verify()" },
  { name: "token", wait: "await session.token({ minLifetime: 4000 })" },
  { name: "refresh", wait: "await session.refresh()" },
  {
    name: "refresh, with its own signal",
    wait: "await session.refresh({ signal: new AbortController().signal })",
  },
  { name: "session.doctor", wait: "await session.doctor()" },
  { name: "doctor", wait: "await auth.doctor(system, fresh)" },
  {
    name: "createCredentials",
    wait: "await auth.createCredentials(system, login, { fetch: options.fetch })",
  },
  { name: "loadCredentials, a shared store", wait: "await auth.loadCredentials(system, away)" },
  {
    name: "saveCredentials, a shared store",
    wait: "await auth.saveCredentials(system, credentials, away)",
  },
  { name: "forgetCredentials, a shared store", wait: "await auth.forgetCredentials(system, away)" },
  { name: "status, a shared store", wait: "await auth.status(system, away)" },
  {
    name: "logout, a shared store",
    wait: "await auth.logout(system, { ...options, store: away.store })",
  },
  { name: "session.logout", wait: "await session.logout()" },
] as const;

test("row 33: the stop button ends every wait at once, and leaves no listener", async () => {
  const results = await play(WAITS.map(({ wait }) => wait));
  await eachRow(
    WAITS.map(({ name }, at) => ({ name, ended: results[at] })),
    ({ ended }) => {
      assert.equal(ended?.outcome, "cancelled");
      assert(ended.milliseconds < 1500, `${ended.milliseconds} ms`);
      assert.equal(ended.left, 0, "a listener is left");
    },
  );
});

test("a saved session needs no listener", async () => {
  const results = await play([
    "await auth.getSession(system, options)",
    "await session.token()",
    "await session.claims()",
  ]);
  assert.deepEqual(results.map(({ outcome, listened }) => [outcome, listened]), [
    ["done", 0],
    ["done", 0],
    ["done", 0],
  ]);
});
