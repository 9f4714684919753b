import assert from "node:assert/strict";
import { type Sandbox, startSandbox } from "../../../examples/sandbox/mod.ts";
import { get, need, post, read } from "./client.ts";

async function plantpredict(sandbox: Sandbox) {
  const { clientId, clientSecret = "" } = sandbox.client("plantpredict");
  const { json } = await post(
    need(sandbox.environment, "PLANTPREDICT_AUTH_URL") + "/oauth2/token",
    {
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
    },
  );
  return { token: json.access_token, api: need(sandbox.environment, "PLANTPREDICT_API_URL") };
}

Deno.test("the API echoes, pages, redirects and fails on request", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict"] });
  const { api, token } = await plantpredict(sandbox);
  const headers = { authorization: `Bearer ${token}`, "x-custom": "1" };
  const echoed = await read(
    await fetch(`${api}/api/echo?a=1`, { method: "PUT", headers, body: "hello" }),
  );
  assert.equal(echoed.json.method, "PUT");
  assert.equal(echoed.json.body, "hello");
  assert.equal(echoed.json.path, "/api/echo?a=1");
  assert(JSON.stringify(echoed.json.headers).includes('"x-custom"'));

  const big = await fetch(`${api}/api/big?n=12345`, { headers });
  assert.equal((await big.text()).length, 12345);
  assert.equal((await get(`${api}/api/slow?ms=20`, token)).json.waited, 20);
  const failed = await get(`${api}/api/status/503?retry_after=2`, token);
  assert.deepEqual([failed.status, failed.headers.get("retry-after")], [503, "2"]);
  assert.equal((await get(`${api}/api/nothing`, token)).status, 404);
  assert.equal(sandbox.count("plantpredict.api.503"), 1);

  const redirect = await fetch(`${api}/api/redirect?status=307&to=http://127.0.0.1:9/x`, {
    headers,
    redirect: "manual",
  });
  await redirect.body?.cancel();
  assert.equal(redirect.status, 307);
  assert.equal(redirect.headers.get("location"), "http://127.0.0.1:9/x");
});

Deno.test("the API has three pages, by Link and by OData", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict"] });
  const { api, token } = await plantpredict(sandbox);
  const seen: unknown[] = [];
  for (let next: string | undefined = `${api}/api/pages`; next;) {
    const { json, headers } = await get(next, token);
    seen.push(json);
    next = /<([^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];
  }
  for (let next = `${api}/api/odata`; next;) {
    const { json } = await get(next, token);
    seen.push(json.value);
    next = String(json["@odata.nextLink"] ?? "");
  }
  const three = [[{ page: 1 }], [{ page: 2 }], [{ page: 3 }]];
  assert.deepEqual(seen, [...three, ...three]);
  const foreign = await get(`${api}/api/odata?next=http://127.0.0.1:9/x`, token);
  assert.match(String(foreign.json["@odata.nextLink"]), /^http:\/\/127\.0\.0\.1:9\/x/);
});

Deno.test("the token of one system is invalid at another", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict", "spatiafi"] });
  const { token } = await plantpredict(sandbox);
  const other = need(sandbox.environment, "SPATIAFI_API_URL");
  assert.equal((await get(`${other}/api/info`, token)).status, 401);
});

Deno.test("the control port does the same as the object", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict", "fourinsight"] });
  const control = need(sandbox.environment, "SANDBOX_CONTROL_URL");
  const send = async (path: string, value: unknown = {}) =>
    await read(await fetch(control + path, { method: "POST", body: JSON.stringify(value) }));

  const { json: credentials } = await get(`${control}/credentials`);
  assert.deepEqual(credentials.environment, sandbox.environment);
  assert.deepEqual(credentials.users, sandbox.users);
  assert.deepEqual(credentials.clients, sandbox.clients);

  const fault = { endpoint: "plantpredict.token", fault: { kind: "status", status: 418 } };
  assert.equal((await send("/fault", fault)).status, 200);
  assert.equal((await plantpredict(sandbox)).token, undefined);
  await send("/fault", { endpoint: "plantpredict.token", fault: "no-access-token", times: 9 });
  await send("/clear-faults");
  const { api, token } = await plantpredict(sandbox);
  assert.equal((await get(`${api}/api/info`, token)).status, 200);
  await send("/revoke");
  assert.equal((await get(`${api}/api/info`, token)).status, 401);

  const { json: counters } = await get(`${control}/counters`);
  assert.equal(counters["plantpredict.token"], 2);
  assert.equal(counters["plantpredict.token.418"], 1);
  await send("/reset");
  assert.equal(sandbox.count("plantpredict.token"), 0);
  await send("/lifetime", { seconds: 5 });
  assert.equal((await send("/lifetime", { seconds: 0 })).status, 400);
  assert.equal((await send("/fault", { endpoint: "x", fault: "nonsense" })).status, 400);
  assert.equal(typeof (await send("/package")).json.code, "string");
  const stray = await fetch(`${control}/echo`, { headers: { "x-stray": "1" } });
  assert.match(await stray.text(), /x-stray/);
});

Deno.test("startSandbox() uses consecutive ports from a base, on the loopback interface only", async () => {
  await using first = await startSandbox({ systems: ["ocs"] });
  const free = Number(new URL(need(first.environment, "OCS_RESOURCE")).port);
  await first.stop();
  await using sandbox = await startSandbox({ systems: ["spatiafi"], port: free });
  assert.deepEqual(sandbox.environment, {
    SANDBOX_CONTROL_URL: `http://127.0.0.1:${free}`,
    SPATIAFI_AUTH_URL: `http://127.0.0.1:${free + 1}`,
    SPATIAFI_API_URL: `http://127.0.0.1:${free + 2}`,
  });
  // Ports in use cause an error, and nothing stays open.
  await assert.rejects(startSandbox({ systems: ["spatiafi"], port: free }), /EADDRINUSE|in use/i);
  await assert.rejects(startSandbox({ systems: [], tokenLifetime: 0.5 }), RangeError);
});

Deno.test("stop() closes every port, and may be called twice", async () => {
  const sandbox = await startSandbox();
  await sandbox.stop();
  await sandbox.stop();
  for (const url of Object.values(sandbox.environment)) {
    const hostname = new URL(url).hostname;
    await assert.rejects(Deno.connect({ hostname, port: Number(new URL(url).port) }));
  }
});

Deno.test("requests are recorded without values", async () => {
  await using sandbox = await startSandbox({ systems: ["plantpredict"] });
  const { api, token } = await plantpredict(sandbox);
  await get(`${api}/api/info`, token);
  const text = JSON.stringify(sandbox.requests);
  assert(!text.includes(String(token)));
  assert(!text.includes(sandbox.client("plantpredict").clientSecret ?? "?"));
  assert.deepEqual(sandbox.requests.map(({ endpoint }) => endpoint), [
    "plantpredict.token",
    "plantpredict.api",
  ]);
});
