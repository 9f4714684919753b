import assert from "node:assert/strict";
import { items, json, pages, verify } from "../../src/http/read_api.ts";
import type { Api } from "../../src/http/read_answer.ts";
import { fakeApi } from "../support/api.ts";
import { json as answer, never } from "../support/fake_server.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import { plainProvider } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const SECRET = "canary-secret-of-the-session";

function apiOf(respond: Parameters<typeof fakeApi>[0], more: Partial<Api> = {}) {
  const { session, api } = fakeApi(respond);
  const system = resolveSystem(plainProvider({ probe: "/probe" }), {}, {}, []);
  const of: Api = {
    system,
    fetch: session.fetch,
    timeout: 1_000,
    secrets: () => [SECRET],
    ...more,
  };
  return { api: of, arrivals: api.arrivals };
}

test("json() sends JSON and a query, and returns the JSON of the response", async () => {
  const { api, arrivals } = apiOf(() => answer({ ok: true }));
  assert.deepEqual(await json(api, "/x"), { ok: true });
  await json(api, "/x?a=1", {
    query: { a: 2, list: ["x", "y z"], none: undefined, nothing: null, on: true, at: new Date(0) },
  });
  await json(api, "/x", { json: { b: [1] } });
  await json(api, "/x", { json: null, method: "PUT", headers: { "content-type": "text/x" } });
  assert.deepEqual(arrivals.map(({ method }) => method), ["GET", "GET", "POST", "PUT"]);
  assert.equal(
    arrivals[1]?.url.search,
    "?a=1&a=2&list=x&list=y+z&on=true&at=1970-01-01T00%3A00%3A00.000Z",
  );
  assert.equal(arrivals[2]?.form.toString(), new URLSearchParams('{"b":[1]}').toString());
  assert.deepEqual(
    arrivals.map(({ headers }) => [headers.get("accept"), headers.get("content-type")]).slice(2),
    [["application/json", "application/json"], ["application/json", "text/x"]],
  );
  const empty = apiOf(() => new Response(null, { status: 204 }));
  assert.equal(await json(empty.api, "/x", { method: "DELETE" }), undefined);
});

test("json() refuses an invalid body before anything is sent", () =>
  eachRow<{ name: string; init: Parameters<typeof json>[2] }>([
    { name: "both bodies", init: { json: 1, body: "x" } },
    { name: "a circle", init: { json: circle() } },
    { name: "a function", init: { json: () => {} } },
    { name: "a big integer", init: { json: 1n } },
    { name: "an object in the query", init: { query: { a: {} } } },
    { name: "an invalid date", init: { query: { a: new Date(NaN) } } },
  ], async ({ init }) => {
    const { api, arrivals } = apiOf(() => answer({}));
    await rejects(json(api, "/x", init), "invalid_argument", /session\.json/);
    assert.equal(arrivals.length, 0);
  }));

function circle(): unknown {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
}

test("json(): an HTTP error has the status, the wait and the beginning of the body, and no secret", () =>
  eachRow<{ name: string; body: BodyInit | null; shown: string | undefined; status?: number }>([
    { name: "JSON", body: '{"detail":"no such item"}', shown: '{"detail":"no such item"}' },
    { name: "lines", body: "a\r\nb", shown: "a\nb" },
    { name: "empty", body: null, shown: undefined },
    { name: "control characters", body: "a\u001b[31mb", shown: "a b" },
    { name: "a secret in one line", body: `fine\ntoken ${SECRET}`, shown: "fine\n…" },
    { name: "a part of a secret", body: `x ${SECRET.slice(3, 12)} y`, shown: "…" },
    {
      name: "a secret over two lines",
      body: `${SECRET.slice(0, 5)}\n${SECRET.slice(5, 10)}`,
      shown: "… (it repeats a secret)",
    },
    { name: "long", body: "x".repeat(9_999), shown: "x".repeat(500) },
    { name: "endless", body: endless(), shown: "x".repeat(500), status: 404 },
  ], async ({ body, shown, status = 429 }) => {
    const { api } = apiOf(() => new Response(body, { status, headers: { "retry-after": "90" } }));
    const error = await rejects(json(api, "/x"), "api_error", /HTTP 4\d\d/);
    assert.deepEqual([error.status, error.retryAfter, error.body], [status, 90, shown]);
    assert(!Deno.inspect(error).includes("canary"));
  }));

function endless(): ReadableStream {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(10_000))),
  });
}

test("trust.md 21: a response that unpacks to more than the limit is not read to its end", async () => {
  let sent = 0;
  const large = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sent += 1_000_000;
          if (sent > 500_000_000) controller.close();
          else controller.enqueue(new Uint8Array(1_000_000).fill(32));
        },
      }),
    );
  const { api } = apiOf(large);
  const read = Array.fromAsync(pages(api, "/x"));
  await rejects(read, "bad_response", /larger than 64 MB/);
  assert(sent < 80_000_000, `${sent} bytes were read`);
  sent = 0;
  await rejects(Array.fromAsync(pages(api, "/x", undefined, 2_000_000)), "bad_response", /2 MB/);
});

test("items() returns the items of pages", () =>
  eachRow<
    { name: string; page: unknown; rows?: unknown[]; of?: (page: unknown) => Iterable<unknown> }
  >([
    { name: "OData", page: { value: [1, 2] }, rows: [1, 2] },
    { name: "GeoJSON", page: { type: "x", features: [1] }, rows: [1] },
    { name: "Google", page: { items: [1], kind: "x" }, rows: [1] },
    { name: "Django REST framework", page: { count: 1, results: [1] }, rows: [1] },
    { name: "JSON:API", page: { data: [1] }, rows: [1] },
    { name: "a list", page: [1], rows: [1] },
    { name: "none in it", page: { value: [] }, rows: [] },
    { name: "a value that is no list", page: { value: 3, data: [1] }, rows: [1] },
    { name: "of", page: { rows: [5] }, of: (page) => (page as { rows: [] }).rows, rows: [5] },
    { name: "of gives none", page: {}, of: () => undefined as unknown as [] },
    { name: "of gives text", page: {}, of: () => "abc" },
    { name: "an object", page: { rows: [1] } },
    { name: "a text", page: "abc" },
  ], async ({ page, rows, of }) => {
    const { api } = apiOf(() => answer(page));
    const all = Array.fromAsync(items(pages(api, "/x"), of));
    if (rows) assert.deepEqual(await all, rows);
    else await rejects(all, of ? "invalid_argument" : "bad_response", /of/);
  }));

test("verify() requests the probe or the given URL", async () => {
  const { api, arrivals } = apiOf(({ url }) => answer({}, url.pathname === "/bad" ? 403 : 200));
  await verify(api);
  await verify(api, { url: "/me" });
  assert.deepEqual(arrivals.map(({ url }) => url.pathname), ["/probe", "/me"]);
  const error = await rejects(verify(api, { url: "/bad" }), "api_error");
  assert.equal(error.status, 403);
  const bare = apiOf(() => answer({}), { system: resolveSystem(plainProvider(), {}, {}, []) });
  await rejects(verify(bare.api), "unsupported", /url/);
});

/** The stoppable methods, by name. */
const WAITS: Record<string, (api: Api, signal: AbortSignal) => Promise<unknown>> = {
  json: (api, signal) => json(api, "/x", { signal }),
  pages: (api, signal) => Array.fromAsync(pages(api, "/x", { signal })),
  verify: (api, signal) => verify(api, { signal }),
};

test("an aborted signal: fetch throws its reason, every other method an AuthError", async () => {
  for (const respond of [never, () => new Response(new ReadableStream())]) {
    for (const [name, wait] of Object.entries(WAITS)) {
      if (name === "verify" && respond !== never) continue; // reads no body
      for (
        const [reason, code] of [[new Error("mine"), "aborted"], [timeout(), "timeout"]] as const
      ) {
        const { api } = apiOf(respond);
        const controller = new AbortController();
        const ended = rejects(wait(api, controller.signal), code);
        await new Promise((resolve) => setTimeout(resolve, 5));
        controller.abort(reason);
        await ended;
        await rejects(wait(api, controller.signal), code);
      }
    }
  }
});

function timeout(): DOMException {
  return new DOMException("over", "TimeoutError");
}

test("people.md 3: the stop button ends fetch, json, pages and verify", async () => {
  const listeners = new Set<() => void>();
  const interruptible = async <T>(wait: (signal: AbortSignal) => Promise<T>) => {
    const controller = new AbortController();
    const stop = () => controller.abort(new Error("stopped"));
    listeners.add(stop);
    try {
      return await wait(controller.signal);
    } finally {
      listeners.delete(stop);
    }
  };
  const slow = fakeApi(never, { more: { interruptible } });
  const system = resolveSystem(plainProvider({ probe: "/probe" }), {}, {}, []);
  const api: Api = { system, fetch: slow.session.fetch, timeout: 1_000, interruptible };
  const waits: (() => Promise<unknown>)[] = [
    () => slow.session.fetch("/x"),
    () => slow.session.fetch("/x", { method: "POST", body: "x" }),
    ...Object.values(WAITS).map((wait) => () => wait(api, new AbortController().signal)),
  ];
  for (const wait of waits) {
    const ended = assert.rejects(wait(), /stopped/);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert(listeners.size > 0);
    for (const stop of listeners) stop();
    await ended;
    assert.equal(listeners.size, 0);
  }
});
