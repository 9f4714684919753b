import assert from "node:assert/strict";
import { type Fault, FAULTS, type Sandbox, startSandbox } from "../../../examples/sandbox/mod.ts";
import { need, post, read, secretJwtForm } from "./client.ts";

const TOKEN = "/api/v1/auth/jwt/token";
const ENDPOINT = "spatiafi.token";

/** One token request on its own connection, which the runtime therefore never resends. */
async function ask(sandbox: Sandbox, signal?: AbortSignal) {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const url = need(sandbox.environment, "SPATIAFI_AUTH_URL") + TOKEN;
  const body = new URLSearchParams(await secretJwtForm(sandbox.client("spatiafi"), url));
  const init = { method: "POST", body, client, redirect: "manual" as const };
  return await read(await fetch(url, signal ? { ...init, signal } : init));
}

async function withFault(fault: Fault | string, judge: (sandbox: Sandbox) => Promise<void>) {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  sandbox.fault(ENDPOINT, fault);
  await judge(sandbox);
  // One request uses up a fault, unless more are requested.
  assert.equal((await ask(sandbox)).status, 200);
  assert.deepEqual(sandbox.errors, []);
}

for (const [name, fault] of Object.entries(FAULTS)) {
  if (fault.kind !== "status") continue;
  Deno.test(`fault ${name} returns ${fault.status}`, () =>
    withFault(name, async (sandbox) => {
      const answer = await ask(sandbox);
      assert.equal(answer.status, fault.status);
      for (const [header, value] of Object.entries(fault.headers ?? {})) {
        assert.equal(answer.headers.get(header), value);
      }
      assert.equal(sandbox.count(ENDPOINT), 1);
    }));
}

const bodies: Record<string, (json: Record<string, unknown>) => boolean> = {
  "no-access-token": (json) => !("access_token" in json) && "expires_in" in json,
  "expires-missing": (json) => !("expires_in" in json),
  "expires-string": (json) => json.expires_in === "900",
  "expires-zero": (json) => json.expires_in === 0,
  "expires-negative": (json) => json.expires_in === -1,
  "expires-huge": (json) => json.expires_in === 1e12,
  "expires-at": (json) => Number(json.expires_at) > Date.now() / 1000 && !("expires_in" in json),
  "token-type-mac": (json) => json.token_type === "MAC",
  "token-type-missing": (json) => !("token_type" in json),
};
for (const [name, holds] of Object.entries(bodies)) {
  Deno.test(`fault ${name} changes the real response`, () =>
    withFault(name, async (sandbox) => {
      const { status, json } = await ask(sandbox);
      assert.equal(status, 200);
      assert(holds(json), JSON.stringify(Object.keys(json)));
    }));
}

for (const name of ["reset", "lost"]) {
  Deno.test(`fault ${name} closes the connection`, () =>
    withFault(name, async (sandbox) => {
      await assert.rejects(ask(sandbox), TypeError);
      assert.equal(sandbox.count(ENDPOINT), 1);
      assert.equal(sandbox.count(`${ENDPOINT}.client_credentials`), 1);
    }));
}

Deno.test("fault lost does the work first", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  const url = need(sandbox.environment, "SPATIAFI_AUTH_URL") + TOKEN;
  const form = await secretJwtForm(sandbox.client("spatiafi"), url);
  sandbox.fault(ENDPOINT, "lost", 2);
  await assert.rejects(post(url, form));
  sandbox.clearFaults();
  // The request whose response was lost has used up the assertion.
  assert.equal((await post(url, form)).json.error, "invalid_client");
});

Deno.test("fault hang never responds, and stop() ends it", async () => {
  const sandbox = await startSandbox({ systems: ["spatiafi"] });
  sandbox.fault(ENDPOINT, "hang");
  await assert.rejects(ask(sandbox, AbortSignal.timeout(100)), { name: "TimeoutError" });
  sandbox.fault(ENDPOINT, "hang");
  const hanging = assert.rejects(ask(sandbox), TypeError);
  while (sandbox.count(ENDPOINT) < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await sandbox.stop();
  await hanging;
});

Deno.test("fault drip sends the response slowly, and stop() ends it", async () => {
  const sandbox = await startSandbox({ systems: ["spatiafi"] });
  sandbox.fault(ENDPOINT, { kind: "drip", interval: 0 });
  const slow = await ask(sandbox);
  assert.equal(typeof slow.json.access_token, "string");
  sandbox.fault(ENDPOINT, "drip");
  const dripping = assert.rejects(ask(sandbox), TypeError);
  while (sandbox.count(ENDPOINT) < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 250));
  await sandbox.stop();
  await dripping;
});

Deno.test("a client that closes a slow response is not an error of the sandbox", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  const url = new URL(need(sandbox.environment, "SPATIAFI_AUTH_URL") + TOKEN);
  for (let round = 0; round < 20; round++) {
    sandbox.fault(ENDPOINT, { kind: "drip", interval: 0 });
    const form = await secretJwtForm(sandbox.client("spatiafi"), url.href);
    const body = new URLSearchParams(form).toString();
    const head = [
      `POST ${url.pathname} HTTP/1.1`,
      `host: ${url.host}`,
      "content-type: application/x-www-form-urlencoded",
      `content-length: ${body.length}`,
    ].join("\r\n");
    // A connection with unread bytes is reset when it closes, and the sandbox writes to it once more.
    using connection = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
    await connection.write(new TextEncoder().encode(`${head}\r\n\r\n${body}`));
    await connection.read(new Uint8Array(1));
  }
  assert.equal((await ask(sandbox)).status, 200);
  assert.deepEqual(sandbox.errors, []);
});

Deno.test("fault huge streams the given size while the client reads", () =>
  withFault({ kind: "huge", megabytes: 5 }, async (sandbox) => {
    const { json } = await ask(sandbox);
    assert.equal(String(json.access_token).length, 5 * 1024 * 1024);
    sandbox.fault(ENDPOINT, "huge");
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await assert.rejects(ask(sandbox, abort.signal), { name: "AbortError" });
  }));

Deno.test("fault echo repeats the request in the error", () =>
  withFault("echo", async (sandbox) => {
    const { status, json } = await ask(sandbox);
    assert.equal(status, 400);
    assert.match(String(json.error_description), /client_assertion=/);
  }));

Deno.test("fault date sets the server's clock off", () =>
  withFault("date", async (sandbox) => {
    const { status, headers } = await ask(sandbox);
    assert.equal(status, 200);
    const skew = Date.parse(headers.get("date") ?? "") - Date.now();
    assert(Math.abs(skew - 600_000) < 5_000, String(skew));
  }));

Deno.test("fault die-on-reuse shows if a runtime resends a request", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  const url = need(sandbox.environment, "SPATIAFI_AUTH_URL") + TOKEN;
  const form = async () => await secretJwtForm(sandbox.client("spatiafi"), url);
  sandbox.fault(ENDPOINT, "die-on-reuse", 2);
  // A request that opens its connection passes, and does not use up the fault.
  assert.equal((await ask(sandbox)).status, 200);
  assert.equal((await ask(sandbox)).status, 200);
  assert.equal(sandbox.count(ENDPOINT), 2);
  // On a pooled connection the second request fails, and Deno resends it by itself.
  assert.equal((await post(url, await form())).status, 200);
  assert.equal((await post(url, await form())).status, 200);
  assert.equal(sandbox.count(ENDPOINT), 5);
  assert.equal(sandbox.requests.filter(({ onConnection }) => onConnection > 1).length, 1);
});

Deno.test("faults are queued, each for its number of requests", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  sandbox.fault(ENDPOINT, "503", 2);
  sandbox.fault(ENDPOINT, "429");
  const seen = [];
  for (let i = 0; i < 4; i++) seen.push((await ask(sandbox)).status);
  assert.deepEqual(seen, [503, 503, 429, 200]);
  assert.throws(() => sandbox.fault(ENDPOINT, "nonsense"), RangeError);
});
