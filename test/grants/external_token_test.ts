import assert from "node:assert/strict";
import { pause } from "../../src/base/wait.ts";
import type { AuthErrorCode } from "../../src/errors.ts";
import {
  type ExternalContext,
  getExternalToken,
  lookAtExternal,
  type ReadToken,
  readTokenText,
} from "../../src/grants/external_token.ts";
import type { ExternalToken } from "../../src/providers/provider.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { fakeServer, json, type Respond } from "../support/fake_server.ts";
import { TestFolder } from "../support/folder.ts";
import { jwt } from "../support/jwt.ts";
import { elapsed, rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

/** The context that a session passes. */
async function contextWith(
  extra: Partial<ExternalContext> & { environment?: Record<string, string>; answer?: Respond } = {},
): Promise<ExternalContext & { arrivals: ReturnType<typeof fakeServer>["arrivals"] }> {
  const { environment = {}, answer = () => json({}), ...rest } = extra;
  const real = await currentRuntime();
  const runtime: Runtime = { ...real, getEnvironment: (name) => environment[name] };
  const { fetch, arrivals } = fakeServer(answer);
  const openFetch = () => ({ fetch, close() {} });
  return { runtime, values: {}, openFetch, timeout: 2_000, now: Date.now, arrivals, ...rest };
}

const get = async (source: ExternalToken, context: Partial<ExternalContext> = {}) =>
  await getExternalToken(source, "The token for Test", { ...await contextWith(), ...context });

test("readTokenText() reads the output of az, gcloud, kubectl and onecell, and plain text", () =>
  eachRow<{ name: string; text: string; is: ReadToken | undefined; madeAt?: number }>([
    { name: "a token", text: "abc.def", is: { token: "abc.def" } },
    { name: "gcloud auth print-access-token", text: "ya29.a0\n", is: { token: "ya29.a0" } },
    { name: "with a byte order mark and CRLF", text: "\ufeffabc\r\n", is: { token: "abc" } },
    { name: "az --query accessToken", text: '"eyJ.x.y"\n', is: { token: "eyJ.x.y" } },
    {
      name: "az account get-access-token",
      text: JSON.stringify({
        accessToken: "eyJ0",
        expiresOn: "2026-11-26 15:00:00.000000",
        expires_on: 1795705200,
        tenant: "t",
        tokenType: "Bearer",
      }),
      is: { token: "eyJ0", expiresAt: 1795705200 },
    },
    {
      name: "az before expires_on: in the machine's own time zone",
      text: JSON.stringify({ accessToken: "eyJ0", expiresOn: "2026-11-26 15:00:00.000000" }),
      is: { token: "eyJ0", expiresAt: new Date(2026, 10, 26, 15).getTime() / 1000 },
    },
    {
      name: "gcloud config config-helper --format=json",
      text: JSON.stringify({
        credential: {
          access_token: "ya29",
          id_token: "e.y.J",
          token_expiry: "2026-11-26T15:00:00Z",
        },
      }),
      is: { token: "ya29", expiresAt: Date.UTC(2026, 10, 26, 15) / 1000 },
    },
    {
      name: "a kubectl credential plugin",
      text: JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token: "k8s", expirationTimestamp: "2026-11-26T15:00:00Z" },
      }),
      is: { token: "k8s", expiresAt: Date.UTC(2026, 10, 26, 15) / 1000 },
    },
    {
      name: "databricks auth token",
      text: JSON.stringify({
        access_token: "d",
        token_type: "Bearer",
        expiry: "2026-11-26T15:00:00Z",
      }),
      is: { token: "d", expiresAt: Date.UTC(2026, 10, 26, 15) / 1000 },
    },
    {
      name: "a token response, just issued",
      text: '{"access_token":"t","expires_in":300}',
      madeAt: 1000,
      is: { token: "t", expiresAt: 1300 },
    },
    {
      name: "a token response in a file, issued at any time",
      text: '{"access_token":"t","expires_in":300}',
      is: { token: "t", expiresAt: undefined },
    },
    {
      name: "onecell token --format json",
      text: '{"access_token":"t","expires_at":"2026-11-26T15:00:00Z","scope":null}',
      is: { token: "t", expiresAt: Date.UTC(2026, 10, 26, 15) / 1000 },
    },
    ...[
      "",
      " \n",
      "two words",
      "tøken",
      "<html>\n</html>",
      "{}",
      '{"token":""}',
      '{"token":5}',
      '{"token":"cut',
      '{"token":"a b"}',
      '["token"]x y',
      "a".repeat(65_537),
    ].map((text) => ({ name: `no token: ${text.slice(0, 20)}`, text, is: undefined })),
  ], ({ text, is, madeAt }) => {
    const read = readTokenText(text, madeAt);
    assert.deepEqual(read && { ...is, ...read }, is && { ...read, ...is });
    assert.equal(read?.token, is?.token);
    assert.equal(read?.expiresAt, is?.expiresAt);
  }));

test("getExternalToken() follows links to a file, and refuses one that others can write", async () => {
  await using folder = await TestFolder.make();
  await Deno.mkdir(folder.at("..2026"));
  await Deno.writeTextFile(folder.at("..2026", "token"), "from.a.pod\n", { mode: 0o644 });
  await Deno.symlink("..2026", folder.at("..data"));
  await Deno.symlink("..data/token", folder.at("token"));
  for (const form of ["file", "kubernetes"] as const) {
    const read = await get({ [form]: folder.at("token") } as ExternalToken);
    assert.equal(read.token, "from.a.pod", form);
  }
  const missing = await rejects(get({ file: folder.at("none") }), "credentials_missing");
  assert.match(missing.message, /^The token for Test: there is no file ".*none"/);
  const pod = await rejects(get({ kubernetes: folder.at("none") }), "credentials_missing");
  assert.match(pod.message, /serviceAccountToken/);
  await Deno.writeTextFile(folder.at("empty"), "\n");
  await rejects(get({ file: folder.at("empty") }), "credentials_missing", /there is nothing in/);
  await Deno.writeTextFile(folder.at("open"), "abc");
  await Deno.chmod(folder.at("open"), 0o666);
  await rejects(get({ file: folder.at("open") }), "credentials_damaged", /others can write to it/);
  await rejects(get({ file: folder.path }), "credentials_damaged");
  await Deno.symlink("/nowhere/at/all", folder.at("dangling"));
  await rejects(get({ file: folder.at("dangling") }), "credentials_damaged");
  await Deno.writeTextFile(folder.at("words"), "this is the secret no message repeats");
  const { message } = await rejects(get({ file: folder.at("words") }), "bad_response");
  assert(!message.includes("secret"), message);
});

test("getExternalToken() reads a variable and a credential value, and calls a function", async () => {
  const context = await contextWith({
    environment: { CI_TOKEN: " abc " },
    values: { ticket: "t1" },
  });
  assert.equal((await get({ environment: "CI_TOKEN" }, context)).token, "abc");
  assert.equal((await get({ credential: "ticket" }, context)).token, "t1");
  assert.equal((await get(() => "sync")).token, "sync");
  assert.equal((await get(({ signal }) => Promise.resolve(`${signal.aborted}`))).token, "false");
  await rejects(get({ environment: "OTHER" }, context), "credentials_missing", /variable OTHER/);
  await rejects(get(() => 5 as unknown as string), "invalid_argument");
  await rejects(get(() => "two words"), "invalid_argument");
  const failure = new Error("mine");
  await assert.rejects(get(() => Promise.reject(failure)), failure);
  await rejects(get({ credential: "constructor" }, context), "credentials_missing");
  // It may prompt a person, so it has no time limit. The wait ends even if it ignores the signal.
  const slow = () => new Promise<string>((resolve) => setTimeout(() => resolve("slow"), 150));
  assert.equal((await get(slow, { timeout: 50 })).token, "slow");
  const controller = new AbortController();
  const waiting = get(() => new Promise<string>(() => {}), { signal: controller.signal });
  controller.abort();
  await rejects(waiting, "aborted");
});

test("getExternalToken() runs a command, and explains failures without its output", async () => {
  assert.equal((await get({ command: ["printf", "abc"] })).token, "abc");
  const before = Date.now() / 1000;
  const { expiresAt = 0 } = await get({
    command: ["printf", "%s", '{"access_token":"a","expires_in":60}'],
  });
  assert(expiresAt >= before + 60 && expiresAt < before + 70);
  const none = await rejects(get({ command: ["no-such-program-of-onecell"] }), "login_required");
  assert.match(none.message, /command "no-such-program-of-onecell" not found/);
  const failed = await rejects(
    get({ command: ["sh", "-c", "echo the-secret; exit 7"] }),
    "login_required",
  );
  assert.match(failed.message, /"sh" ended with code 7/);
  const words = await rejects(
    get({ command: ["echo", "the-secret", "of", "somebody"] }),
    "bad_response",
  );
  for (const { message } of [failed, words]) assert(!message.includes("the-secret"), message);
  const took = await elapsed(() =>
    rejects(get({ command: ["sleep", "8"] }, { timeout: 200 }), "timeout")
  );
  assert(took < 3_000, `${took} ms`);
  // The program was killed without waiting for its end. It must not outlast this test.
  await pause(500);
});

const GITHUB = {
  ACTIONS_ID_TOKEN_REQUEST_URL:
    "https://run-actions-3.actions.githubusercontent.com/7/idtoken?api-version=2.0",
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: "the-request-token",
};

test("getExternalToken() requests an identity token from GitHub, as GitHub documents it", async () => {
  // https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
  const context = await contextWith({
    environment: GITHUB,
    answer: () => json({ count: 1857, value: "id.of.job" }),
  });
  const source = { githubActions: "api://AzureADTokenExchange" };
  assert.equal((await get(source, context)).token, "id.of.job");
  assert.equal((await get(source, context)).token, "id.of.job");
  assert.equal(context.arrivals.length, 2, "it is asked each time");
  const [{ url, headers } = { url: new URL("x:"), headers: new Headers() }] = context.arrivals;
  assert.equal(url.origin + url.pathname, GITHUB.ACTIONS_ID_TOKEN_REQUEST_URL.split("?")[0]);
  assert.deepEqual([...url.searchParams], [
    ["api-version", "2.0"],
    ["audience", "api://AzureADTokenExchange"],
  ]);
  assert.equal(headers.get("authorization"), "Bearer the-request-token");
});

const HUB = {
  JUPYTERHUB_API_URL: "http://hub:8081/hub/api",
  JUPYTERHUB_API_TOKEN: "the-server-token",
  JUPYTERHUB_USER: "ada@example.com",
};

test("getExternalToken() requests the user's token from the hub each time", async () => {
  let number = 0;
  const context = await contextWith({
    environment: HUB,
    answer: () =>
      json({ kind: "user", name: "ada", auth_state: { access_token: `hub-${++number}` } }),
  });
  assert.equal((await get({ jupyterhub: "access_token" }, context)).token, "hub-1");
  assert.equal((await get({ jupyterhub: "access_token" }, context)).token, "hub-2");
  assert.equal(context.arrivals[0]?.url.href, "http://hub:8081/hub/api/users/ada%40example.com");
  assert.equal(context.arrivals[0]?.headers.get("authorization"), "token the-server-token");
});

test("getExternalToken() explains why GitHub or the hub returns no token", () =>
  eachRow<{
    name: string;
    source: ExternalToken;
    environment: Record<string, string>;
    answer?: Respond;
    code: AuthErrorCode;
    says: RegExp;
    sends?: number;
  }>([
    {
      name: "no job",
      source: { githubActions: "x" },
      environment: {},
      code: "credentials_missing",
      says: /id-token: write/,
      sends: 0,
    },
    {
      name: "a job of a runner that uses plain http",
      source: { githubActions: "x" },
      environment: { ...GITHUB, ACTIONS_ID_TOKEN_REQUEST_URL: "http://runner.example/token" },
      code: "insecure_url",
      says: /not https/,
      sends: 0,
    },
    {
      name: "GitHub refuses",
      source: { githubActions: "x" },
      environment: GITHUB,
      answer: () => json({ message: "the-request-token" }, 403),
      code: "bad_response",
      says: /HTTP 403/,
    },
    {
      name: "GitHub is not reachable",
      source: { githubActions: "x" },
      environment: GITHUB,
      answer: () => new Response("", { status: 503 }),
      code: "server_error",
      says: /Try again/,
    },
    {
      name: "a redirect is not followed",
      source: { githubActions: "x" },
      environment: GITHUB,
      answer: () =>
        new Response(null, { status: 302, headers: { location: "https://evil.example/" } }),
      code: "bad_response",
      says: /HTTP 302/,
    },
    {
      name: "a response without a token",
      source: { githubActions: "x" },
      environment: GITHUB,
      answer: () => json({ value: null }),
      code: "bad_response",
      says: /did not return a token/,
    },
    {
      name: "a page",
      source: { githubActions: "x" },
      environment: GITHUB,
      answer: () => new Response("<html>"),
      code: "bad_response",
      says: /is not a JSON object/,
    },
    {
      name: "no hub",
      source: { jupyterhub: "access_token" },
      environment: {},
      code: "credentials_missing",
      says: /not a JupyterHub server/,
      sends: 0,
    },
    ...[
      "http://hub.evil.example/hub/api",
      "http://8.8.8.8/hub/api",
      "http://169.254.169.254/hub/api",
      "http://0.0.0.0:8081/hub/api",
      "http://[fd00:ec2::254]/hub/api", // EC2's metadata
      "http://user:pass@hub:8081/hub/api",
      "ftp://hub/hub/api",
      "hub:8081",
    ].map((url) => ({
      name: `a hub at ${url}`,
      source: { jupyterhub: "access_token" },
      environment: { ...HUB, JUPYTERHUB_API_URL: url },
      code: "insecure_url" as const,
      says: /nothing was sent there/,
      sends: 0,
    })),
    {
      name: "a hub that keeps no auth_state or returns none",
      source: { jupyterhub: "access_token" },
      environment: HUB,
      answer: () => json({ name: "ada", auth_state: null }),
      code: "credentials_missing",
      says: /enable_auth_state/,
    },
    {
      name: "an authenticator that keeps no such token",
      source: { jupyterhub: "id_token" },
      environment: HUB,
      answer: () => json({ name: "ada", auth_state: { access_token: "x" } }),
      code: "credentials_missing",
      says: /has no "id_token"/,
    },
    {
      name: "a server whose token has expired",
      source: { jupyterhub: "access_token" },
      environment: HUB,
      answer: () => json({ status: 403, message: "Missing or invalid credentials." }, 403),
      code: "bad_response",
      says: /HTTP 403/,
    },
  ], async ({ source, environment, answer, code, says, sends = 1 }) => {
    const context = await contextWith({ environment, ...(answer ? { answer } : {}) });
    const { message } = await rejects(get(source, context), code);
    assert.match(message, says);
    assert(!/the-(request|server)-token/.test(message), message);
    assert.equal(context.arrivals.length, sends);
  }));

test("a hub on the machine or in the cluster is used", () =>
  eachRow<{ name: string }>(
    [
      "https://hub.example.com/hub/api",
      "http://127.0.0.1:8081/hub/api",
      "http://localhost:8081/hub/api/",
      "http://hub:8081/hub/api",
      "http://proxy-public.jhub.svc.cluster.local/hub/api",
      "http://hub.jhub.svc:8081/hub/api",
      "http://10.0.34.5:8081/hub/api",
      "http://172.16.0.5:8081/hub/api",
      "http://192.168.1.5:8081/hub/api",
      "http://[fd00::5]:8081/hub/api",
    ].map((name) => ({ name })),
    async ({ name }) => {
      const answer = () => json({ auth_state: { access_token: "hub" } });
      const environment = { ...HUB, JUPYTERHUB_API_URL: name };
      const context = await contextWith({ environment, answer });
      assert.equal((await get({ jupyterhub: "access_token" }, context)).token, "hub");
    },
  ));

test("lookAtExternal() reads files and variables, and runs nothing", async () => {
  await using folder = await TestFolder.make();
  const now = Math.floor(Date.now() / 1000);
  await Deno.writeTextFile(folder.at("live"), jwt({ exp: now + 60 }), { mode: 0o600 });
  await Deno.writeTextFile(folder.at("over"), jwt({ exp: now - 60 }), { mode: 0o600 });
  const context = await contextWith({ environment: { ...GITHUB, ...HUB, OPAQUE: "abc" } });
  const look = (source: ExternalToken) => lookAtExternal(source, "The token for Test", context);
  assert.equal(await look({ file: folder.at("live") }), now + 60);
  assert.equal(await look({ environment: "OPAQUE" }), undefined);
  await rejects(look({ file: folder.at("over") }), "login_required", /has expired/);
  const unlooked: ExternalToken[] = [
    () => "x",
    { command: ["touch", folder.at("ran")] },
    { githubActions: "x" },
    { jupyterhub: "access_token" },
  ];
  for (const source of unlooked) assert.equal(await look(source), null);
  assert.equal(context.arrivals.length, 0);
  await assert.rejects(Deno.stat(folder.at("ran")), Deno.errors.NotFound);
  await rejects(look({ environment: "NONE" }), "credentials_missing");
});
