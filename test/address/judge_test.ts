import assert from "node:assert/strict";
import { learntFrom } from "../../src/address/find_address.ts";
import {
  judgeRegistration,
  registerClient,
  registrationRequest,
} from "../../src/address/register_client.ts";
import { judgeResource, parseAddress } from "../../src/address/resource_metadata.ts";
import { nameOf } from "../../src/address/saved_address.ts";
import { AuthError, type AuthErrorCode } from "../../src/errors.ts";
import { judgeMetadata } from "../../src/grants/discovery.ts";
import { leadsInside } from "../../src/trust.ts";
import { fakeServer, json } from "../support/fake_server.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const API = "https://api.example.org/v1";
const AUTH = "https://auth.example.net";

/** The result of a call: its value or its error code. */
function outcome<T>(call: () => T): T | AuthErrorCode {
  try {
    return call();
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

type Row = {
  name: string;
  address?: string;
  metadata: Record<string, unknown>;
  gives: string[] | AuthErrorCode;
};

const RESOURCES: Row[] = [
  { name: "as RFC 9728 has it", metadata: {}, gives: [AUTH] },
  {
    name: "a resource for all paths (MCP servers)",
    metadata: { resource: "https://api.example.org" },
    gives: [AUTH],
  },
  { name: "with a slash", metadata: { resource: `${API}/` }, gives: [AUTH] },
  {
    name: "another host",
    metadata: { resource: "https://evil.example/v1" },
    gives: "bad_response",
  },
  {
    name: "another port",
    metadata: { resource: "https://api.example.org:8443/v1" },
    gives: "bad_response",
  },
  {
    name: "another scheme",
    metadata: { resource: "http://api.example.org/v1" },
    gives: "bad_response",
  },
  {
    name: "another path",
    metadata: { resource: "https://api.example.org/v2" },
    gives: "bad_response",
  },
  { name: "a longer path", metadata: { resource: `${API}/admin` }, gives: "bad_response" },
  {
    name: "half a segment",
    metadata: { resource: "https://api.example.org/v" },
    gives: "bad_response",
  },
  {
    name: "with a user",
    metadata: { resource: "https://api.example.org@evil.example/v1" },
    gives: "bad_response",
  },
  {
    name: "a user at the same host",
    metadata: { resource: "https://me@api.example.org/v1" },
    gives: "bad_response",
  },
  { name: "with a query", metadata: { resource: `${API}?tenant=1` }, gives: "bad_response" },
  { name: "no URL", metadata: { resource: "api.example.org/v1" }, gives: "bad_response" },
  { name: "a list", metadata: { resource: [API] }, gives: "bad_response" },
  { name: "without one", metadata: { resource: undefined }, gives: "bad_response" },
  {
    name: "tokens in a query alone",
    metadata: { bearer_methods_supported: ["query"] },
    gives: "bad_response",
  },
  { name: "no server", metadata: { authorization_servers: [] }, gives: "bad_response" },
  {
    name: "authorization servers that are not a list",
    metadata: { authorization_servers: AUTH },
    gives: "bad_response",
  },
  {
    name: "no authorization servers",
    metadata: { authorization_servers: undefined },
    gives: "bad_response",
  },
  {
    name: "plain http",
    metadata: { authorization_servers: ["http://auth.example.net"] },
    gives: "insecure_url",
  },
  {
    name: "the second authorization server is usable",
    metadata: { authorization_servers: ["http://auth.example.net", AUTH] },
    gives: [AUTH],
  },
  {
    name: "an authorization server with a user in its URL",
    metadata: { authorization_servers: ["https://a:b@auth.example.net"] },
    gives: "insecure_url",
  },
  {
    name: "an authorization server with a query",
    metadata: { authorization_servers: [`${AUTH}?x=1`] },
    gives: "bad_response",
  },
  {
    name: "an authorization server with a fragment",
    metadata: { authorization_servers: [`${AUTH}#x`] },
    gives: "bad_response",
  },
  {
    name: "an authorization server with another scheme",
    metadata: { authorization_servers: ["file:///etc/passwd"] },
    gives: "insecure_url",
  },
  { name: "a number", metadata: { authorization_servers: [7] }, gives: "bad_response" },
  ...[
    "http://127.0.0.1:9000",
    "https://localhost",
    "https://127.9.9.9",
    "https://[::1]",
    "https://0.0.0.0",
    "https://x.localhost",
    "https://169.254.169.254",
    "https://[fe80::1]",
    "https://[fd00:ec2::254]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:10.0.0.1]",
    "https://[64:ff9b::a00:1]",
    "https://[2002:7f00:1::]",
    "https://10.1.2.3",
    "https://192.168.0.1",
    "https://172.16.0.1",
    "https://100.64.0.1",
    "https://2130706433",
    "https://0x7f.1",
    "https://intranet",
    "https://vault.internal",
    "https://printer.local",
    "https://router.lan.",
    "https://kubernetes.default.svc.cluster.local",
  ].map((server): Row => ({
    name: `a public API names ${server}`,
    metadata: { authorization_servers: [server] },
    gives: "insecure_url",
  })),
  {
    name: "an API on this machine names a server on this machine",
    address: "http://127.0.0.1:8000",
    metadata: {
      resource: "http://127.0.0.1:8000",
      authorization_servers: ["http://127.0.0.1:9000"],
    },
    gives: ["http://127.0.0.1:9000"],
  },
  {
    name: "an API on this machine names a server in the network",
    address: "http://127.0.0.1:8000",
    metadata: { resource: "http://127.0.0.1:8000", authorization_servers: ["https://10.0.0.5"] },
    gives: ["https://10.0.0.5"],
  },
  {
    name: "an API on this machine names a cloud's metadata service",
    address: "http://127.0.0.1:8000",
    metadata: {
      resource: "http://127.0.0.1:8000",
      authorization_servers: ["https://169.254.169.254"],
    },
    gives: "insecure_url",
  },
  {
    name: "an API in a private network names a server in it",
    address: "https://api.corp.internal",
    metadata: {
      resource: "https://api.corp.internal",
      authorization_servers: ["https://sso.internal"],
    },
    gives: ["https://sso.internal"],
  },
  {
    name: "an API of a private network names this machine",
    address: "https://api.corp.internal",
    metadata: {
      resource: "https://api.corp.internal",
      authorization_servers: ["http://127.0.0.1:1"],
    },
    gives: "insecure_url",
  },
];

test("judgeResource() accepts the API's own metadata, and refuses foreign and internal hosts", async () => {
  await eachRow(RESOURCES, ({ address = API, metadata, gives }) => {
    const whole = { resource: API, authorization_servers: [AUTH], ...metadata };
    const found = outcome(() => judgeResource(parseAddress(address), whole));
    assert.deepEqual(typeof found === "string" ? found : found.issuers, gives);
  });
});

test("judgeResource() requests the scopes of the API's 401, else of its metadata, and no invalid scope", () => {
  const scopeOf = (scopes: unknown, asked?: string) =>
    judgeResource(parseAddress(API), {
      resource: API,
      authorization_servers: [AUTH],
      scopes_supported: scopes,
    }, asked).scope;
  assert.equal(scopeOf(["read", "write", "read"]), "read write");
  assert.equal(scopeOf(["read"], "read:one read:two"), "read:one read:two");
  assert.equal(scopeOf(["a b", 'c"d', "e\\f", "\u202eread", "", 7, "read"]), "read");
  assert.equal(scopeOf("read"), undefined);
  assert.equal(scopeOf([]), undefined);
  assert.equal(scopeOf(Array.from({ length: 5000 }, (_, at) => `s${at}`))?.split(" ").length, 60);
});

const SERVER = {
  issuer: AUTH,
  token_endpoint: `${AUTH}/token`,
  authorization_endpoint: `${AUTH}/authorize`,
  registration_endpoint: `${AUTH}/register`,
};

const SERVERS: { name: string; metadata: Record<string, unknown>; gives: string }[] = [
  { name: "a code", metadata: {}, gives: "authorization_code none client_secret_basic" },
  {
    name: "a device code alone",
    metadata: {
      authorization_endpoint: undefined,
      device_authorization_endpoint: `${AUTH}/device`,
    },
    gives: "device_code none client_secret_basic",
  },
  {
    name: "no browser grant",
    metadata: { grant_types_supported: ["client_credentials"] },
    gives: "unsupported",
  },
  {
    name: "no public clients are listed (Keycloak)",
    metadata: { token_endpoint_auth_methods_supported: ["private_key_jwt", "client_secret_post"] },
    gives: "authorization_code none client_secret_post",
  },
  {
    name: "another issuer (mix-up)",
    metadata: { issuer: "https://honest.example" },
    gives: "bad_response",
  },
  { name: "an issuer below it", metadata: { issuer: `${AUTH}/tenant` }, gives: "bad_response" },
  { name: "no issuer", metadata: { issuer: undefined }, gives: "bad_response" },
  { name: "no token endpoint", metadata: { token_endpoint: undefined }, gives: "bad_response" },
  ...Object.keys(SERVER).slice(1).concat("device_authorization_endpoint").flatMap((endpoint) =>
    [
      "http://127.0.0.1:80/x",
      "http://auth.example.net/x",
      "https://10.0.0.1/x",
      "https://a@auth.example.net/x",
      "https://vault.internal/x",
      "javascript:alert(1)",
    ]
      .map((url) => ({
        name: `${endpoint} ${url}`,
        metadata: { [endpoint]: url },
        gives: "insecure_url",
      }))
  ),
  {
    name: "an endpoint that is not a URL",
    metadata: { registration_endpoint: "/register" },
    gives: "bad_response",
  },
];

test("learntFrom() judges every endpoint that an authorization server names", async () => {
  await eachRow(SERVERS, ({ metadata, gives }) => {
    const text = JSON.stringify({ ...SERVER, ...metadata });
    const resource = judgeResource(parseAddress(API), {
      resource: API,
      authorization_servers: [AUTH],
    });
    const found = outcome(() =>
      learntFrom(parseAddress(API), AUTH, resource, judgeMetadata(AUTH, text, {}))
    );
    const shown = typeof found === "string"
      ? found
      : `${found.grant} ${found.clientAuthentication} ${found.confidentialMethod}`;
    assert.equal(shown, gives);
  });
});

const ANSWERS: {
  name: string;
  status: number;
  body: unknown;
  gives: Record<string, unknown> | AuthErrorCode;
}[] = [
  {
    name: "RFC 7591",
    status: 201,
    body: {
      client_id: "c",
      registration_access_token: "r",
      registration_client_uri: `${AUTH}/c`,
      client_name: "x",
    },
    gives: { client_id: "c", registration_access_token: "r", registration_client_uri: `${AUTH}/c` },
  },
  { name: "200", status: 200, body: { client_id: "c" }, gives: { client_id: "c" } },
  {
    name: "a secret that a public client does not use",
    status: 201,
    body: { client_id: "c", client_secret: "s", client_secret_expires_at: 0 },
    gives: { client_id: "c" },
  },
  {
    name: "a confidential client",
    status: 201,
    body: { client_id: "c", client_secret: "s", token_endpoint_auth_method: "client_secret_basic" },
    gives: { client_id: "c", client_secret: "s" },
  },
  {
    name: "a confidential client without a secret",
    status: 201,
    body: { client_id: "c", token_endpoint_auth_method: "client_secret_basic" },
    gives: "bad_response",
  },
  {
    name: "a key",
    status: 201,
    body: { client_id: "c", token_endpoint_auth_method: "private_key_jwt" },
    gives: "bad_response",
  },
  { name: "no ID", status: 201, body: {}, gives: "bad_response" },
  { name: "an ID that is no text", status: 201, body: { client_id: 7 }, gives: "bad_response" },
  { name: "no JSON", status: 201, body: "<html>", gives: "client_refused" },
  {
    name: "a refusal",
    status: 400,
    body: { error: "invalid_redirect_uri" },
    gives: "client_refused",
  },
  {
    name: "a policy (Keycloak)",
    status: 403,
    body: {
      error: "insufficient_scope",
      error_description: "Policy 'Trusted Hosts' rejected request",
    },
    gives: "client_refused",
  },
  { name: "not found", status: 404, body: "", gives: "client_refused" },
  { name: "busy", status: 429, body: "", gives: "rate_limited" },
  { name: "down", status: 503, body: "", gives: "server_error" },
];

test("judgeRegistration() accepts a client, and says who refused one", async () => {
  await eachRow(ANSWERS, ({ status, body, gives }) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const found = outcome(() =>
      judgeRegistration("auth.example.net", status, text, { authentication: "none" })
    );
    assert.deepEqual(typeof found === "string" ? found : found.values, gives);
  });
});

test("a registration is for a native app: loopback, PKCE, no secret", () => {
  const common = { endpoint: `${AUTH}/register`, device: true, authentication: "none" } as const;
  const code = registrationRequest({ ...common, grant: "authorization_code", scope: "read" });
  assert.deepEqual(code, {
    client_name: "onecell",
    application_type: "native",
    redirect_uris: ["http://127.0.0.1/callback"],
    response_types: ["code"],
    grant_types: [
      "authorization_code",
      "urn:ietf:params:oauth:grant-type:device_code",
      "refresh_token",
    ],
    token_endpoint_auth_method: "none",
    scope: "read",
  });
  const device = registrationRequest({ ...common, grant: "device_code", scope: undefined });
  assert.deepEqual(device["redirect_uris"], []);
});

test("an address has its own name, which no program's variables or folders use", async () => {
  const names = await Promise.all([
    "https://api.example.org",
    "https://api.example.org/v1",
    "https://api-example.org",
    "https://api.example-org",
    "https://api.example.org:8443",
    "http://127.0.0.1:1/",
    "https://github.com",
    `https://${"a".repeat(60)}.${"b".repeat(60)}.example`,
  ].map((address) => nameOf(parseAddress(address))));
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z0-9][a-z0-9-]*-[0-9a-f]{10}$/);
  assert(names.every((name) => name.length <= 63));
  assert.equal(await nameOf(parseAddress("https://api.example.org/v1/")), names[1]);
  assert.equal(await nameOf(parseAddress("HTTPS://API.example.org:443/#x")), names[0]);
});

test("parseAddress() accepts https, and http on this machine", async () => {
  const rows: { name: string; gives: string }[] = [
    { name: "https://api.example.org", gives: "https://api.example.org/" },
    { name: " https://api.example.org/v1#part ", gives: "https://api.example.org/v1" },
    { name: "http://localhost:8000", gives: "http://localhost:8000/" },
    { name: "http://api.example.org", gives: "insecure_url" },
    { name: "https://me:secret@api.example.org", gives: "invalid_argument" },
    { name: "https://api.example.org/?key=1", gives: "invalid_argument" },
    { name: "ftp://api.example.org", gives: "insecure_url" },
    { name: "://", gives: "invalid_argument" },
  ];
  await eachRow(rows, ({ name, gives }) => {
    assert.equal(String(outcome(() => parseAddress(name))), gives);
  });
});

test("leadsInside() distinguishes this machine, its network and the outside", () => {
  const leads = (from: string, to: string) => leadsInside(new URL(from), new URL(to));
  assert.equal(leads("https://a.example", "https://b.example"), false);
  assert.equal(leads("https://a.example", "https://203.0.113.7"), false);
  assert.equal(leads("https://a.example", "https://[2606:4700::1]"), false);
  assert.equal(leads("https://10.0.0.1", "https://10.0.0.2"), false);
  assert.equal(leads("https://10.0.0.1", "https://169.254.169.254"), true);
  assert.equal(leads("https://169.254.1.1", "https://169.254.1.1"), false);
  assert.equal(leads("https://a.example", "https://172.32.0.1"), false);
  assert.equal(leads("https://a.example", "https://172.31.0.1"), true);
});

test("registerClient() registers one client, and retries only if the server did nothing", () =>
  eachRow<{ name: string; answer: () => Response; code: AuthErrorCode; sent: number }>([
    {
      name: "a lost response",
      answer: () => {
        throw new TypeError("connection reset");
      },
      code: "network",
      sent: 1,
    },
    { name: "502", answer: () => json({}, 502), code: "server_error", sent: 1 },
    {
      name: "503: not done",
      answer: () => json({}, 503, { "retry-after": "0" }),
      code: "server_error",
      sent: 3,
    },
  ], async ({ answer, code, sent }) => {
    const { fetch, arrivals } = fakeServer(answer);
    const registration = {
      endpoint: `${AUTH}/register`,
      grant: "authorization_code",
      device: false,
      authentication: "none",
      scope: undefined,
    } as const;
    const openFetch = () => ({ fetch, close() {} });
    const asking = { openFetch, timeout: 5_000, now: Date.now, signal: undefined };
    await rejects(registerClient(registration, asking), code);
    assert.equal(arrivals.length, sent);
  }));
