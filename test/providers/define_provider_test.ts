import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import {
  checkProvider as defineProvider,
  type ProviderInput,
} from "../../src/providers/define_provider.ts";
import type { Provider } from "../../src/providers/provider.ts";
import type { AuthErrorCode } from "../../src/errors.ts";
import { providers } from "../../src/providers/registry.ts";
import { findProvider } from "../../src/providers/registry.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import { rejects, throws } from "../support/rejects.ts";
import { profileOf } from "../../src/profile/profile.ts";
import { storeDrivers } from "../../src/lazy.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { eachRow, test } from "../support/tests.ts";

const MINIMAL: ProviderInput = {
  name: "weather",
  apiUrl: "https://api.weather.example",
  issuer: "https://login.weather.example",
};

test("defineProvider() fills in every default", () => {
  assert.deepEqual(defineProvider(MINIMAL), {
    ...MINIMAL,
    title: "weather",
    environmentPrefix: "WEATHER",
    folder: "weather",
    files: ["app_credentials", "app_credentials.json"],
    grant: "client_credentials",
    clientAuthentication: "client_secret_post",
    endpoints: {},
    requires: ["client_id", "client_secret"],
    store: "disk",
  });
  assert.equal(defineProvider({ ...MINIMAL, name: "4-cast" }).environmentPrefix, "P4_CAST");
  assert.deepEqual(defineProvider({ ...MINIMAL, grant: "password" }).requires, [
    "username",
    "password",
    "client_id",
    "client_secret",
  ]);
  const person = defineProvider({ ...MINIMAL, grant: "authorization_code" });
  assert.deepEqual([person.clientAuthentication, person.requires], ["none", ["client_id"]]);
  const key = defineProvider({ ...MINIMAL, clientAuthentication: "private_key_jwt" });
  assert.deepEqual(key.requires, ["client_id", "private_key"]);
});

test("defineProvider() returns its own result unchanged", () => {
  for (const provider of providers) assert.deepEqual(defineProvider(provider), provider);
  assert.deepEqual(defineProvider(defineProvider(MINIMAL)), defineProvider(MINIMAL));
});

interface Row {
  name: string;
  input: Record<string, unknown>;
  /** The field that the message names. */
  says?: string;
  code?: AuthErrorCode;
}

test("defineProvider() names the invalid field", () =>
  eachRow<Row>([
    { name: "no name", input: { name: undefined }, says: '"name" is missing' },
    { name: "name", input: { name: "Has Spaces" } },
    { name: "name", input: { name: "" } },
    { name: "name", input: { name: "a".repeat(64) } },
    { name: "name", input: { name: "../x" } },
    { name: "title", input: { title: " " } },
    { name: "apiUrl", input: { apiUrl: "/relative" } },
    { name: "apiUrl", input: { apiUrl: "http://api.example.com" }, code: "insecure_url" },
    { name: "apiUrl", input: { apiUrl: 5 } },
    { name: "issuer", input: { issuer: "http://login.example.com" }, code: "insecure_url" },
    { name: "authUrl", input: { authUrl: "ftp://login.example.com" }, code: "insecure_url" },
    { name: "endpoints", input: { endpoints: [] } },
    { name: "endpoints.token", input: { endpoints: { token: 5 } } },
    { name: "endpoints.tokens", input: { endpoints: { tokens: "/x" } } },
    {
      name: "endpoints.token",
      input: { endpoints: { token: "/x" } },
      says: '"authUrl" must be given',
    },
    {
      name: "enrolment.clients",
      input: { enrolment: { login: "https://a.example/", clients: "/x" } },
      says: '"authUrl" must be given',
    },
    {
      name: "paste.page",
      input: { paste: { page: "/x", endpointHosts: ["a.example"] } },
      says: '"authUrl" must be given',
    },
    {
      name: "endpoints.token",
      input: { endpoints: { token: "http://a.example/" } },
      code: "insecure_url",
    },
    { name: "no endpoint", input: { issuer: undefined }, says: '"endpoints.token"' },
    { name: "grant", input: { grant: "implicit" } },
    { name: "methods[1]", input: { methods: ["paste", "carrier-pigeon"] } },
    { name: "clientAuthentication", input: { clientAuthentication: "tls" } },
    { name: "environmentPrefix", input: { environmentPrefix: "lower" } },
    { name: "title", input: { title: "trust 16\x1b[2J" } },
    { name: "title", input: { title: "trust 16\x9b2J" } },
    { name: "title", input: { title: "trust 16\u202e" } },
    { name: "enrolment.help", input: { enrolment: { login: "/x", clients: "/x", help: "a\x07" } } },
    { name: "folder", input: { folder: "a/b" } },
    { name: "folder", input: { folder: ".." } },
    { name: "files[0]", input: { files: ["../../.ssh/id_rsa"] } },
    { name: "files", input: { files: [] } },
    { name: "files", input: { files: "app_credentials" } },
    { name: "requires[0]", input: { requires: ["Client Id"] } },
    { name: "defaults.region", input: { defaults: { region: "" } } },
    { name: "store", input: { store: "cloud" } },
    { name: "dpop", input: { dpop: "yes" } },
    { name: "timeout", input: { timeout: 0 } },
    { name: "timeout", input: { timeout: Infinity } },
    { name: "timeout", input: { timeout: 2 ** 31 } },
    { name: "retryStatuses[0]", input: { retryStatuses: [200] } },
    { name: "refusedPaths[0]", input: { refusedPaths: ["internal"] } },
    { name: "origins[0]", input: { origins: ["example.com"] } },
    { name: "enrolment.login", input: { enrolment: { clients: "/x" } } },
    { name: "enrolment.clients", input: { enrolment: { login: "/x", clients: "x" } } },
    { name: "paste.endpointHosts", input: { paste: { page: "/x" } } },
    { name: "scope[0]", input: { scope: [""] } },
    {
      name: "redirectUri",
      input: { redirectUri: "http://app.example/callback" },
      code: "insecure_url",
    },
    { name: "tokenUrl", input: { tokenUrl: "https://a.example" }, says: "Known: name, title" },
    {
      name: "code without an endpoint",
      input: {
        grant: "authorization_code",
        issuer: undefined,
        endpoints: { token: "https://a.example/token" },
      },
      says: '"endpoints.authorization"',
    },
    {
      name: "device without an endpoint",
      input: {
        grant: "device_code",
        issuer: undefined,
        endpoints: { token: "https://a.example/token" },
      },
      says: '"endpoints.deviceAuthorization"',
    },
  ], ({ name, input, says = `"${name}"`, code = "invalid_argument" }) => {
    const error = throws(
      () => defineProvider({ ...MINIMAL, ...input } as ProviderInput),
      code,
    );
    assert(error.message.includes(says), error.message);
  }));

const EXCHANGE = { grant: "token_exchange", subjectToken: { file: "/run/token" } };
const SIGNED = { grant: "jwt_bearer", assertionClaims: { sub: "{username}" } };
const FEDERATED = {
  clientAuthentication: "federated_jwt",
  clientAssertion: { file: "/run/token" },
};
const COMMAND = { issuer: undefined, tokenCommand: ["az", "account", "get-access-token"] };

test("defineProvider() accepts an external token, and requires its values", () =>
  eachRow<{ name: string; input: Record<string, unknown>; is: Record<string, unknown> }>([
    {
      name: "an exchange: the token says who signs in, so the session stays in memory",
      input: EXCHANGE,
      is: { requires: [], store: "memory", clientAuthentication: "none" },
    },
    {
      name: "an exchange by a client",
      input: { ...EXCHANGE, clientAuthentication: "client_secret_post" },
      is: { requires: ["client_id", "client_secret"] },
    },
    {
      name: "an exchange of a credential value",
      input: { ...EXCHANGE, subjectToken: { credential: "ticket" } },
      is: { requires: ["ticket"], store: "memory" },
    },
    {
      name: "signed",
      input: SIGNED,
      is: { requires: ["client_id", "private_key"], store: "disk" },
    },
    {
      name: "signed, with a secret as well (Box)",
      input: { ...SIGNED, clientAuthentication: "client_secret_post" },
      is: { requires: ["client_id", "client_secret", "private_key"] },
    },
    {
      name: "signed, with optional values",
      input: { ...SIGNED, requires: ["client_email", "private_key"], optional: ["subject"] },
      is: { requires: ["client_email", "private_key"], optional: ["subject"] },
    },
    {
      name: "a client assertion",
      input: FEDERATED,
      is: { requires: ["client_id"], store: "disk", grant: "client_credentials" },
    },
    { name: "a command", input: COMMAND, is: { requires: [], clientAuthentication: "none" } },
    {
      name: "a command by its path, with any arguments",
      input: { issuer: undefined, tokenCommand: ["/opt/a b/get-token", "", "--x=ü"] },
      is: { requires: [] },
    },
    ...[
      "environment:AZURE_TOKEN",
      "githubActions:api://x",
      "kubernetes:/run/t",
      "jupyterhub:id_token",
    ]
      .map((text) => {
        const [form = "", ...rest] = text.split(":");
        const subjectToken = { [form]: rest.join(":") };
        return { name: text, input: { ...EXCHANGE, subjectToken }, is: { subjectToken } };
      }),
    {
      name: "a function",
      input: { ...EXCHANGE, subjectToken: String },
      is: { subjectToken: String, store: "memory" },
    },
  ], ({ input, is }) => {
    const provider: object = defineProvider({ ...MINIMAL, ...input } as ProviderInput);
    assert.deepEqual({ ...provider, ...is }, provider);
    assert.deepEqual(defineProvider(provider as ProviderInput), provider);
  }));

test("defineProvider() refuses an external token that is unused or incomplete", () =>
  eachRow<Row>([
    { name: "subjectToken", input: { grant: "token_exchange" }, says: 'needs "subjectToken"' },
    {
      name: "subjectToken",
      input: { subjectToken: { file: "/t" } },
      says: "is only for the grants",
    },
    { name: "subjectToken", input: { ...EXCHANGE, subjectToken: "text" } },
    { name: "subjectToken", input: { ...EXCHANGE, subjectToken: {} } },
    { name: "subjectToken", input: { ...EXCHANGE, subjectToken: { file: "/t", command: ["x"] } } },
    { name: "subjectToken", input: { ...EXCHANGE, subjectToken: { constructor: "x" } } },
    { name: "subjectToken.file", input: { ...EXCHANGE, subjectToken: { file: "token" } } },
    { name: "subjectToken.file", input: { ...EXCHANGE, subjectToken: { file: "/a\0b" } } },
    {
      name: "subjectToken.environment",
      input: { ...EXCHANGE, subjectToken: { environment: "a=b" } },
    },
    {
      name: "subjectToken.jupyterhub",
      input: { ...EXCHANGE, subjectToken: { jupyterhub: "a.b" } },
    },
    { name: "subjectTokenType", input: { ...EXCHANGE, subjectTokenType: "jwt" } },
    { name: "requestedTokenType", input: { ...SIGNED, requestedTokenType: "urn:x:y" } },
    { name: "assertionClaims", input: { grant: "jwt_bearer" }, says: "needs one of" },
    { name: "assertionClaims", input: { ...EXCHANGE, assertionClaims: {} } },
    { name: "assertionClaims.exp", input: { ...SIGNED, assertionClaims: { exp: 1 } } },
    { name: "assertionClaims.a", input: { ...SIGNED, assertionClaims: { a: { b: 1 } } } },
    { name: "assertionLifetime", input: { ...SIGNED, assertionLifetime: 3601 } },
    { name: "assertionLifetime", input: { ...SIGNED, assertionLifetime: 0.5 } },
    { name: "assertionLifetime", input: { assertionLifetime: 60 } },
    { name: "clientAssertion", input: { clientAuthentication: "federated_jwt" } },
    { name: "clientAssertion", input: { clientAssertion: { file: "/t" } } },
    {
      name: "tokenCommand",
      input: { tokenCommand: ["az"] },
      says: "replaces the grant",
    },
    { name: "tokenCommand", input: { ...COMMAND, grant: "device_code" } },
    { name: "tokenCommand", input: { ...COMMAND, dpop: true } },
    { name: "tokenCommand", input: { ...COMMAND, tokenCommand: "az account" } },
    { name: "tokenCommand", input: { ...COMMAND, tokenCommand: [] } },
    { name: "tokenCommand", input: { ...COMMAND, tokenCommand: ["az", 5] } },
    { name: "tokenCommand", input: { ...COMMAND, tokenCommand: ["az", "a\0b"] } },
    { name: "tokenCommand[0]", input: { ...COMMAND, tokenCommand: ["./az"] } },
    { name: "tokenCommand[0]", input: { ...COMMAND, tokenCommand: ["bin/az"] } },
    { name: "tokenCommand[0]", input: { ...COMMAND, tokenCommand: ["-x"] } },
    { name: "optional[0]", input: { optional: ["Subject"] } },
  ], ({ name, input, says = `"${name}"` }) => {
    const wrong = () => defineProvider({ ...MINIMAL, ...input } as ProviderInput);
    const { message } = throws(wrong, "invalid_argument");
    assert(says.split("|").some((text) => message.includes(text)), message);
  }));

test("defineProvider() refuses anything but an object", () => {
  for (const input of [null, undefined, "spatiafi", 5, []]) {
    throws(() => defineProvider(input as unknown as ProviderInput), "invalid_argument");
  }
});

test("findProvider() lists the names if it does not know one", async () => {
  for (const provider of providers) assert.equal(await findProvider(provider.name), provider);
  for (const wrong of ["", "nope", undefined, null, 5]) {
    const error = await rejects(findProvider(wrong as unknown as string), "unknown_provider");
    for (const { name } of providers) assert(error.message.includes(`"${name}"`), error.message);
  }
  for (
    const [wrong, meant] of [["SpatiaFi", "spatiafi"], ["spatifi", "spatiafi"], ["ocd", "ocs"]]
  ) {
    const error = await rejects(getSession(wrong ?? ""), "unknown_provider");
    assert.equal(error.message, `There is no system called "${wrong}". Did you mean "${meant}"?`);
  }
  await rejects(getSession({ name: "x" } as unknown as Provider), "invalid_argument");
});

test("resolveSystem() fills in templates, and says which values are missing", async () => {
  const ocs = await findProvider("ocs");
  const values = { resource: "https://dat-b.example.com/", tenant_id: "a/b", api_version: "v1" };
  const system = resolveSystem(ocs, {}, values);
  assert.equal(system.issuer, "https://dat-b.example.com/identity");
  assert.equal(system.apiUrl.href, "https://dat-b.example.com/");
  assert.equal(system.probe, "/api/v1/Tenants/a%2Fb", "a value is one segment of a path");
  throws(() => resolveSystem(ocs, {}, {}), "credentials_missing", /OCS_RESOURCE/);
  const plain = { ...values, resource: "http://dat-b.example.com" };
  throws(() => resolveSystem(ocs, {}, plain), "insecure_url");
  const evil = { ...values, resource: "https://user:pass@evil.example" };
  throws(() => resolveSystem(ocs, {}, evil), "invalid_argument");
});

test("resolveSystem() lets options, then environment, move a system, and trusts no other origin", async () => {
  const spatiafi = await findProvider("spatiafi");
  const environment: Record<string, string> = {
    SPATIAFI_AUTH_URL: "https://ignored.example",
    SPATIAFI_API_URL: "https://api.test.example/v2",
  };
  const runtime = {
    ...await currentRuntime(),
    getEnvironment: (name: string) => environment[name],
  };
  const { urls } = profileOf(
    spatiafi,
    { authUrl: "https://auth.test.example/base/" },
    runtime,
    storeDrivers,
  );
  const system = resolveSystem(spatiafi, urls, {}, ["https://files.example/any/path"]);
  assert.equal(system.endpoints.token, "https://auth.test.example/base/api/v1/auth/jwt/token");
  assert.equal(system.enrolment?.clients, "https://auth.test.example/base/api/v1/clients/");
  assert.equal(system.apiUrl.href, "https://api.test.example/v2/");
  assert.deepEqual([...system.origins], ["https://api.test.example", "https://files.example"]);
  throws(() => resolveSystem(spatiafi, { apiUrl: "http://api.example" }, {}), "insecure_url");
  throws(() => resolveSystem(spatiafi, {}, {}, ["http://files.example"]), "insecure_url");
});
