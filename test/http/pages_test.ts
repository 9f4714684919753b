import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import { pages, relNext } from "../../src/http/read_api.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import { fakeServer, json } from "../support/fake_server.ts";
import { plainProvider } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

test("relNext() reads a Link header as RFC 8288 defines it", () =>
  eachRow([
    { name: '</a?page=2>; rel="next"', next: "/a?page=2" },
    { name: "</a>; rel=next", next: "/a" },
    { name: '</a>; rel="prev", </b>; rel="next"', next: "/b" },
    { name: '</a>; rel="start next"', next: "/a" },
    { name: '</a>; REL="Next"', next: "/a" },
    { name: '</a>; title="a, b; rel=\\"next\\""; rel="prev"', next: undefined },
    { name: '</a,b;c>; rel="next"', next: "/a,b;c" },
    { name: '</a>; title="x"; rel="next"; type="y"', next: "/a" },
    { name: "<https://api.example.com/x>;rel=next", next: "https://api.example.com/x" },
    { name: '<>; rel="next"', next: undefined },
    { name: "</a>", next: undefined },
    { name: "", next: undefined },
    // wild.md F: text in quotes is not a parameter.
    { name: '</wrong>; title="a; rel=next"; rel="prev", </2>; rel=next', next: "/2" },
    { name: '</wrong>; title="</x>; rel=next"; rel="prev"', next: undefined },
    { name: '</wrong>; title="x, </y>; rel=next"', next: undefined },
    { name: '</a>; rel="prev"; rel="next"', next: undefined },
    { name: '</a>; rel=next; rel="prev"', next: "/a" },
    { name: '</a>;rel = "next"', next: "/a" },
    { name: '</a>; x-rel="next"', next: undefined },
    { name: "</a>; title*=UTF-8'en'%c2%a3; rel=next", next: "/a" },
    { name: 'junk, </a>; rel="next"', next: "/a" },
    { name: '</a>; rel="next', next: undefined },
    { name: '</a>; rel="nextish"', next: undefined },
    { name: 'rel="next"', next: undefined },
    { name: `${"<".repeat(20_000)}`, next: undefined },
    { name: `</a>${";a=b".repeat(20_000)}`, next: undefined },
    { name: `</a>${'; a="'.repeat(20_000)}`, next: undefined },
  ], ({ name, next }) => {
    const started = performance.now();
    assert.equal(relNext(name), next);
    assert(performance.now() - started < 500, "it took too long");
  }));

test("pages() follows Link and OData, through a renewal in the middle", async () => {
  await using world = await createWorld("plantpredict");
  const { sandbox, options, credentials } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  const links: unknown[] = [];
  for await (const page of session.pages<{ page: number }[]>("/api/pages")) {
    links.push(page[0]?.page);
    sandbox.revokeAccessTokens();
  }
  assert.deepEqual(links, [1, 2, 3]);
  assert.equal(sandbox.count("plantpredict.token"), 3);
  const odata = await Array.fromAsync(session.pages<{ value: unknown[] }>("/api/odata"));
  assert.equal(odata.length, 3);
  // A loop that ends early requests nothing more.
  const before = sandbox.count("plantpredict.api");
  for await (const _ of session.pages("/api/pages")) break;
  assert.equal(sandbox.count("plantpredict.api"), before + 1);
});

test("pages() stops if the links form a circle", async () => {
  const system = resolveSystem(plainProvider(), {}, {});
  const server = fakeServer(({ url }) => {
    const page = Number(url.searchParams.get("page"));
    return json([page], 200, { link: `</items?page=${(page + 1) % 3}>; rel="next"` });
  });
  const seen: unknown[] = [];
  const all = async () => {
    for await (
      const page of pages({ system, fetch: server.fetch, timeout: 1_000 }, "/items?page=0")
    ) {
      seen.push(page);
    }
  };
  await rejects(all(), "bad_response", /circle/);
  assert.deepEqual(seen, [[0], [1], [2]]);
});

test("pages() reports a page that breaks off", async () => {
  const system = resolveSystem(plainProvider(), {}, {});
  const broken = fakeServer(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.error(new TypeError("terminated")),
      }),
    )
  );
  await rejects(
    Array.fromAsync(pages({ system, fetch: broken.fetch, timeout: 1_000 }, "/items")),
    "network",
    /was cut off/,
  );
  await using world = await createWorld("plantpredict");
  const { sandbox, options, credentials } = world;
  const session = await getSession("plantpredict", { ...options, credentials, timeout: 1_500 });
  const read = (init?: RequestInit) => Array.fromAsync(session.pages("/api/info", init));
  sandbox.fault("plantpredict.api", "drip", 2);
  await rejects(read(), "timeout", /1\.5 s/);
  const signal = AbortSignal.timeout(100);
  const error = await rejects(read({ signal }), "timeout");
  assert.equal(error.cause, signal.reason);
  assert.equal((await read()).length, 1);
});

test("pages() refuses a link to another origin, an error, and a body that is not JSON", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  const all = (url: string) => Array.fromAsync(session.pages(url));
  const elsewhere = encodeURIComponent("https://example.com/api/pages");
  await rejects(all(`/api/pages?next=${elsewhere}`), "foreign_origin");
  await rejects(all(`/api/odata?next=${elsewhere}`), "foreign_origin");
  await rejects(all("/api/status/403"), "api_error", /HTTP 403/);
  await rejects(all("/api/big?n=10"), "bad_response", /not JSON/);
  await rejects(all("http://"), "invalid_argument");
});

test("pages() resolves a link relative to its page (RFC 8288 section 3.1)", async () => {
  const system = resolveSystem(plainProvider(), {}, {});
  const server = fakeServer((_, number) =>
    json([number], 200, number === 1 ? { link: `<?page=2>; rel="next"` } : {})
  );
  const context = { system, fetch: server.fetch, timeout: 1_000 };
  assert.equal((await Array.fromAsync(pages(context, "/deep/items?page=1"))).length, 2);
  assert.equal(server.arrivals[1]?.url.href, "https://api.example.com/deep/items?page=2");
});
