import assert from "node:assert/strict";
import { resolveSystem } from "../../src/providers/system.ts";
import { prepareRequest } from "../../src/http/api_request.ts";
import { getSession } from "../../mod.ts";
import { fakeApi } from "../support/api.ts";
import { call } from "../support/call.ts";
import { json } from "../support/fake_server.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { plainProvider } from "../support/parts.ts";
import { changeSavedToken, createWorld } from "../support/world.ts";

const ok = () => json({ ok: true });

test("fetch: a thousand calls at the moment of expiry make one token request", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, directory, sandbox } = world;
  await getSession("plantpredict", { ...options, credentials });
  await changeSavedToken(directory, (token) => token["expires_at"] = Date.now() / 1000 + 0.3);
  const session = await getSession("plantpredict", { ...options, credentials });
  sandbox.reset();
  await new Promise((resolve) => setTimeout(resolve, 400));
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, item) => call(session, `/api/info?item_id=${item}`)),
  );
  assert(
    answers.every(({ status, json }, item) => status === 200 && json["item_id"] === `${item}`),
  );
  assert.equal(sandbox.count("plantpredict.token"), 1);
  assert.equal(sandbox.count("plantpredict.api"), 1000);
});

test("fetch: many calls that are refused at once lead to one renewal and one retry each", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  sandbox.revokeAccessTokens();
  const post = { method: "POST", body: "x" };
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => call(session, "/api/echo", post)),
  );
  assert(answers.every(({ status, json }) => status === 200 && json["body"] === "x"));
  assert.equal(sandbox.count("plantpredict.token"), 2);
  assert(sandbox.count("plantpredict.api") <= 200);
});

test("fetch: relative URLs resolve against the API; others are refused before anything is sent", () =>
  eachRow(
    [
      { name: "/items?a=b", to: "https://api.example.com/items?a=b" },
      { name: "items", to: "https://api.example.com/items" },
      { name: "https://api.example.com/items", to: "https://api.example.com/items" },
      { name: "https://API.example.com:443/items", to: "https://api.example.com/items" },
      { name: "https://example.com/items", code: "foreign_origin" },
      { name: "//example.com/items", code: "foreign_origin" },
      { name: "\\\\example.com\\items", code: "foreign_origin" },
      { name: "https://api.example.com.evil.example/", code: "foreign_origin" },
      { name: "https://api.example.com:8443/items", code: "foreign_origin" },
      { name: "http://api.example.com/items", code: "insecure_url" },
      { name: "ftp://api.example.com/items", code: "insecure_url" },
      { name: "blob:https://api.example.com/x", code: "insecure_url" },
      { name: "data:,x", code: "insecure_url" },
      { name: "https://user:pass@api.example.com/", code: "invalid_argument" },
      { name: "https://", code: "invalid_argument" },
    ] as const,
    async (row) => {
      for (const shape of ["text", "URL", "Request"] as const) {
        if (shape !== "text" && !URL.canParse(row.name)) continue;
        const { session, api } = fakeApi(ok);
        // The Request constructor refuses some of these.
        if (shape === "Request" && /^(data|blob|ftp):|@/.test(row.name)) continue;
        const input = shape === "text"
          ? row.name
          : shape === "URL"
          ? new URL(row.name)
          : new Request(row.name);
        if ("code" in row) {
          await rejects(session.fetch(input), row.code);
          assert.equal(api.arrivals.length, 0);
        } else {
          await call(session, input);
          assert.equal(api.arrivals[0]?.url.href, row.to);
          assert.equal(api.arrivals[0]?.headers.get("authorization"), "Bearer access-token-1");
        }
      }
    },
  ));

test("fetch: an invalid request is not a network error", () => {
  const used = new Request("https://api.example.com/x", { method: "POST", body: "x" });
  return eachRow<{ name: string; input?: unknown; init?: unknown }>([
    { name: "nothing", input: null },
    { name: "a number", input: 5 },
    { name: "a method that is not allowed", init: { method: "TRACE" } },
    { name: "no method", init: { method: "" } },
    { name: "a method that is none", init: { method: "a b" } },
    { name: "a body in a GET", init: { body: "x" } },
    { name: "a header's name", init: { headers: { "a b": "canary-value" } } },
    { name: "a header's value", init: { headers: { a: "canary-value\n" + "b: c" } } },
    { name: "a used Request", input: used },
  ], async ({ name, input = "/x", init }) => {
    const { session, api } = fakeApi(ok);
    if (name === "a used Request") await used.text();
    const error = await rejects(
      session.fetch(input as string, init as RequestInit),
      "invalid_argument",
    );
    assert(!error.message.includes("canary"), error.message);
    assert.equal(api.arrivals.length, 0);
  });
});

test("refusedPaths: every spelling of a path is refused", () =>
  eachRow<{ name: string; fine?: boolean }>([
    { name: "/internal" },
    { name: "/internal/" },
    { name: "/a/internal/b?x=1" },
    { name: "/INTERNAL/x" },
    { name: "/a//internal" },
    { name: "/%69nternal" },
    { name: "/%2569nternal" },
    { name: "/%252569nternal" },
    { name: "/internal;a=b" },
    { name: "/internal;a=b/c" },
    { name: "/internal%3Ba=b" },
    { name: "/a;x=/internal" },
    { name: "/a\\internal" },
    { name: "/a%5Cinternal" },
    { name: "/a%255cinternal/x" },
    { name: "/a%2Finternal" },
    { name: "/x/../internal" },
    { name: "/x/%2e%2e/internal" },
    { name: "/x/..%2finternal" },
    { name: "/x/%252e%252e/internal" },
    { name: "/./internal" },
    { name: "/internal/./x" },
    { name: "/internal./x" },
    { name: "/internal%20" },
    { name: "/internal%00" },
    { name: "/internal%3Fx" },
    { name: "/%ff/%69nternal" },
    { name: "/ｉnternal" },
    { name: "/ınternal" },
    { name: "/%c4%b1nternal" },
    { name: "/%u0069nternal" },
    { name: "/x%u002finternal" },
    // Own attack on trust 11.
    { name: "/x%c0%afinternal" },
    { name: "/internal%C1%9Cx" },
    { name: "/x/%c0%ae%c0%ae/internal" },
    { name: "/i%C2%ADnternal" },
    { name: "/internal%E2%80%8B" },
    { name: "/in\u2060ternal" },
    { name: "/internal%C2%A0" },
    { name: "/internal%E3%80%80/x" },
    { name: "/x/..;/internal" },
    { name: "/%2f%2finternal" },
    { name: "/v1/admin" },
    { name: "/v1//admin" },
    { name: "/v1/x/..%2fadmin" },
    { name: "/v1/;a/admin" },
    { name: "/internals", fine: true },
    { name: "/my-internal", fine: true },
    { name: "/x?to=/internal", fine: true },
    { name: "/x#/internal", fine: true },
    { name: "/admin", fine: true },
    { name: "/100%", fine: true },
    { name: `/${"%25".repeat(2_000)}`, fine: true },
    { name: `/${".".repeat(20_000)}`, fine: true },
  ], async ({ name, fine }) => {
    const provider = plainProvider({ refusedPaths: ["/internal", "/v1/admin"] });
    const { session, api } = fakeApi(ok, { provider });
    const started = performance.now();
    if (fine) assert.equal((await call(session, name)).status, 200);
    else await rejects(session.fetch(name), "invalid_argument", /internal API/);
    assert.equal(api.arrivals.length, fine ? 1 : 0);
    assert(performance.now() - started < 500, "it took too long");
  }));

test("fetch: any fetch works; it gets a full URL, plain headers and no Request", async () => {
  const seen: [unknown, RequestInit][] = [];
  const other = (url: string, init: RequestInit) => {
    seen.push([url, { ...init }]);
    return Promise.resolve(json({}));
  };
  const { session } = fakeApi(ok, { more: { fetch: other } });
  const form = new FormData();
  form.append("a", "b");
  await session.fetch("/a");
  await session.fetch(new Request("https://api.example.com/a", { method: "PUT", body: "x" }));
  await session.fetch(new URL("https://api.example.com/a"), { method: "POST", body: form });
  for (const [url, init] of seen) {
    assert.equal(url, "https://api.example.com/a");
    assert.equal(init.redirect, "manual");
    assert(init.signal instanceof AbortSignal);
    assert.equal(Object.getPrototypeOf(init.headers), Object.prototype);
  }
  assert.deepEqual(seen.map(([, { method }]) => method), ["GET", "PUT", "POST"]);
  // Another package does not know this runtime's FormData, and would send "[object FormData]".
  const [, sent] = seen[2] ?? [];
  assert(sent?.body instanceof ArrayBuffer);
  const { "content-type": type = "" } = sent.headers as Record<string, string>;
  const parsed = await new Response(sent.body, { headers: { "content-type": type } }).formData();
  assert.equal(parsed.get("a"), "b");
});

test("fetch: a retry sends the original request, even if the caller has changed it", async () => {
  const bytes = new TextEncoder().encode("the-body");
  const parameters = new URLSearchParams({ "the-body": "" });
  for (const body of [bytes, bytes.buffer, parameters]) {
    const bodies: string[] = [];
    const { session } = fakeApi(({ form }, number) => {
      bodies.push([...form.keys()].join());
      bytes.fill(0);
      parameters.delete("the-body");
      return number === 1 ? json({}, 401) : ok();
    });
    bytes.set(new TextEncoder().encode("the-body"));
    parameters.set("the-body", "");
    assert.equal((await call(session, "/x", { method: "POST", body })).status, 200);
    assert.deepEqual(bodies, ["the-body", "the-body"]);
  }
});

test("fetch: a body that was already read is refused, not sent empty", async () => {
  const stream = new Blob(["x"]).stream();
  stream.getReader();
  for (const body of [stream, { readableDidRead: true } as unknown as BodyInit]) {
    const { session, api } = fakeApi(ok);
    await rejects(
      session.fetch("/x", { method: "POST", body }),
      "invalid_argument",
      /already sent or read/,
    );
    assert.equal(api.arrivals.length, 0);
  }
});

test("fetch: a one-time request has its own connection; others use the pool", async () => {
  const log: string[] = [];
  const { session } = fakeApi(ok, {
    more: {
      openFetch: () => ({
        fetch: (() => {
          log.push("once");
          return Promise.resolve(json({}));
        }) as typeof fetch,
        close: () => void log.push("closed"),
      }),
      fetch: () => {
        log.push("pool");
        return Promise.resolve(json({}));
      },
    },
  });
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "QUERY"]) {
    log.length = 0;
    await session.fetch("/x", { method });
    const once = ["POST", "PATCH", "QUERY"].includes(method);
    assert.deepEqual(log, once ? ["once", "closed"] : ["pool"], method);
  }
});

test("fetch: the caller's headers are sent too, and never replace the token", async () => {
  const { session, api } = fakeApi(ok);
  const headers = { authorization: "Bearer mine", "x-request-id": "7" };
  await call(session, "/x", { headers });
  await call(session, new Request("https://api.example.com/x", { headers, method: "DELETE" }));
  await call(session, new Request("https://api.example.com/x", { headers }), { method: "PUT" });
  for (const { headers } of api.arrivals) {
    assert.equal(headers.get("authorization"), "Bearer access-token-1");
    assert.equal(headers.get("x-request-id"), "7");
  }
  assert.deepEqual(api.arrivals.map(({ method }) => method), ["GET", "DELETE", "PUT"]);
});

test("fetch: every kind of body can be sent again, except a stream", () =>
  eachRow<{ name: string; body: () => BodyInit; once?: boolean }>([
    { name: "text", body: () => "the-body" },
    { name: "bytes", body: () => new TextEncoder().encode("the-body") },
    { name: "buffer", body: () => new TextEncoder().encode("the-body").buffer },
    { name: "blob", body: () => new Blob(["the-body"]) },
    { name: "form", body: () => new URLSearchParams({ "the-body": "" }) },
    { name: "stream", body: () => new Blob(["the-body"]).stream(), once: true },
  ], async ({ body, once }) => {
    for (const asRequest of [false, true]) {
      const bodies: string[] = [];
      const { session, api, auth } = fakeApi(({ form }, number) => {
        bodies.push([...form.keys()].join());
        return number === 1 ? json({}, 401) : ok();
      });
      const init = { method: "POST", body: body() };
      const answer = asRequest
        ? call(session, new Request("https://api.example.com/x", init))
        : call(session, "/x", init);
      // The body of a Request is read before it is sent, so it can be sent again.
      const again = !once || asRequest;
      assert.equal((await answer).status, again ? 200 : 401);
      assert.deepEqual(bodies, again ? ["the-body", "the-body"] : ["the-body"]);
      assert.equal(api.arrivals.length, again ? 2 : 1);
      assert.equal(auth.arrivals.length, 2, "renewed for the next call in any case");
    }
  }));

test("a call ends with the caller's signal or the stop button, whichever comes first", async () => {
  const context = { system: resolveSystem(plainProvider(), {}, {}), fetch };
  for (const ends of ["own", "stop"] as const) {
    const signals = { own: new AbortController(), stop: new AbortController() };
    const init = { signal: signals.own.signal };
    const { signal } = await prepareRequest(context, "/x", init, signals.stop.signal);
    assert.equal(signal?.aborted, false);
    signals[ends].abort(ends);
    assert.equal(signal?.reason, ends);
  }
});
