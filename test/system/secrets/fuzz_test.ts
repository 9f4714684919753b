import assert from "node:assert/strict";
import { getSession, importCredentials } from "../../../mod.ts";
import {
  checkProvider as defineProvider,
  type ProviderInput,
} from "../../../src/providers/define_provider.ts";
import { createAppCredentials } from "../../../src/grants/enrolment.ts";
import { beginDevice } from "../../../src/grants/device_code.ts";
import { getExternalToken } from "../../../src/grants/external_token.ts";
import { obtainToken } from "../../../src/grants/obtain_token.ts";
import { relNext } from "../../../src/http/read_api.ts";
import { spatiafi } from "../../../src/providers/registry.ts";
import { parsePaste } from "../../../src/sign_in/parse_paste.ts";
import { parseToken } from "../../../src/token/token.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import { resolveSystem } from "../../../src/providers/system.ts";
import { checkAlive, storedToken } from "../../../src/token/token_response.ts";
import { fakeApi } from "../../support/api.ts";
import { fakeServer, json, tokenAnswer } from "../../support/fake_server.ts";
import { TestFolder } from "../../support/folder.ts";
import { fuzz, type Tally } from "../../support/fuzz.ts";
import { fakeClock, grantParts, plainProvider } from "../../support/parts.ts";
import type { Random } from "../../support/random.ts";
import { test } from "../../support/tests.ts";

/** Checks that the generator reaches both sides: accepted and refused input. */
function assertBoth({ good, refused }: Tally): void {
  assert(good > 0 && refused > 0, `${good} taken, ${refused} refused`);
}

const SECRET = "the-secret-of-this-file";
const CREDENTIALS = { client_id: "the-client", client_secret: SECRET, name: "x", created_at: null };

test("fuzz: 1,000 credentials files", async () => {
  await using folder = await TestFolder.make();
  const server = fakeServer((_, number) => tokenAnswer(number));
  const provider = plainProvider();
  const options = {
    directory: folder.path,
    fetch: server.fetch,
    store: "memory",
    interactive: false,
  } as const;
  assertBoth(
    await fuzz(1000, async (random) => {
      await Deno.writeTextFile(folder.at("app_credentials"), random.json(CREDENTIALS));
      const outcome = await getSession(provider, options).catch((error) => error);
      assert(!Deno.inspect(outcome).includes(SECRET), "the secret is shown");
      if (outcome instanceof Error) throw outcome;
    }),
  );
});

test("fuzz: 500 settings files to import", async () => {
  await using folder = await TestFolder.make();
  const settings = {
    Resource: "https://dat-b.example.com",
    ApiVersion: "v1",
    TenantId: "a-tenant",
    ClientId: "a-client",
    ClientSecret: SECRET,
  };
  assertBoth(
    await fuzz(500, async (random, number) => {
      const file = folder.at("appsettings.json");
      await Deno.writeTextFile(file, random.json(settings));
      await importCredentials("ocs", file, { directory: folder.at(`${number}`) });
    }),
  );
});

test("fuzz: 1,000 outputs that should contain an external token", async () => {
  const output = {
    kind: "ExecCredential",
    status: { token: "the-token-of-elsewhere", expirationTimestamp: "2026-11-26T15:00:00Z" },
  };
  const context = {
    runtime: await currentRuntime(),
    values: {},
    openFetch: () => ({ fetch, close() {} }),
    timeout: 5_000,
    now: Date.now,
  };
  assertBoth(
    await fuzz(1000, async (random) => {
      const text = random.json(output);
      const { token, expiresAt } = await getExternalToken(() => text, "The token", context);
      assert.match(token, /^[\x21-\x7e]+$/);
      assert(expiresAt === undefined || Number.isFinite(expiresAt));
    }),
  );
});

test("fuzz: 1,000 saved tokens", async () => {
  await using folder = await TestFolder.make();
  const server = fakeServer((_, number) => tokenAnswer(number));
  const provider = plainProvider();
  const credentials = { client_id: "the-client", client_secret: SECRET };
  const options = { directory: folder.path, fetch: server.fetch, credentials } as const;
  await getSession(provider, options);
  const [name = ""] = (await Array.fromAsync(Deno.readDir(folder.at("onecell"))))
    .map((entry) => entry.name).filter((name) => name.endsWith(".json"));
  const path = folder.at("onecell", name);
  const good = JSON.parse(await Deno.readTextFile(path));
  // A damaged token is not an error. Another one is requested.
  const { refused } = await fuzz(200, async (random) => {
    await Deno.writeTextFile(path, random.json({ ...good, refresh_token: "x" }));
    const session = await getSession(provider, options);
    await (await session.fetch("/x")).body?.cancel();
  });
  assert.equal(refused, 0);
  await fuzz(800, (random) => {
    const token = parseToken(random.json(good), good.key);
    if (token) assert(Number.isFinite(token.expires_at) && token.access_token !== "");
  });
});

/** Headers that a server may send. Characters that the standard forbids cannot arrive. */
function headers(random: Random): Headers {
  const result = new Headers();
  const set = (name: string, good: string) => {
    if (random.once(2)) return;
    const value = random.damage(good).replace(/[^\x20-\x7e]/g, "");
    result.set(name, value.slice(0, 3000));
  };
  set("content-type", "application/json; charset=utf-8");
  set("www-authenticate", 'Bearer realm="x", error="invalid_client", error_description="no"');
  set("date", new Date().toUTCString());
  set("location", "https://elsewhere.example/x");
  set("link", '</x?page=2>; rel="next"');
  result.set("retry-after", random.once(2) ? "0" : random.pick(["99999", "-1", "soon", "1e9"]));
  return result;
}

const STATUSES = [200, 200, 200, 200, 201, 204, 301, 400, 400, 401, 403, 404, 418, 500];

/** A response to any request, based on a valid one. */
function answer(random: Random, good: Record<string, unknown>): Response {
  const status = random.pick(STATUSES);
  const body = status === 204 ? null : random.json(good);
  const head = headers(random);
  if (random.once(2)) head.set("content-type", "application/json");
  return new Response(body, { status, headers: head });
}

const TOKEN = {
  access_token: "an-access-token",
  token_type: "Bearer",
  expires_in: 900,
  refresh_token: "a-refresh-token",
  scope: "a b",
  id_token: "a.b.c",
  error: undefined,
  error_description: "no",
};

test("fuzz: 2,000 responses of a token endpoint", async () => {
  const clock = fakeClock();
  assertBoth(
    await fuzz(2000, async (random) => {
      const parts = grantParts(() => Promise.resolve(answer(random, TOKEN)));
      const response = await obtainToken(
        parts,
        random.once(2)
          ? { grant: "client_credentials" }
          : { grant: "refresh_token", refreshToken: "x" },
      );
      const token = await storedToken("key", response, clock(), 0);
      checkAlive(token);
      // Every accepted token can be saved and read again.
      assert.deepEqual(parseToken(JSON.stringify(token), "key"), token);
    }),
  );
});

test("fuzz: 1,000 responses of discovery, device endpoint and enrolment", async () => {
  const issuer = "https://auth.example.com";
  const metadata = { issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys` };
  const byIssuer = plainProvider({ issuer, endpoints: {} });
  assertBoth(
    await fuzz(400, async (random) => {
      const server = fakeServer(({ url }, number) =>
        url.pathname === "/token" ? tokenAnswer(number) : answer(random, metadata)
      );
      const parts = grantParts(server.fetch, { provider: byIssuer });
      await obtainToken(parts, { grant: "client_credentials" });
    }),
  );
  const device = {
    device_code: "x",
    user_code: "ABCD",
    verification_uri: `${issuer}/device`,
    expires_in: 600,
    interval: 1,
  };
  assertBoth(
    await fuzz(300, async (random) => {
      const parts = grantParts(() => Promise.resolve(answer(random, device)));
      const request = await beginDevice(parts);
      assert(Number.isFinite(request.until) && typeof request.code === "string");
    }),
  );
  const created = { access_token: "x", client_id: "y", client_secret: SECRET };
  assertBoth(
    await fuzz(300, async (random) => {
      const parts = grantParts(() => Promise.resolve(answer(random, created)), {
        system: resolveSystem(spatiafi, {}, {}),
      });
      await createAppCredentials(parts, "ada", "password");
    }),
  );
});

test("fuzz: 2,500 URLs, and none sends the token to another origin", async () => {
  const { session, api } = fakeApi(() => json({}));
  const urls = [
    "/api/info?item_id=a",
    "https://api.example.com/x",
    "//api.example.com/x",
    "relative/path#part",
    "https://api.example.com@evil.example/",
    "http://api.example.com/",
    "https://evil.example/",
  ];
  assertBoth(
    await fuzz(2500, async (random) => {
      const input = random.damage(random.pick(urls));
      api.arrivals.length = 0;
      await (await session.fetch(input)).body?.cancel();
      const [arrival] = api.arrivals;
      assert.equal(arrival?.url.origin, "https://api.example.com", input);
      assert.equal(arrival?.url.href, new URL(input, "https://api.example.com/").href);
    }),
  );
});

test("fuzz: 2,000 pasted texts", async () => {
  const request = { state: "the-state", issuer: "https://a.example", redirectUri: "http://[::1]/" };
  const endpointHosts = ["a.example", "*.b.example"];
  const good = [
    "http://127.0.0.1/callback?code=abc&state=the-state&iss=https://a.example",
    '{"endpoint":"https://x.b.example/token","code":"abc"}',
    "0.AX8A-some_code~with.characters",
  ];
  assertBoth(
    await fuzz(2000, (random) => {
      const context = { request: random.once(2) ? request : null, endpointHosts };
      const result = parsePaste(random.damage(random.pick(good)), context);
      if (result.kind === "redirect") {
        assert.equal(result.url.origin, "http://[::1]");
        assert.equal(result.url.searchParams.get("state"), "the-state");
      } else if (result.tokenEndpoint !== undefined) {
        assert.match(new URL(result.tokenEndpoint).host, /^(a|[^.]+(\.[^.]+)*\.b)\.example$/);
      }
    }),
  );
});

test("fuzz: 1,000 provider definitions and Link headers", async () => {
  const definition = {
    ...plainProvider({ enrolment: { login: "/a", clients: "/b" }, origins: ["https://b.example"] }),
  };
  assertBoth(
    await fuzz(
      700,
      (random) => defineProvider(random.object(definition) as unknown as ProviderInput),
    ),
  );
  await fuzz(300, (random) => {
    const target = relNext(
      random.damage('</x?page=2>; rel="next", </y>; rel="prev"; title="a, b"'),
    );
    assert(target === undefined || target.length > 0);
  });
});
