import assert from "node:assert/strict";
import { type CredentialValues, getSession } from "../../mod.ts";
import { obtainToken } from "../../src/grants/obtain_token.ts";
import type { ClientAuthentication } from "../../src/providers/provider.ts";
import { works } from "../support/call.ts";
import { fakeServer, tokenAnswer } from "../support/fake_server.ts";
import { grantParts, plainProvider } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld, oidcProvider, type World } from "../support/world.ts";

const pem = ({ sandbox }: World) =>
  sandbox.client("oidc.private_key_jwt").privateKeyPem ?? assert.fail();
const jwk = ({ sandbox }: World) => sandbox.client("oidc.private_key_jwt").privateKeyJwk ?? {};

interface Row {
  name: string;
  method: ClientAuthentication;
  key?: (world: World) => Record<string, unknown>;
  audience?: "issuer";
}

test("every client authentication signs in, at a server that checks it", () =>
  eachRow<Row>([
    { name: "post", method: "client_secret_post" },
    // The sandbox's secret has characters that RFC 6749 requires to be form-encoded.
    { name: "basic", method: "client_secret_basic" },
    { name: "secret jwt", method: "client_secret_jwt" },
    { name: "secret jwt for the issuer", method: "client_secret_jwt", audience: "issuer" },
    { name: "key in PEM", method: "private_key_jwt", key: (w) => ({ private_key: pem(w) }) },
    {
      name: "key in PEM on one line, as in an environment variable",
      method: "private_key_jwt",
      key: (w) => ({ private_key: pem(w).replaceAll("\n", "\\n") }),
    },
    {
      name: "key in PEM with its id",
      method: "private_key_jwt",
      key: (w) => ({ private_key: pem(w), key_id: String(jwk(w)["kid"]) }),
    },
    { name: "key as JWK", method: "private_key_jwt", key: (w) => ({ private_key: jwk(w) }) },
    {
      name: "key as JSON text",
      method: "private_key_jwt",
      key: (w) => ({ private_key: JSON.stringify(jwk(w)) }),
    },
    {
      name: "key as JWK without alg",
      method: "private_key_jwt",
      key: (w) => ({ private_key: { ...jwk(w), alg: undefined } }),
    },
  ], async ({ method, key, audience }) => {
    await using world = await createWorld("oidc", { client: `oidc.${method}` });
    const provider = oidcProvider(world, {
      grant: "client_credentials",
      clientAuthentication: method,
      scope: "api:read",
      ...(audience ? { assertionAudience: audience } : {}),
    });
    const credentials = { ...world.credentials, ...key?.(world) } as CredentialValues;
    const { directory } = world;
    await works(await getSession(provider, { directory, credentials, interactive: false }));
    assert.equal(world.sandbox.count("oidc.token"), 1, "right at the first try");
    assert.deepEqual(world.sandbox.errors, []);
  }));

test("an invalid private key is refused, and the error does not repeat it", () =>
  eachRow([
    { name: "an RSA key of PKCS #1", key: "-----BEGIN RSA PRIVATE KEY-----\nMIIEsecretsecret\n" },
    { name: "broken PEM", key: "-----BEGIN PRIVATE KEY-----\nsecretsecretsecret\n-----END" },
    {
      name: "a public JWK",
      key: '{"kty":"EC","crv":"P-256","x":"secretsecret","y":"secretsecret"}',
    },
    { name: "broken JSON", key: '{"kty":"EC","d":"secretsecret' },
    { name: "a symmetric key", key: '{"kty":"oct","k":"secretsecretsecret"}' },
    { name: "something else", key: "secretsecretsecret" },
  ], async ({ key }) => {
    const server = fakeServer((_, number) => tokenAnswer(number));
    const parts = grantParts(server.fetch, {
      provider: plainProvider({ clientAuthentication: "private_key_jwt" }),
      values: { client_id: "client", private_key: key },
    });
    const error = await rejects(
      obtainToken(parts, { grant: "client_credentials" }),
      "invalid_argument",
      /private_key is not usable/,
    );
    assert(!Deno.inspect(error, { depth: 9 }).includes("secretse"));
    assert.equal(server.arrivals.length, 0);
  }));

test("HTTP Basic is form-encoded, or raw for a server that does not decode", () =>
  eachRow(
    [
      { name: "client_secret_basic", expected: "a%3Ab:p%2B%25s+s%C3%BC" },
      { name: "client_secret_basic_raw", expected: "a:b:p+%s sü" },
    ] as const,
    async ({ name, expected }) => {
      const server = fakeServer((_, number) => tokenAnswer(number));
      const parts = grantParts(server.fetch, {
        provider: plainProvider({ clientAuthentication: name }),
        values: { client_id: "a:b", client_secret: "p+%s sü" },
      });
      await obtainToken(parts, { grant: "client_credentials" });
      const [, value = ""] = (server.arrivals[0]?.headers.get("authorization") ?? "").split(" ");
      const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
      assert.equal(new TextDecoder().decode(bytes), expected);
      assert.equal(server.arrivals[0]?.form.has("client_secret"), false);
    },
  ));

test("a token request carries the provider's parameters, only in the form", async () => {
  const server = fakeServer((_, number) => tokenAnswer(number, { refresh_token: "next" }));
  const provider = plainProvider({
    grant: "password",
    scope: "openid offline_access",
    refreshScope: "offline_access",
    audience: "https://api.example.com",
    resource: "urn:example:api",
  });
  const values = { client_id: "id", client_secret: "secret", username: "ada", password: "p&ss=ü" };
  const parts = grantParts(server.fetch, { provider, values });
  await obtainToken(parts, { grant: "password" });
  await obtainToken(parts, { grant: "refresh_token", refreshToken: "last" });
  const common = {
    client_id: "id",
    client_secret: "secret",
    audience: "https://api.example.com",
    resource: "urn:example:api",
  };
  assert.deepEqual(server.arrivals.map(({ form }) => Object.fromEntries(form)), [
    {
      ...common,
      grant_type: "password",
      scope: "openid offline_access",
      username: "ada",
      password: "p&ss=ü",
    },
    { ...common, grant_type: "refresh_token", scope: "offline_access", refresh_token: "last" },
  ]);
  for (const { url, method } of server.arrivals) {
    assert.equal(url.href, "https://auth.example.com/token");
    assert.equal(method, "POST");
  }
});
