/** Workload identity and service accounts: the requests, in the documented format of each server. */
import assert from "node:assert/strict";
import { exportPKCS8, generateKeyPair, jwtVerify, type JWTVerifyGetKey } from "jose";
import { checkProvider, type ProviderInput } from "../../src/providers/define_provider.ts";
import type { AuthErrorCode } from "../../src/errors.ts";
import type { GrantContext, GrantRequest } from "../../src/grants/grant.ts";
import { obtainToken } from "../../src/grants/obtain_token.ts";
import { revokeToken } from "../../src/grants/revocation.ts";
import { filledClaims } from "../../src/grants/private_key.ts";
import type { AssertionClaims, ExternalToken } from "../../src/providers/provider.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { type FakeServer, fakeServer, json, tokenAnswer } from "../support/fake_server.ts";
import { TestFolder } from "../support/folder.ts";
import { grantParts } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

/** The parts of a definition's exchange, as `connect` builds them. */
async function partsOf(
  server: FakeServer,
  input: Partial<ProviderInput>,
  values: Record<string, string> = {},
  environment: Record<string, string> = {},
): Promise<GrantContext> {
  const provider = checkProvider({ name: "test", apiUrl: "https://api.example", ...input });
  const runtime = {
    ...await currentRuntime(),
    getEnvironment: (name: string) => environment[name],
  };
  const all = { ...provider.defaults, ...values };
  return grantParts(server.fetch, {
    provider,
    system: resolveSystem(provider, {}, all),
    values: all,
    external: {
      runtime,
      subjectToken: provider.subjectToken,
      clientAssertion: provider.clientAssertion,
    },
  });
}

const formOf = (server: FakeServer) => Object.fromEntries(server.arrivals.at(-1)?.form ?? []);

test("Microsoft Entra: a federated credential authenticates the client", async () => {
  // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
  await using folder = await TestFolder.make();
  await Deno.writeTextFile(folder.at("token"), "pod.identity.token", { mode: 0o600 });
  const server = fakeServer((_, number) =>
    tokenAnswer(number, { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599 })
  );
  const parts = await partsOf(server, {
    issuer: "https://login.microsoftonline.com/{tenant_id}/v2.0",
    discovery: false,
    endpoints: { token: "https://login.microsoftonline.com/{tenant_id}/oauth2/v2.0/token" },
    scope: "https://graph.microsoft.com/.default",
    clientAuthentication: "federated_jwt",
    clientAssertion: { kubernetes: folder.at("token") },
    requires: ["tenant_id", "client_id"],
  }, { tenant_id: "contoso", client_id: "app-1" });
  const token = await obtainToken(parts, { grant: "client_credentials" });
  assert.equal(token.access_token, "access-token-1");
  assert.equal(server.arrivals[0]?.url.pathname, "/contoso/oauth2/v2.0/token");
  assert.deepEqual(formOf(server), {
    client_id: "app-1",
    scope: "https://graph.microsoft.com/.default",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: "pod.identity.token",
    grant_type: "client_credentials",
  });
  assert.equal(server.arrivals[0]?.headers.get("authorization"), null);
  // The pod gets another token after an hour.
  await Deno.writeTextFile(folder.at("token"), "next.identity.token", { mode: 0o600 });
  await obtainToken(parts, { grant: "client_credentials" });
  assert.equal(formOf(server)["client_assertion"], "next.identity.token");
});

test("Google: a GitHub job's identity is exchanged at the security token service", async () => {
  // https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
  const audience =
    "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/github";
  const server = fakeServer(({ url }, number) =>
    url.host === "pipelines.actions.githubusercontent.com"
      ? json({ count: 1, value: `id.of.job-${number}` })
      : tokenAnswer(number, {
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 3599,
        refresh_token: "never used",
      })
  );
  const parts = await partsOf(
    server,
    {
      grant: "token_exchange",
      endpoints: { token: "https://sts.googleapis.com/v1/token" },
      subjectToken: { githubActions: `https:${audience}` },
      requestedTokenType: "urn:ietf:params:oauth:token-type:access_token",
      audience,
      scope: "https://www.googleapis.com/auth/cloud-platform",
    },
    {},
    {
      ACTIONS_ID_TOKEN_REQUEST_URL:
        "https://pipelines.actions.githubusercontent.com/x?api-version=2.0",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
    },
  );
  const token = await obtainToken(parts, { grant: "token_exchange" });
  assert.deepEqual([token.access_token, token.refresh_token], ["access-token-2", undefined]);
  const common = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    audience,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  };
  assert.deepEqual(formOf(server), { ...common, subject_token: "id.of.job-1" });
  await obtainToken(parts, { grant: "token_exchange" });
  assert.deepEqual(formOf(server), { ...common, subject_token: "id.of.job-3" });
  // The subject token goes only to the token endpoint, and the request token only to GitHub.
  for (const { url, headers, form } of server.arrivals) {
    const isGithub = url.host.endsWith(".githubusercontent.com");
    assert.equal(headers.get("authorization"), isGithub ? "Bearer request-token" : null);
    assert.equal(form.has("subject_token"), !isGithub);
  }
});

test("an exchange and an external assertion, by a client with its own credentials (Keycloak, Auth0)", async () => {
  const server = fakeServer((_, number) => tokenAnswer(number));
  const endpoints = { token: "https://login.example/token" };
  const secrets = { client_id: "c", client_secret: "a+secret" };
  let count = 0;
  const subjectToken = () => `subject-${++count}`;
  const exchange = await partsOf(server, {
    grant: "token_exchange",
    endpoints,
    subjectToken,
    subjectTokenType: "urn:ietf:params:oauth:token-type:access_token",
    clientAuthentication: "client_secret_post",
    resource: "https://api.example",
    tokenParameters: { actor_token: "{actor}", actor_token_type: "urn:x:y" },
    requires: ["client_id", "client_secret", "actor"],
  }, { ...secrets, actor: "me" });
  await obtainToken(exchange, { grant: "token_exchange" });
  assert.deepEqual(formOf(server), {
    ...secrets,
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: "subject-1",
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    resource: "https://api.example",
    actor_token: "me",
    actor_token_type: "urn:x:y",
  });
  const bearer = await partsOf(server, {
    grant: "jwt_bearer",
    endpoints,
    subjectToken,
    clientAuthentication: "client_secret_basic",
    scope: "read",
    // On behalf of: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
    tokenParameters: { requested_token_use: "on_behalf_of" },
  }, secrets);
  await obtainToken(bearer, { grant: "jwt_bearer" });
  assert.deepEqual(formOf(server), {
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: "subject-2",
    scope: "read",
    requested_token_use: "on_behalf_of",
  });
  assert.match(server.arrivals.at(-1)?.headers.get("authorization") ?? "", /^Basic /);
});

/** A service account at a server: its definition, its values and the expected assertion. */
interface Account {
  name: string;
  input: Partial<ProviderInput>;
  values: Record<string, string>;
  claims: Record<string, unknown>;
  header?: Record<string, unknown>;
  form?: Record<string, string>;
  /** How many seconds the assertion is valid. */
  lives?: number;
}

const ACCOUNTS: readonly Account[] = [
  {
    // https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
    name: "Google, as itself",
    input: {
      endpoints: { token: "https://oauth2.googleapis.com/token" },
      requires: ["client_email", "private_key"],
      optional: ["subject"],
      scope: "https://www.googleapis.com/auth/devstorage.read_only",
      assertionClaims: {
        iss: "{client_email}",
        sub: "{subject}",
        scope: "https://www.googleapis.com/auth/devstorage.read_only",
      },
      assertionLifetime: 3600,
    },
    values: { client_email: "robot@p.iam.gserviceaccount.com", key_id: "key-7" },
    claims: {
      iss: "robot@p.iam.gserviceaccount.com",
      aud: "https://oauth2.googleapis.com/token",
      scope: "https://www.googleapis.com/auth/devstorage.read_only",
    },
    header: { alg: "RS256", kid: "key-7", typ: "JWT" },
    lives: 3600,
  },
  {
    name: "Google, for a user of the domain",
    input: {
      endpoints: { token: "https://oauth2.googleapis.com/token" },
      requires: ["client_email", "private_key"],
      optional: ["subject"],
      assertionClaims: { iss: "{client_email}", sub: "{subject}", scope: "s" },
    },
    values: { client_email: "robot@p.iam.gserviceaccount.com", subject: "ada@example.com" },
    claims: {
      iss: "robot@p.iam.gserviceaccount.com",
      sub: "ada@example.com",
      aud: "https://oauth2.googleapis.com/token",
      scope: "s",
    },
  },
  {
    // https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm
    name: "Salesforce",
    input: {
      endpoints: { token: "https://login.salesforce.com/services/oauth2/token" },
      requires: ["client_id", "username", "private_key"],
      assertionClaims: { sub: "{username}", aud: "https://login.salesforce.com" },
    },
    values: { client_id: "consumer-key", username: "ada@example.com" },
    claims: { iss: "consumer-key", sub: "ada@example.com", aud: "https://login.salesforce.com" },
    form: { client_id: "consumer-key" },
  },
  {
    // https://developer.box.com/guides/authentication/jwt/without-sdk/
    name: "Box",
    input: {
      endpoints: { token: "https://api.box.com/oauth2/token" },
      clientAuthentication: "client_secret_post",
      requires: ["client_id", "client_secret", "enterprise_id", "private_key"],
      assertionClaims: { sub: "{enterprise_id}", box_sub_type: "enterprise" },
      assertionLifetime: 45,
    },
    values: { client_id: "box-app", client_secret: "s3cret", enterprise_id: "801234" },
    claims: {
      iss: "box-app",
      sub: "801234",
      box_sub_type: "enterprise",
      aud: "https://api.box.com/oauth2/token",
    },
    form: { client_id: "box-app", client_secret: "s3cret" },
    lives: 45,
  },
  {
    // https://developers.docusign.com/platform/auth/jwt-get-token/
    name: "DocuSign",
    input: {
      endpoints: { token: "https://account-d.docusign.com/oauth/token" },
      requires: ["client_id", "user_id", "private_key"],
      assertionClaims: {
        sub: "{user_id}",
        aud: "account-d.docusign.com",
        scope: "signature impersonation",
      },
    },
    values: { client_id: "integration-key", user_id: "a-guid" },
    claims: {
      iss: "integration-key",
      sub: "a-guid",
      aud: "account-d.docusign.com",
      scope: "signature impersonation",
    },
    form: { client_id: "integration-key" },
  },
  {
    name: "claims of other kinds, and an algorithm of the definition's",
    input: {
      endpoints: { token: "https://login.example/token" },
      assertionAlgorithm: "PS256",
      assertionClaims: { roles: ["a", "{client_id}"], admin: false, level: 3, sub: "" },
      scope: "read",
    },
    values: { client_id: "c" },
    claims: {
      iss: "c",
      aud: "https://login.example/token",
      roles: ["a", "c"],
      admin: false,
      level: 3,
    },
    header: { alg: "PS256", typ: "JWT" },
    form: { client_id: "c", scope: "read" },
  },
];

test("a service account's assertion has its server's claims, signed with its key", async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const pem = await exportPKCS8(privateKey);
  const spki = await crypto.subtle.exportKey("spki", publicKey);
  // The stand-in checks the signature with the algorithm that the header names.
  const keyFor: JWTVerifyGetKey = ({ alg = "" }) =>
    crypto.subtle.importKey(
      "spki",
      spki,
      alg.startsWith("PS")
        ? { name: "RSA-PSS", hash: "SHA-256" }
        : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
      false,
      ["verify"],
    );
  const used = new Set<unknown>();
  await eachRow(ACCOUNTS, async ({ input, values, claims, header, form = {}, lives = 300 }) => {
    const server = fakeServer((_, number) => tokenAnswer(number, { refresh_token: "left alone" }));
    const parts = await partsOf(server, { grant: "jwt_bearer", ...input }, {
      ...values,
      private_key: pem,
    });
    // A machine whose clock is an hour behind signs with the server's time.
    parts.clock.offset = 3_600_000;
    const token = await obtainToken(parts, { grant: "jwt_bearer" });
    assert.equal(token.refresh_token, undefined);
    const { assertion = "", ...rest } = formOf(server);
    assert.deepEqual(rest, {
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      ...form,
    });
    const at = new Date(Date.now() + 3_600_000);
    const verified = await jwtVerify(assertion, keyFor, { currentDate: at });
    const { iat = 0, exp = 0, jti, ...said } = verified.payload;
    assert.deepEqual(said, claims);
    assert.equal(exp - iat, lives);
    assert(Math.abs(iat - at.getTime() / 1000) < 5, String(iat));
    assert(typeof jti === "string" && !used.has(jti));
    used.add(jti);
    assert.deepEqual(verified.protectedHeader, header ?? { alg: "RS256", typ: "JWT" });
    // Each assertion is new.
    await obtainToken(parts, { grant: "jwt_bearer" });
    assert.notEqual(formOf(server)["assertion"], assertion);
  });
});

test("an assertion that is refused for its time is signed once more with the server's time", async () => {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const date = new Date(Date.now() + 1_800_000);
  const server = fakeServer((_, number) =>
    number === 1
      ? json(
        {
          error: "invalid_grant",
          error_description: "Invalid JWT: Token must be a short-lived token",
        },
        400,
        { date: date.toUTCString() },
      )
      : tokenAnswer(number)
  );
  const parts = await partsOf(server, {
    grant: "jwt_bearer",
    endpoints: { token: "https://oauth2.googleapis.com/token" },
    assertionClaims: {},
  }, { client_id: "c", private_key: await exportPKCS8(privateKey) });
  const token = await obtainToken(parts, { grant: "jwt_bearer" });
  assert.equal(token.access_token, "access-token-2");
  const payloads = server.arrivals.map(({ form }) =>
    JSON.parse(
      atob((form.get("assertion")?.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")),
    )
  );
  assert(payloads[1].iat - payloads[0].iat > 1_700, JSON.stringify(payloads));
});

test("filledClaims() says which value is missing for a claim", async () => {
  const claims: AssertionClaims = { sub: "{username}", note: "x {subject}" };
  const provider = { title: "Test", optional: ["subject"] };
  assert.deepEqual(filledClaims(provider, claims, { client_id: "c", username: "ada" }), {
    iss: "c",
    sub: "ada",
  });
  const server = fakeServer((_, number) => tokenAnswer(number));
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const parts = await partsOf(server, {
    grant: "jwt_bearer",
    endpoints: { token: "https://login.example/token" },
    assertionClaims: { sub: "{username}", x: "{constructor}" },
  }, { client_id: "c", private_key: await exportPKCS8(privateKey), username: "ada" });
  const error = await rejects(obtainToken(parts, { grant: "jwt_bearer" }), "credentials_missing");
  assert.match(error.message, /"constructor" for the claim "x"/);
  assert.equal(server.arrivals.length, 0);
});

test("the error says that an external token is missing or refused", () =>
  eachRow<{
    name: string;
    input: Partial<ProviderInput>;
    request: GrantRequest;
    answer?: Response;
    code: AuthErrorCode;
    says: RegExp;
  }>([
    {
      name: "no subject",
      input: { grant: "token_exchange", subjectToken: { environment: "CI_TOKEN" } },
      request: { grant: "token_exchange" },
      code: "credentials_missing",
      says: /^The subject token for test: the variable CI_TOKEN is not set/,
    },
    {
      name: "no client assertion",
      input: { clientAuthentication: "federated_jwt", clientAssertion: { githubActions: "x" } },
      request: { grant: "client_credentials" },
      code: "credentials_missing",
      says: /^The client assertion for test: this is not a GitHub Actions job/,
    },
    {
      name: "a subject that the server refuses",
      input: { grant: "token_exchange", subjectToken: () => "subject.that-is.secret" },
      request: { grant: "token_exchange" },
      answer: json(
        { error: "invalid_request", error_description: "bad subject.that-is.secret" },
        400,
      ),
      code: "grant_refused",
      says: /invalid_request.*"subjectToken"/,
    },
    {
      name: "an assertion that the server refuses",
      input: { grant: "jwt_bearer", subjectToken: () => "subject.that-is.secret" },
      request: { grant: "jwt_bearer" },
      answer: json({ error: "invalid_grant" }, 400),
      code: "grant_refused",
      says: /invalid_grant.*"subjectToken"/,
    },
    {
      name: "a client assertion that the server refuses (Entra: no matching federated identity)",
      input: {
        clientAuthentication: "federated_jwt",
        clientAssertion: () => "subject.that-is.secret",
      },
      request: { grant: "client_credentials" },
      answer: json({ error: "invalid_client", error_description: "AADSTS70021" }, 401),
      code: "client_refused",
      says: /AADSTS70021.*issuer, subject and audience/,
    },
  ], async ({ input, request, answer, code, says }) => {
    const server = fakeServer(() => answer?.clone() ?? tokenAnswer(1));
    const parts = await partsOf(server, {
      endpoints: { token: "https://login.example/token" },
      ...input,
    }, { client_id: "c" });
    const { message } = await rejects(obtainToken(parts, request), code);
    assert.match(message, says);
    assert(!message.includes("secret"), message);
    assert.equal(server.arrivals.length, answer ? 1 : 0);
  }));

test("a client assertion goes only to the token endpoint's server", async () => {
  const server = fakeServer((_, number) => tokenAnswer(number));
  const given: ExternalToken = () => "client.assertion.secret";
  const revoke = async (revocation: string) => {
    const parts = await partsOf(server, {
      endpoints: { token: "https://login.example/token", revocation },
      clientAuthentication: "federated_jwt",
      clientAssertion: given,
    }, { client_id: "c" });
    return await revokeToken(parts, "a-token", "access_token", undefined);
  };
  assert.equal(await revoke("https://login.example/revoke"), true);
  assert.equal(server.arrivals.length, 1);
  await rejects(
    revoke("https://other.example/revoke"),
    "unsupported",
    /not sent to https:\/\/other/,
  );
  assert.equal(server.arrivals.length, 1);
});
