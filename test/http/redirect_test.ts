import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import type { AuthErrorCode } from "../../src/errors.ts";
import { fakeApi, redirect } from "../support/api.ts";
import { call } from "../support/call.ts";
import { json } from "../support/fake_server.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

const STATUSES = [301, 302, 303, 307, 308];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const ROWS = STATUSES.flatMap((status) =>
  METHODS.map((method) => ({ name: `${method} ${status}`, status, method }))
);

/** The method after a redirect, by the fetch standard. */
function becomes(method: string, status: number): string {
  if (method === "HEAD") return "HEAD";
  if (status === 303) return "GET";
  return method === "POST" && (status === 301 || status === 302) ? "GET" : method;
}

/** Everything in a request that may identify the caller. */
const PRIVATE = {
  "authorization": "Bearer of-the-caller",
  "cookie": "session=abc",
  "x-api-key": "a-key-of-the-caller",
  "proxy-authorization": "Basic abc",
  "x-custom": "private",
  "dpop": "a.b.c",
  "accept": "application/json",
};

function requestOf(method: string): RequestInit {
  const body = method === "GET" || method === "HEAD" ? {} : { body: "the-body" };
  return { method, headers: PRIVATE, ...body };
}

test("redirects within the API are followed with the token, and with a body if the method keeps it", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  await eachRow(ROWS, async ({ status, method }) => {
    const url = `/api/redirect?status=${status}&to=${encodeURIComponent("/api/echo?x=1")}`;
    const { status: got, json: echo } = await call(session, url, requestOf(method));
    assert.equal(got, 200);
    if (method === "HEAD") return;
    const expected = becomes(method, status);
    assert.equal(echo["method"], expected);
    assert.equal(echo["path"], "/api/echo?x=1");
    assert.equal(echo["body"], expected === "GET" ? "" : "the-body");
    const headers = echo["headers"] as string[];
    assert(headers.includes("authorization") && headers.includes("x-api-key"));
    assert.equal(headers.includes("content-type"), expected !== "GET");
  });
  assert.equal(sandbox.count("plantpredict.token"), 1);
});

test("redirects to another origin carry no credentials and no body", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  const arrived: { method: string; headers: Headers; body: string; url: string }[] = [];
  await using foreign = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { method, headers, url } = request;
      arrived.push({ method, headers, url, body: await request.text() });
      return Response.json({ file: "contents" });
    },
  );
  const target = `http://127.0.0.1:${foreign.addr.port}/download?signature=abc`;
  let followed = 0;
  await eachRow(ROWS, async ({ status, method }) => {
    const url = `/api/redirect?status=${status}&to=${encodeURIComponent(target)}`;
    const next = becomes(method, status);
    if (next !== "GET" && next !== "HEAD") {
      const request = session.fetch(url, requestOf(method));
      return void await rejects(request, "redirect_refused", /option origins/);
    }
    followed++;
    assert.equal((await call(session, url, requestOf(method))).status, 200);
  });
  assert.equal(arrived.length, followed);
  for (const { method, headers, body, url } of arrived) {
    assert(method === "GET" || method === "HEAD");
    assert.equal(body, "");
    assert.equal(new URL(url).search, "?signature=abc");
    assert.equal(headers.get("accept"), "application/json");
    for (const name of [...Object.keys(PRIVATE).filter((name) => name !== "accept")]) {
      assert.equal(headers.get(name), null, name);
    }
    const unexpected = [...headers.keys()].filter((name) =>
      !["accept", "accept-encoding", "accept-language", "host", "user-agent"].includes(name)
    );
    assert.deepEqual(unexpected, []);
  }
});

interface Refusal {
  name: string;
  location: string;
  code: AuthErrorCode;
  init?: RequestInit;
  message?: RegExp;
}

test("redirects to an unsafe address are refused, and nothing more is sent", () =>
  eachRow<Refusal>([
    { name: "plain http", location: "http://api.example.com/x", code: "insecure_url" },
    { name: "plain http elsewhere", location: "http://cdn.example/x", code: "insecure_url" },
    { name: "another scheme", location: "ftp://cdn.example/x", code: "insecure_url" },
    { name: "a file", location: "file:///etc/passwd", code: "insecure_url" },
    { name: "a script", location: "javascript:alert(1)", code: "insecure_url" },
    { name: "data", location: "data:text/plain,x", code: "insecure_url" },
    { name: "a password", location: "https://a:b@cdn.example/x", code: "invalid_argument" },
    {
      name: "a password, own host",
      location: "https://a:b@api.example.com/",
      code: "invalid_argument",
    },
    { name: "this machine", location: "http://127.0.0.1:8080/x", code: "redirect_refused" },
    { name: "this machine by name", location: "https://localhost/x", code: "redirect_refused" },
    // trust.md 10: addresses that only this machine can reach, in any spelling.
    ...[
      "localhost.",
      "x.localhost",
      "127.9.9.9",
      "0x7f000001",
      "2130706433",
      "0.0.0.0",
      "0.1.2.3",
      "169.254.169.254",
      "0xa9fea9fe",
      "[::]",
      "[::1]",
      "[fe80::1]",
      "[febf::1]",
      "[::ffff:127.0.0.1]",
      "[::ffff:169.254.169.254]",
      "[::ffff:0.0.0.0]",
      "[::127.0.0.1]",
      "[64:ff9b::169.254.169.254]",
      "[fd00:ec2::254]",
    ].map((host) => ({
      name: host,
      location: `https://${host}/x`,
      code: "redirect_refused" as const,
      message: /a loopback or link-local address/,
    })),
    { name: "no URL", location: "https://", code: "redirect_refused" },
    {
      name: "told not to",
      location: "/x",
      code: "redirect_refused",
      init: { redirect: "error" },
      message: /has redirect: "error"\.$/,
    },
    {
      name: "a body that can be sent once",
      location: "/x",
      code: "redirect_refused",
      init: { method: "PUT", body: new Blob(["x"]).stream() },
    },
  ], async ({ location, code, init, message }) => {
    const { session, api } = fakeApi(() => redirect(location, 307));
    await rejects(session.fetch("/start", init), code, message);
    assert.equal(api.arrivals.length, 1);
  }));

test("redirects: manual returns the response, and a loop ends", async () => {
  const { session, api } = fakeApi(() => redirect("/again"));
  const response = await session.fetch("/start", { redirect: "manual" });
  assert.equal(response.status, 302);
  assert.equal(api.arrivals.length, 1);
  await rejects(session.fetch("/start"), "redirect_refused", /Too many/);
  assert(api.arrivals.length <= 30, `${api.arrivals.length}`);
});

test("redirects: an allowed origin gets the token, and other origins after it do not", async () => {
  const { session, api } = fakeApi(({ url }) => {
    if (url.pathname === "/start") return redirect("https://files.example.com/one");
    if (url.pathname === "/one") return redirect("https://cdn.example/two");
    if (url.pathname === "/two") return redirect("https://cdn2.example/three");
    return json({ done: true });
  }, { origins: ["https://files.example.com"] });
  assert.deepEqual((await call(session, "/start")).json, { done: true });
  assert.deepEqual(
    api.arrivals.map(({ url, headers }) => [url.host, headers.has("authorization")]),
    [
      ["api.example.com", true],
      ["files.example.com", true],
      ["cdn.example", false],
      ["cdn2.example", false],
    ],
  );
});

test("redirects: a chain that has left the API stays without the token, even back at the API", async () => {
  const { session, api } = fakeApi(({ url }) => {
    if (url.pathname === "/start") return redirect("https://cdn.example/one");
    if (url.pathname === "/one") return redirect("https://api.example.com/two");
    if (url.pathname === "/two") return redirect("/three");
    return json({ done: true }, 401);
  });
  assert.equal((await call(session, "/start", { headers: { "x-mine": "1" } })).status, 401);
  assert.deepEqual(
    api.arrivals.map(({ url, headers }) => [
      url.pathname,
      headers.has("authorization"),
      headers.has("x-mine"),
    ]),
    [["/start", true, true], ["/one", false, false], ["/two", false, false], [
      "/three",
      false,
      false,
    ]],
  );
});

test("redirects: public addresses that only look local are followed", () =>
  eachRow([
    { name: "1.0.0.1" },
    { name: "169.253.1.1" },
    { name: "128.0.0.1" },
    { name: "[2001:db8::1]" },
    { name: "[fe00::1]" }, // fec0::/10 is site-local, so it is refused: see trust_test.ts
    { name: "[::ffff:8.8.8.8]" },
    { name: "mylocalhost" },
  ], async ({ name }) => {
    const { session, api } = fakeApi(({ url }) =>
      url.pathname === "/start" ? redirect(`https://${name}/x`) : json({})
    );
    assert.equal((await call(session, "/start")).status, 200);
    assert.equal(api.arrivals[1]?.headers.has("authorization"), false);
  }));

test("redirects: a fragment stays with the request; 304 and a missing Location are responses", async () => {
  const { session, api } = fakeApi(({ url }) =>
    url.pathname === "/start" ? redirect("/next") : new Response(null, { status: 304 })
  );
  assert.equal((await session.fetch("/start#part")).status, 304);
  assert.equal(api.arrivals[1]?.url.hash, "#part");
  const bare = fakeApi(() => new Response(null, { status: 302 }));
  assert.equal((await bare.session.fetch("/start")).status, 302);
});

test("redirects of the token endpoint are never followed", async () => {
  const arrived: string[] = [];
  await using foreign = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      arrived.push(request.url);
      return Response.json({ access_token: "stolen", token_type: "bearer" });
    },
  );
  const elsewhere = `http://127.0.0.1:${foreign.addr.port}/token`;
  await eachRow(
    STATUSES.flatMap((status) =>
      [elsewhere, "/oauth2/token"].map((location) => ({
        name: `${status} ${location}`,
        status,
        location,
      }))
    ),
    async ({ status, location }) => {
      await using world = await createWorld("plantpredict");
      const { sandbox, options, credentials } = world;
      sandbox.fault("plantpredict.token", { kind: "status", status, headers: { location } }, 9);
      const error = await rejects(
        getSession("plantpredict", { ...options, credentials }),
        "redirect_refused",
      );
      assert.equal(error.status, status);
      assert.equal(sandbox.count("plantpredict.token"), 1);
    },
  );
  assert.deepEqual(arrived, []);
});

test("a redirect to another origin sends no cookies, with a fetch that stores them", async () => {
  const asked: [string, RequestCredentials | undefined][] = [];
  const fetch = (input: string | URL | Request, init?: RequestInit) => {
    asked.push([String(input), init?.credentials]);
    return Promise.resolve(asked.length === 1 ? redirect("https://files.example/x") : json({}));
  };
  const { session } = fakeApi(() => json({}), { more: { fetch } });
  await session.fetch("/x", { credentials: "include" });
  assert.deepEqual(asked, [
    ["https://api.example.com/x", "include"],
    ["https://files.example/x", "omit"],
  ]);
});
