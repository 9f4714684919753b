import assert from "node:assert/strict";
import { type CredentialValues, getSession } from "../../mod.ts";
import { checkOptions } from "../../src/options/check_options.ts";
import type { SessionOptions } from "../../src/interface/options.ts";
import { Agent, fetch as undiciFetch } from "undici";
import { call } from "../support/call.ts";
import { rejects, throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { changeSavedToken, createWorld } from "../support/world.ts";

test("an error for a mistyped option suggests the right one", () =>
  eachRow([
    { name: "session_key", value: "a", says: 'Did you mean "sessionKey"' },
    { name: "force_login", value: true, says: 'Did you mean "forceLogin"' },
    { name: "forcelogin", value: true, says: 'Did you mean "forceLogin"' },
    { name: "toString", value: 1, says: 'no option "toString"' },
    { name: "sessionKey", value: "a/b", says: "letters" },
    { name: "sessionKey", value: "", says: "letters" },
    { name: "sessionKey", value: 5, says: "letters" },
    { name: "forceLogin", value: "yes", says: "true or false" },
    { name: "credentials", value: "secret-value", says: "an object" },
    { name: "credentials", value: ["secret-value"], says: "an object" },
    { name: "scope", value: "", says: "scopes" },
    { name: "store", value: "cloud", says: '"disk", "memory"' },
    { name: "origins", value: "https://a.example", says: "a list" },
    { name: "method", value: "pigeon", says: "browser" },
    { name: "timeout", value: 0, says: "positive" },
    { name: "timeout", value: NaN, says: "positive" },
    { name: "timeout", value: 2 ** 31, says: "positive" },
    { name: "signal", value: {}, says: "an AbortSignal" },
    { name: "fetch", value: "x", says: "a function" },
    { name: "person", value: { show: () => "x" }, says: "a Person" },
    { name: "directory", value: 5, says: "a folder" },
    { name: "apiUrl", value: "", says: "a URL" },
  ], async ({ name, value, says }) => {
    const options = { [name]: value } as SessionOptions;
    const error = await rejects(getSession("spatiafi", options), "invalid_argument");
    assert(error.message.includes(says) && error.message.includes(name), error.message);
    assert(!error.message.includes("secret-value"));
  }));

test("undefined options count as absent", async () => {
  checkOptions({ sessionKey: undefined, credentials: undefined }, "session", "x");
  for (const wrong of [null, "x", 5, []]) {
    throws(() => checkOptions(wrong, "session", "x"), "invalid_argument");
    await rejects(getSession("spatiafi", wrong as SessionOptions), "invalid_argument");
  }
  throws(() => checkOptions({ sessionKey: "a" }, "location", "x"), "invalid_argument");
});

test("a plain-http address is refused before anything is sent", async () => {
  for (const name of ["authUrl", "apiUrl"]) {
    const options = { [name]: "http://system.example", interactive: false };
    const credentials = { client_id: "a", client_secret: "b" };
    const moved = getSession("plantpredict", { ...options, credentials, store: "memory" });
    await rejects(moved, "insecure_url");
  }
});

test("a signal that is already aborted, or aborts later, ends the sign-in", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox } = world;
  const start = (signal: AbortSignal) =>
    getSession("plantpredict", { ...options, credentials, signal });
  await rejects(start(AbortSignal.abort()), "aborted");
  assert.equal(sandbox.count("plantpredict.token"), 0);
  sandbox.fault("plantpredict.token", "hang", 2);
  await rejects(start(AbortSignal.timeout(50)), "timeout");
  const controller = new AbortController();
  const hanging = rejects(start(controller.signal), "aborted");
  setTimeout(() => controller.abort(), 50);
  await hanging;
});

test("credentials that are not valid JSON are refused", async () => {
  await using world = await createWorld("spatiafi");
  const circle: Record<string, unknown> = {};
  circle["itself"] = circle;
  for (const client_id of [circle, { a: 1n }]) {
    const credentials = { client_id, client_secret: "x" };
    await rejects(
      getSession("spatiafi", {
        ...world.options,
        credentials: credentials as unknown as CredentialValues,
      }),
      "invalid_argument",
      /JSON/,
    );
  }
});

test("a saved token may have any expiry time", async () => {
  await using world = await createWorld("spatiafi");
  const { options, credentials, directory } = world;
  await getSession("spatiafi", { ...options, credentials });
  await changeSavedToken(directory, (token) => token["expires_at"] = 9e12);
  const session = await getSession("spatiafi", { ...options, credentials });
  assert.match(String(session), /expires 275760-09-13/);
  assert.match(JSON.stringify(session), /275760/);
});

test("a session's calls end with their signal, with an error of this module", async () => {
  await using world = await createWorld("ocs");
  const { options, credentials, sandbox, directory } = world;
  await getSession("ocs", { ...options, credentials });
  await changeSavedToken(directory, (token) => token["expires_at"] = Date.now() / 1000 + 1);
  const session = await getSession("ocs", { ...options, credentials, timeout: 2_000 });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  sandbox.fault("ocs.token", "hang", 9);
  for (
    const work of [
      (signal: AbortSignal) => session.token({ signal }),
      (signal: AbortSignal) => session.refresh({ signal }),
      (signal: AbortSignal) => session.verify({ signal }),
    ]
  ) {
    await rejects(work(AbortSignal.abort(new Error("enough"))), "aborted");
    await rejects(work(AbortSignal.timeout(50)), "timeout");
  }
  // As with any `fetch`.
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(session.fetch("/api/info", { signal }), /enough/);
  // The shared renewal continues without them.
  await rejects(session.refresh(), "timeout");
});

test("the signal of a sign-in does not end the session later", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  const controller = new AbortController();
  const { signal } = controller;
  const session = await getSession("plantpredict", { ...options, credentials, signal });
  controller.abort();
  await session.refresh();
  assert.equal(typeof await session.token(), "string");
});

test("any fetch is accepted, and is called with a full URL and plain headers", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  const dispatcher = new Agent();
  const seen: [string, string, string[], boolean][] = [];
  const session = await getSession("plantpredict", {
    ...{ ...options, credentials },
    fetch(url, init) {
      const isPlain = Object.getPrototypeOf(init.headers) === Object.prototype;
      seen.push([typeof url, init.method, Object.keys(init.headers).sort(), isPlain]);
      return undiciFetch(url, { ...init, dispatcher });
    },
  });
  assert.equal((await call(session, new URL("/api/info?item_id=x", session.apiUrl))).status, 200);
  const headers = new Headers({ "x-own": "1" });
  const given = new Request(new URL("/api/echo", session.apiUrl), {
    method: "POST",
    body: "a",
    headers,
  });
  assert.equal((await call(session, given)).status, 200);
  assert.equal(seen.length, 3);
  for (const [url, , , isPlain] of seen) assert.deepEqual([url, isPlain], ["string", true]);
  assert.deepEqual(seen.map(([, method]) => method), ["POST", "GET", "POST"]);
  assert(seen[2]?.[2].includes("x-own") && seen[2][2].includes("authorization"));
  await dispatcher.destroy();
  // undici has one timer for everything, which runs for up to a second longer.
  await new Promise((done) => setTimeout(done, 1_100));
});

test("a caller's fetch replaces every other one", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox } = world;
  const seen: string[] = [];
  const own: typeof fetch = (input, init) => {
    seen.push(new URL(input instanceof Request ? input.url : input).pathname);
    return fetch(input, init);
  };
  const session = await getSession("plantpredict", { ...options, credentials, fetch: own });
  const response = await session.fetch("/api/info");
  await response.body?.cancel();
  assert.deepEqual(seen, ["/oauth2/token", "/api/info"]);
  assert.equal(sandbox.count("plantpredict.token"), 1);
});
