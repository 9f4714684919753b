import assert from "node:assert/strict";
import schema from "../../src/providers/provider.schema.json" with { type: "json" };
import { AuthError } from "../../src/errors.ts";
import { withoutSchema } from "../../src/profile/known_systems.ts";
import { defineForeign } from "../../src/providers/foreign_definition.ts";
import { providerSchema } from "../../scripts/provider_schema.ts";
import { eachRow, test } from "../support/tests.ts";

test("the schema matches the types", async () => {
  assert.deepEqual(schema, await providerSchema(), "run: deno run -A scripts/provider_schema.ts");
});

const base = { name: "weather", apiUrl: "https://api.weather.example" };
const issuer = "https://login.weather.example";
const code = { ...base, grant: "authorization_code" };
const token = "https://login.weather.example/token";

/** A definition, and whether it is valid. */
interface Row {
  name: string;
  input: unknown;
  good: boolean;
}

const good = (name: string, input: unknown): Row => ({ name, input, good: true });
const bad = (name: string, input: unknown): Row => ({ name, input, good: false });

const ROWS: readonly Row[] = [
  good("an issuer", { ...base, issuer }),
  good("with a schema", { $schema: "./provider.schema.json", ...base, issuer }),
  good("endpoints", { ...base, endpoints: { token } }),
  good("paths", { ...base, authUrl: issuer, endpoints: { token: "/token" } }),
  good("loopback", { ...base, apiUrl: "http://127.0.0.1:8080/", issuer: "http://localhost:9/x" }),
  good("IPv6 loopback", { ...base, issuer: "http://[::1]:9" }),
  good("templates", { ...base, issuer: "https://login.example/{tenant_id}/v2.0" }),
  good("a template for a base", { ...base, apiUrl: "{resource}", issuer: "{resource}/identity" }),
  good("a template for a host", { ...base, apiUrl: "https://{region}.example", issuer }),
  good("scopes as a list", { ...base, issuer, scope: ["a", "b"], refreshScope: "a" }),
  good("a public client", { ...base, issuer, grant: "device_code", clientId: "x" }),
  good("a code, by endpoints", { ...code, endpoints: { token, authorization: `${issuer}/auth` } }),
  good("a code, by paste", {
    ...code,
    paste: { page: `${issuer}/p`, endpointHosts: ["*.x.example"] },
  }),
  good("methods", { ...code, issuer, methods: ["device", "paste"] }),
  good("a device, by endpoints", {
    ...base,
    grant: "device_code",
    endpoints: { token, deviceAuthorization: `${issuer}/device` },
  }),
  good("more parameters", {
    ...base,
    issuer,
    tokenParameters: { account_id: "{account}", empty: "" },
    authorizationParameters: { prompt: "" },
  }),
  good("an assertion's audience", { ...base, issuer, assertionAudience: "issuer" }),
  good("another audience", { ...base, issuer, assertionAudience: "https://a.example/x" }),
  good("several resources", { ...base, issuer, resource: ["https://a.example", "urn:b"] }),
  good("numbers", {
    ...base,
    issuer,
    timeout: 0.5,
    retryStatuses: [429, 599],
    renewStatuses: [498],
  }),
  good("a header of its own", { ...base, issuer, apiAuthorization: { header: "X-Api-Key" } }),
  good("a scheme of its own", { ...base, issuer, apiAuthorization: { scheme: "token" } }),
  good("DPoP", { ...base, issuer, dpop: true, store: "memory", discovery: false }),
  good("an enrolment", {
    ...base,
    authUrl: issuer,
    endpoints: { token: "/token" },
    enrolment: { login: "/login", clients: "/clients", help: "Ask Ada." },
  }),
  good("an exchange of a file's token", {
    ...base,
    issuer,
    grant: "token_exchange",
    subjectToken: { file: "/var/run/token" },
    subjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
  }),
  good("an assertion signed here", {
    ...base,
    issuer,
    grant: "jwt_bearer",
    assertionClaims: { sub: "{client_id}", aud: ["a", "b"], n: 1, b: true },
    assertionLifetime: 3600,
  }),
  good("an assertion from a job", {
    ...base,
    issuer,
    clientAuthentication: "federated_jwt",
    clientAssertion: { githubActions: "api://x" },
  }),
  good("a command", { ...base, tokenCommand: ["az", "account", "get-access-token"] }),
  good("a command by its path", { ...base, tokenCommand: ["/usr/bin/az", ""] }),

  bad("no name", { apiUrl: base.apiUrl, issuer }),
  bad("no API", { name: "weather", issuer }),
  bad("no server", base),
  bad("a list", [base]),
  bad("null", null),
  bad("a text", "weather"),
  bad("a name with capitals", { ...base, name: "Weather", issuer }),
  bad("a name with dots", { ...base, name: "a.b", issuer }),
  bad("a long name", { ...base, name: "a".repeat(64), issuer }),
  bad("an empty title", { ...base, issuer, title: " " }),
  bad("an invisible title", { ...base, issuer, title: "a\u200bb" }),
  bad("a title that steers", { ...base, issuer, title: "\x1b[31m" }),
  bad("a field nobody knows", { ...base, issuer, scopes: "a" }),
  bad("a field nobody knows, inside", { ...base, endpoints: { token, refresh: token } }),
  bad("a grant nobody knows", { ...base, issuer, grant: "implicit" }),
  bad("an authentication nobody knows", { ...base, issuer, clientAuthentication: "basic" }),
  bad("a method nobody knows", { ...code, issuer, methods: ["phone"] }),
  bad("a method that is no list", { ...code, issuer, methods: "device" }),
  bad("plain http", { ...base, issuer: "http://login.weather.example" }),
  bad("http to what only looks like loopback", {
    ...base,
    issuer: "http://localhost.evil.example",
  }),
  bad("http to a name below localhost", { ...base, issuer: "http://x.localhost" }),
  bad("a password in a URL", { ...base, issuer: "https://ada:pw@login.weather.example" }),
  bad("another scheme", { ...base, issuer: "ftp://login.weather.example" }),
  bad("no URL", { ...base, issuer: "login.weather.example" }),
  bad("a path without what it is below", { ...base, endpoints: { token: "/token" } }),
  bad("an enrolment's path without it", {
    ...base,
    issuer,
    enrolment: { login: "/a", clients: "/b" },
  }),
  bad("a path that is a host", {
    ...base,
    authUrl: issuer,
    endpoints: { token: "//evil.example" },
  }),
  bad("a secret in a URL", { ...base, apiUrl: "https://evil.example/{client_secret}", issuer }),
  bad("a password in a path", { ...base, authUrl: issuer, endpoints: { token: "/{password}" } }),
  bad("a code without endpoints", { ...code, endpoints: { token } }),
  bad("a device without endpoints", { ...base, grant: "device_code", endpoints: { token } }),
  bad("a parameter that is sent already", { ...base, issuer, tokenParameters: { Client_ID: "x" } }),
  bad("another one", { ...code, issuer, authorizationParameters: { code_challenge_x: "x" } }),
  bad("a parameter that is a number", { ...base, issuer, tokenParameters: { a: 1 } }),
  bad("an empty scope", { ...base, issuer, scope: "" }),
  bad("an empty scope in a list", { ...base, issuer, scope: ["a", ""] }),
  bad("a field with a hyphen", { ...base, issuer, requires: ["client-id"] }),
  bad("a flag in words", { ...base, issuer, dpop: "yes" }),
  bad("no time", { ...base, issuer, timeout: 0 }),
  bad("more time than a timer has", { ...base, issuer, timeout: 2 ** 31 }),
  bad("a status that is a success", { ...base, issuer, retryStatuses: [200] }),
  bad("half a status", { ...base, issuer, retryStatuses: [429.5] }),
  bad("no header and no scheme", { ...base, issuer, apiAuthorization: {} }),
  bad("a header of fetch's own", { ...base, issuer, apiAuthorization: { header: "Host" } }),
  bad("a header of a proxy's", { ...base, issuer, apiAuthorization: { header: "Proxy-Token" } }),
  bad("DPoP with another header", {
    ...base,
    issuer,
    dpop: true,
    apiAuthorization: { header: "X-Api-Key" },
  }),
  bad("a store nobody knows", { ...base, issuer, store: "cloud" }),
  bad("a path that begins with none", { ...base, issuer, refusedPaths: ["internal"] }),
  bad("half an enrolment", { ...base, issuer, enrolment: { login: `${issuer}/a` } }),
  bad("a folder", { ...base, issuer, folder: "gcloud" }),
  bad("files", { ...base, issuer, files: ["credentials.json"] }),
  bad("another's variables", { ...base, issuer, environmentPrefix: "AWS" }),
  bad("another program's tokens", { ...base, issuer, foreignTokens: { folder: "x", file: "y" } }),
  bad("an exchange of nothing", { ...base, issuer, grant: "token_exchange" }),
  bad("two assertions", {
    ...base,
    issuer,
    grant: "jwt_bearer",
    subjectToken: { environment: "X" },
    assertionClaims: {},
  }),
  bad("no assertion", { ...base, issuer, grant: "jwt_bearer" }),
  bad("a subject without its grant", { ...base, issuer, subjectToken: { environment: "X" } }),
  bad("a subject's type without its grant", { ...base, issuer, subjectTokenType: "urn:x" }),
  bad("two forms of one token", {
    ...base,
    issuer,
    grant: "token_exchange",
    subjectToken: { environment: "X", file: "/x" },
  }),
  bad("a relative file", {
    ...base,
    issuer,
    grant: "token_exchange",
    subjectToken: { file: "token" },
  }),
  bad("claims that are made here", {
    ...base,
    issuer,
    grant: "jwt_bearer",
    assertionClaims: { exp: 1 },
  }),
  bad("claims that are objects", {
    ...base,
    issuer,
    grant: "jwt_bearer",
    assertionClaims: { a: {} },
  }),
  bad("an assertion for two hours", {
    ...base,
    issuer,
    grant: "jwt_bearer",
    assertionClaims: {},
    assertionLifetime: 7200,
  }),
  bad("an assertion without who makes it", {
    ...base,
    issuer,
    clientAuthentication: "federated_jwt",
  }),
  bad("an assertion that nobody sends", { ...base, issuer, clientAssertion: { file: "/x" } }),
  bad("a command with a shell's line", { ...base, tokenCommand: "az account get-access-token" }),
  bad("a relative command", { ...base, tokenCommand: ["./az"] }),
  bad("an empty command", { ...base, tokenCommand: [] }),
  bad("a command and an issuer", { ...base, issuer, tokenCommand: ["az"] }),
];

/** Only the module can check these: `onecell provider check` does. */
const BEYOND_THE_SCHEMA: readonly Row[] = [
  bad("another program's name", { ...base, name: "aws", issuer }),
  bad("a built-in system's name", { ...base, name: "spatiafi", issuer }),
  bad("a secret by another word", { ...base, apiUrl: "https://evil.example/{pin}", issuer }),
  bad("a URL that cannot be parsed", { ...base, issuer: "https://[x" }),
];

function isDefinition(input: unknown): boolean {
  try {
    defineForeign(withoutSchema(input), { agreed: true });
    return true;
  } catch (error) {
    if (error instanceof AuthError) return false;
    throw error;
  }
}

/** The result of an independent validator for each value. */
async function validate(
  values: readonly unknown[],
): Promise<{ takes: boolean; errors: unknown }[]> {
  const path = (name: string) => new URL(name, import.meta.url).pathname;
  const lock = `--lock=${path("./schema_validator.lock")}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", lock, "--frozen", path("./schema_validator.mjs")],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({ schema, values })));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert(success, decode(stderr));
  return JSON.parse(decode(stdout));
}

test("the schema and defineProvider accept the same definitions", async () => {
  const said = await validate(ROWS.map(({ input }) => input));
  await eachRow(ROWS.map((row, at) => ({ ...row, said: said[at] })), ({ input, good, said }) => {
    assert.equal(isDefinition(input), good, "the definition");
    assert.equal(said?.takes, good, `the schema: ${JSON.stringify(said?.errors)}`);
  });
});

test("the definition's check refuses what the schema cannot", async () => {
  const said = await validate(BEYOND_THE_SCHEMA.map(({ input }) => input));
  assert(said.every(({ takes }) => takes), "the schema can tell: move the row up");
  await eachRow(BEYOND_THE_SCHEMA, ({ input, good }) => {
    assert.equal(isDefinition(input), good);
  });
});
