import assert from "node:assert/strict";
import {
  AuthError,
  type AuthErrorCode,
  getSession,
  saveCredentials,
  scanNotebook,
} from "../mod.ts";
import { abortReason, loaded } from "../src/errors.ts";
import { loadCopy } from "./support/copy.ts";
import { TestFolder } from "./support/folder.ts";
import { runProgram } from "./support/program.ts";
import { assertHides, canary } from "./support/secrets.ts";
import { works } from "./support/call.ts";
import { rejects } from "./support/rejects.ts";
import { eachRow, test } from "./support/tests.ts";
import { createWorld } from "./support/world.ts";

test("AuthError keeps the reason from a cause, and nothing that may hold a secret", () => {
  const secret = canary();
  const request = new Request("https://a.example", {
    method: "POST",
    headers: { authorization: secret },
    body: secret,
  });
  const causes = [
    Object.assign(new Error("refused"), { code: "ECONNREFUSED", body: secret, request }),
    new Error("refused", { cause: new Error(secret) }),
    Object.assign(new TypeError("refused"), { cause: { body: secret } }),
    Object.assign(new Error("refused"), { code: { secret } }),
    { body: secret },
    request,
    [secret],
  ];
  return eachRow(
    causes.map((cause, index) => ({ name: `${index}`, cause })),
    ({ cause }) => {
      const error = new AuthError("network", "No answer.", { cause, status: 500 });
      assertHides(error, [secret], "the error");
      if (!(cause instanceof Error)) return void assert.equal(error.cause, undefined);
      const { name, message } = error.cause as Record<string, unknown>;
      assert.deepEqual([name, message], [cause.name, "refused"]);
    },
  );
});

test("AuthError has its code, its fields, and a short stack", () => {
  const inner = new AuthError("timeout", "Too slow.");
  const error = new AuthError("network", "No answer.", {
    cause: inner,
    status: 503,
    error: "server_error",
    retryAfter: 5,
  });
  assert(error instanceof Error);
  assert.equal(error.name, "AuthError");
  assert.equal(error.cause, inner);
  assert.deepEqual({ ...error }, {
    name: "AuthError",
    code: "network",
    status: 503,
    error: "server_error",
    retryAfter: 5,
  });
  assert.deepEqual(Object.keys(inner), ["name", "code"], "no empty fields");
  assert((error.stack ?? "").split("\n").length <= 5, error.stack);
});

test("AuthError.is() and instanceof recognize errors of any copy and realm of this module", async () => {
  await using folder = await TestFolder.make();
  const other = await loadCopy(folder.path);
  const theirs = new other.AuthError("timeout", "Too slow.");
  const ours = new AuthError("timeout", "Too slow.");
  assert.notEqual(other.AuthError, AuthError);
  for (const error of [ours, theirs]) {
    assert(AuthError.is(error) && error instanceof AuthError && other.AuthError.is(error));
    assert(AuthError.is(error, "network", "timeout"));
    assert(!AuthError.is(error, "network"));
  }
  const others = [null, undefined, "timeout", { code: "timeout" }, new Error("timeout"), () => {}];
  for (const value of others) assert(!AuthError.is(value) && !(value instanceof AuthError));
  // An error from a worker or a test's realm is not an `Error` of this realm.
  const foreign = { name: "TimeoutError", message: "over" };
  assert.equal(abortReason(AbortSignal.abort(foreign)).code, "timeout");
});

test("credentials and sessions of another copy are accepted, and a spread session is not", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, directory } = world;
  const other = await loadCopy(directory);
  const { interactive: _, ...place } = options;
  const theirs = await other.saveCredentials("plantpredict", credentials, place);
  const session = await getSession("plantpredict", { ...options, credentials: theirs });
  assert.equal(session.account, credentials["client_id"]);
  await saveCredentials("plantpredict", theirs, place);
  const notebook = `${directory}/a.ipynb`;
  await Deno.writeTextFile(
    notebook,
    JSON.stringify({ cells: [{ source: await session.token() }] }),
  );
  const their = await other.getSession("plantpredict", options);
  for (const one of [session, their]) {
    assert.equal((await scanNotebook(notebook, { session: one })).ok, false);
  }
  await rejects(scanNotebook(notebook, { session: { ...session } }), "invalid_argument");
  // A complete fake is accepted, because only the values matter.
  const fake = {
    ...{ provider: "plantpredict", path: undefined, source: "a test", storeProblem: undefined },
    names: Object.keys(credentials),
    clientId: credentials["client_id"],
    get: (name: string) => credentials[name],
  };
  await works(await getSession("plantpredict", { ...options, credentials: fake }));
});

test("an error's stack has only the caller's frames", () =>
  eachRow([
    { name: "getSession without credentials", call: 'auth.getSession("plantpredict")' },
    { name: "getSession, mistyped", call: 'auth.getSession("plantpredict", { scopes: "a" })' },
    { name: "a verb", call: 'auth.forgetCredentials("nobody")' },
    {
      name: "a request",
      call: `auth.getSession("plantpredict", { token: "x" }).then(async (s) => {
        await s.json("https://elsewhere.example");
      })`,
    },
    { name: "a definition", call: "(async () => auth.defineProvider({}))()" },
  ], async ({ call }) => {
    const program = `async function callersOwn() { await ${call}; }
      try { await callersOwn(); } catch (error) { console.log(error.stack); }`;
    const { stdout } = await runProgram(program);
    const [first = "", ...frames] = stdout.trim().split("\n");
    assert.match(first, /^AuthError \[\w+\]: /);
    const called = frames.filter((frame) => /^\s+at /.test(frame));
    assert(called.length > 0 && called.length <= 4, stdout);
    assert(called.some((frame) => /stdin/.test(frame)), stdout);
    assert.doesNotMatch(called.join("\n"), /\/src\/|\/mod\.ts|ext:|node:/);
  }));

test("an error from an aborted signal has the signal's reason as its cause", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  const reason = { stopped: "by the test" };
  const signal = AbortSignal.abort(reason);
  const calls: Record<string, () => Promise<unknown>> = {
    getSession: () => getSession("plantpredict", { ...options, credentials, signal }),
    saveCredentials: () =>
      saveCredentials("plantpredict", credentials, { directory: world.directory, signal }),
    refresh: () => session.refresh({ signal }),
    verify: () => session.verify({ url: "/api/info", signal }),
    json: () => session.json("/api/info", { signal }),
    pages: () => Array.fromAsync(session.pages("/api/pages", { signal })),
    items: () => Array.fromAsync(session.items("/api/pages", { signal })),
    map: () => session.map([1], () => 1, { signal, progress: false }),
    logout: () => session.logout({ signal }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await rejects(call(), "aborted");
    assert.equal(error.cause, reason, name);
  }
  // As with any `fetch`.
  const thrown = await session.fetch("/api/info", { signal }).catch((error) => error);
  assert.equal(thrown, reason);
});

Deno.test("loaded() says which package is missing, and what to do", async () => {
  const rows: [message: string, code: AuthErrorCode, says: RegExp][] = [
    [
      "Failed caching npm package '@redis/client@6.3.1'\n    0: error sending request for url (http://ada:pw@127.0.0.1:9/x)",
      "network",
      /^The package @redis\/client is not on this machine.*Go online.* npm:@redis\/client$/,
    ],
    [
      'Failed loading http://127.0.0.1:9/jose for package "jose"\n    0: error sending request',
      "network",
      /^The package jose is not on this machine/,
    ],
    [
      'npm package not found in cache: "uqr", --cached-only is specified.',
      "network",
      /^The package uqr is not on this machine/,
    ],
    // Seen in Node 22 and Bun 1.4, where some stores need a package of their own.
    [
      "Cannot find package '@redis/client' imported from /a/b.mjs",
      "unsupported",
      /^The package @redis\/client is not installed. Run: npm install @redis\/client$/,
    ],
    // Seen in Deno 2.9 below a folder with a package.json.
    [
      "Could not find a matching package for 'npm:openid-client@^6.8.9' in the node_modules directory. Ensure",
      "unsupported",
      /^The package openid-client is not in the folder node_modules.* deno add .* npm:openid-client\./,
    ],
    [
      "Import 'https://127.0.0.1:9/x.ts' failed.",
      "network",
      /^A part of this module is not on this machine.*deno cache jsr:@onecell\/auth$/,
    ],
    ['Module not found "file:///src/x.ts".', "network", /^A part of this module is not/],
  ];
  for (const [message, code, says] of rows) {
    const error = Object.assign(new TypeError(message), { code: "ERR_MODULE_NOT_FOUND" });
    await assert.rejects(loaded(Promise.reject(error)), (met: Error) => {
      assert.ok(AuthError.is(met, code), message);
      assert.match(met.message, says);
      assert.ok(!/127\.0\.0\.1|pw|file:/.test(met.message), met.message);
      return true;
    });
  }
  for (const other of [new TypeError("x is not a function"), new SyntaxError("no"), "text"]) {
    await assert.rejects(loaded(Promise.reject(other)), (met) => met === other);
  }
  assert.equal(await loaded(Promise.resolve(7)), 7);
});
