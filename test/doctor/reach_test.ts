import assert from "node:assert/strict";
import type { DoctorReport } from "../../src/doctor/doctor_report.ts";
import { checkProvider } from "../../src/providers/define_provider.ts";
import { answerOf } from "../support/program.ts";
import { elapsed } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";
import { doctor, messages } from "./report.ts";

test("doctor() reports how far the clock is off", async () => {
  await using world = await createWorld("plantpredict");
  for (const seconds of [600, -3600, 20]) {
    world.sandbox.fault("plantpredict.token", { kind: "date", seconds });
    const report = await doctor("plantpredict", {
      ...world.options,
      credentials: world.credentials,
    });
    assert(Math.abs((report.facts.clock?.offset ?? 0) - seconds) <= 1);
    if (Math.abs(seconds) < 30) assert.equal(report.findings.length, 0);
    else assert.match(messages(report), seconds > 0 ? /s behind that of/ : /s ahead of that of/);
    assert(report.ok);
  }
});

test("doctor() says which server does not respond, why, and what would help", async () => {
  interface Row {
    name: string;
    fault: string;
    code: string;
    answers: boolean;
    help: RegExp;
  }
  const rows: Row[] = [
    { name: "503", fault: "503", code: "server_error", answers: true, help: /HTTP 503.*later/ },
    { name: "hang", fault: "hang", code: "timeout", answers: false, help: /HTTPS_PROXY/ },
    { name: "reset", fault: "reset", code: "network", answers: false, help: /HTTPS_PROXY/ },
  ];
  await eachRow(rows, async ({ fault, code, answers, help }) => {
    await using world = await createWorld("plantpredict");
    world.sandbox.fault("plantpredict.token", fault, 5);
    let report: DoctorReport | undefined;
    const took = await elapsed(async () => {
      report = await doctor("plantpredict", {
        ...world.options,
        credentials: world.credentials,
        timeout: 400,
      });
    });
    assert(took < 3000, `${took} ms`);
    const [first, second] = report?.facts.endpoints ?? [];
    assert.deepEqual([first?.problem?.code, first?.answers], [code, answers]);
    assert.deepEqual([second?.problem, second?.answers], [undefined, true]);
    assert.equal(report?.ok, false);
    assert.match(messages(report), help);
    // Once, because the doctor does not retry.
    assert.equal(world.sandbox.count("plantpredict.token"), 1);
  });
});

/** Runs the doctor on a system whose servers are a function. */
async function played(
  answer: (url: URL, init: RequestInit) => Response | Promise<Response>,
  issuer = "https://login.example.com/tenant",
): Promise<DoctorReport> {
  const provider = checkProvider({ name: "played", apiUrl: "https://api.example.com/v1", issuer });
  return await doctor(provider, {
    credentials: { client_id: "a", client_secret: "played-secret" },
    store: "memory",
    fetch: ((input: string | URL, init: RequestInit) =>
      Promise.resolve(answer(new URL(input), init))) as typeof fetch,
  });
}

test("doctor() finds an issuer's metadata in either location, and judges it", async () => {
  const issuer = "https://login.example.com/tenant";
  const asked: string[] = [];
  const withMetadata = (path: string, body: () => Response) => {
    asked.length = 0;
    return played((url) => {
      asked.push(url.href);
      if (url.host === "api.example.com") return new Response("", { status: 401 });
      return url.pathname === path ? body() : new Response("", { status: 404 });
    });
  };
  const good = () => Response.json({ issuer, token_endpoint: `${issuer}/token` });
  const oidc = await withMetadata("/tenant/.well-known/openid-configuration", good);
  assert.deepEqual([oidc.ok, asked.length], [true, 2]);
  const plain = await withMetadata("/.well-known/oauth-authorization-server/tenant", good);
  assert.deepEqual([plain.ok, asked.length], [true, 3]);
  assert.equal(plain.facts.endpoints[0]?.status, 200);

  const others = () =>
    Response.json({
      issuer,
      token_endpoint: `${issuer}/token`,
      grant_types_supported: ["password"],
    });
  const doubted = await withMetadata("/tenant/.well-known/openid-configuration", others);
  assert.deepEqual([doubted.ok, doubted.findings[0]?.level], [true, "warning"]);
  assert.match(doubted.findings[0]?.message ?? "", /does not list the grant "client_credentials"/);

  const cases: [() => Response, RegExp][] = [
    [() => new Response("<html>Welcome to the airport</html>"), /something other than metadata/],
    [() => Response.json({}), /something other than metadata/],
    [
      () => Response.json({ issuer: "https://other.example.com/?k=v" }),
      /https:\/\/other\.example\.com\/\. Use/,
    ],
    [() => new Response("", { status: 404 }), /HTTP 404 instead of its metadata/],
    [
      () => new Response("", { status: 302, headers: { location: "https://x.example" } }),
      /HTTP 302/,
    ],
    [() => new Response("", { status: 407 }), /HTTPS_PROXY: http:\/\/user:password@host:port/],
  ];
  for (const [body, expected] of cases) {
    const report = await withMetadata("/tenant/.well-known/openid-configuration", body);
    assert.equal(report.ok, false);
    assert.match(messages(report), expected);
    assert(!asked.some((url) => url.includes("x.example")), "a redirect was followed");
  }
});

test("doctor() names DENO_CERT and DENO_TLS_CA_STORE if a certificate is refused", async () => {
  const report = await played(() => {
    throw new TypeError("error sending request: invalid peer certificate: UnknownIssuer");
  });
  assert.deepEqual(report.facts.endpoints.map(({ problem }) => problem?.code), ["tls", "tls"]);
  for (const name of ["DENO_CERT", "DENO_TLS_CA_STORE=system", "NODE_EXTRA_CA_CERTS"]) {
    assert(messages(report).includes(name), name);
  }
  assert.equal(report.facts.clock, null);
});

test("the doctor also names certificates that Deno cannot use", () =>
  eachRow([
    { name: "DENO_CERT", value: "/no/such/file.pem" },
    { name: "DENO_TLS_CA_STORE", value: "bogus" },
  ], async ({ name, value }) => {
    await using world = await createWorld("plantpredict");
    const { sandbox, options, credentials, directory } = world;
    const told = await answerOf<{ problems: string[]; findings: string; failure: string[] }>(
      `
      const { credentials, ...options } = data;
      const report = await auth.doctor("plantpredict", { ...options, credentials });
      const failure = await auth.getSession("plantpredict", { ...options, credentials })
        .then(() => [], (error) => [error.code, error.message]);
      const problems = report.facts.endpoints.map(({ problem }) => problem?.code);
      console.log(JSON.stringify({ problems, findings: String(report), failure }));
      `,
      { data: { ...options, credentials }, env: { HOME: directory, [name]: value } },
    );
    assert.deepEqual(told.problems, ["tls", "tls"]);
    assert(told.findings.includes(name), told.findings);
    assert.equal(told.failure[0], "tls");
    assert(told.failure[1]?.includes(name), told.failure[1]);
    assert.equal(sandbox.requests.length, 0);
  }));

test("doctor() follows no redirect", async () => {
  await using world = await createWorld("plantpredict");
  const { sandbox, options, credentials } = world;
  const location = `${sandbox.environment["SANDBOX_CONTROL_URL"]}/echo`;
  const fault = { kind: "status", status: 302, headers: { location } } as const;
  sandbox.fault("plantpredict.token", fault);
  const report = await doctor("plantpredict", { ...options, credentials });
  assert.equal(report.facts.endpoints[0]?.status, 302);
  assert.equal(sandbox.count("control.echo"), 0);
});

test("doctor() ends with its signal", async () => {
  await using world = await createWorld("plantpredict");
  world.sandbox.fault("plantpredict.token", "hang", 1);
  const took = await elapsed(async () => {
    const signal = AbortSignal.timeout(200);
    const report = await doctor("plantpredict", {
      ...world.options,
      credentials: world.credentials,
      signal,
    });
    assert.equal(report.facts.endpoints[0]?.problem?.code, "aborted");
  });
  assert(took < 2000, `${took} ms`);
  const asked = world.sandbox.requests.length;
  const options = { ...world.options, credentials: world.credentials };
  const report = await doctor("plantpredict", { ...options, signal: AbortSignal.abort() });
  assert.equal(report.facts.endpoints[0]?.problem?.code, "aborted");
  assert.equal(world.sandbox.requests.length, asked);
});
