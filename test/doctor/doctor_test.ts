import assert from "node:assert/strict";
import {
  defineProvider,
  doctor,
  type DoctorReport,
  getSession,
  saveCredentials,
} from "../../mod.ts";
import { examine, type Patient } from "../../src/doctor/examine.ts";
import { findings } from "../../src/doctor/findings.ts";
import { DoctorReport as Report } from "../../src/doctor/doctor_report.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { partsOf } from "../../src/session.ts";
import { elapsed, rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/test.ts";
import { changeSavedToken, createWorld, savedTokenFiles, type World } from "../support/world.ts";

/** Every way a report can be shown. */
function shown(report: DoctorReport): string[] {
  const card = report[Symbol.for("Jupyter.display") as unknown as keyof DoctorReport];
  return [
    String(report),
    JSON.stringify(report),
    Deno.inspect(report, { depth: 20, showHidden: true }),
    JSON.stringify((card as unknown as () => unknown).call(report)),
    JSON.stringify(structuredClone(report.facts)) + JSON.stringify(report.findings),
  ];
}

/** No run of six characters of a secret is in any of the texts. */
function hides(texts: string[], secrets: string[]): void {
  for (const secret of secrets) {
    assert(secret.length >= 6, "too short to be looked for");
    for (let at = 0; at + 6 <= secret.length; at++) {
      const part = secret.slice(at, at + 6);
      for (const text of texts) assert(!text.includes(part), "a part of a secret is shown");
    }
  }
}

const messages = ({ findings }: DoctorReport) => findings.map(({ message }) => message).join("\n");

test("session.doctor() tells everything of a session that works, and finds nothing wrong", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox, directory } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  const token = await session.token();
  sandbox.reset();
  const report = await session.doctor();
  assert.deepEqual([report.ok, report.findings], [true, []]);
  const { facts } = report;
  assert.equal(facts.provider, "plantpredict");
  assert.equal(facts.credentials.source, "options");
  assert.equal(facts.credentials.account, credentials["client_id"]);
  assert.deepEqual(facts.credentials.missing, []);
  assert.equal(facts.token?.renewal, "client_credentials");
  assert.equal(facts.token?.lifetime, 900);
  assert(facts.token.secondsLeft > 890 && facts.token.secondsLeft <= 900);
  assert.equal(facts.token?.scope, "transactions/post transactions/get");
  assert.deepEqual([facts.store.kept, facts.store.file?.mode, facts.store.folder?.mode], [
    "disk",
    "0600",
    "0700",
  ]);
  assert.equal(facts.store.file?.path, (await savedTokenFiles(directory))[0]);
  assert(facts.clock && Math.abs(facts.clock.offset) <= 1, JSON.stringify(facts.clock));
  assert.deepEqual(facts.endpoints.map(({ what, answers }) => [what, answers]), [
    ["token endpoint", true],
    ["API", true],
  ]);
  assert.deepEqual([facts.runtime.name, facts.runtime.version], ["deno", Deno.version.deno]);
  // It asked two servers, and told them nothing.
  assert.equal(sandbox.requests.length, 2);
  for (const { method, url, headers } of sandbox.requests) {
    assert.deepEqual([method, new URL(url).search], ["GET", ""]);
    assert(!headers.includes("authorization") && !headers.includes("cookie"));
  }
  hides(shown(report), [credentials["client_secret"] ?? "", token.split(".")[2] ?? token]);
});

test("doctor() works before anybody signed in: says what is missing, and asks nobody", async () => {
  await using world = await createWorld("spatiafi");
  const report = await doctor("spatiafi", { ...world.options, interactive: true });
  assert.equal(report.ok, false);
  const text = messages(report);
  assert.match(text, /needs client_id and client_secret/);
  assert.match(text, /Set SPATIAFI_CLIENT_ID and SPATIAFI_CLIENT_SECRET/);
  assert(text.includes(`${world.directory}/app_credentials`), text);
  assert.equal(report.facts.token, null);
  assert.equal(report.facts.credentials.file?.kind, "missing");
  assert.deepEqual(report.facts.endpoints.map(({ answers }) => answers), [true, true]);
  assert.deepEqual(await savedTokenFiles(world.directory), []);
  await rejects(doctor("spatiafy"), "unknown_provider");
  await rejects(doctor("spatiafi", { timout: 1 } as never), "invalid_argument");
});

test("doctor() sees the token that is saved, also one that has expired", async () => {
  await using world = await createWorld("plantpredict");
  const options = { ...world.options, credentials: world.credentials };
  await getSession("plantpredict", options);
  const before = world.sandbox.count("plantpredict.token.client_credentials");
  assert(((await doctor("plantpredict", options)).facts.token?.secondsLeft ?? 0) > 800);
  await changeSavedToken(world.directory, (token) => token["expires_at"] = 1_000_000_000);
  const report = await doctor("plantpredict", options);
  assert(report.ok, String(report));
  assert.match(String(report), /expired at 2001-09-09 01:46 UTC, renewed with client credentials/);
  await changeSavedToken(world.directory, (token) => token["expires_at"] = 1e300);
  assert.match(String(await doctor("plantpredict", options)), /Token: until/);
  assert.equal(world.sandbox.count("plantpredict.token.client_credentials"), before);
});

test("doctor() warns of files that others can use, and of links and damage", async () => {
  interface Row {
    name: string;
    spoil: (world: World, file: string, tokenFile: string) => Promise<void>;
    expected: RegExp;
    level: "problem" | "warning" | "none";
  }
  const rows: Row[] = [
    { name: "nothing", spoil: async () => {}, expected: /^$/, level: "none" },
    {
      name: "credentials others can read",
      spoil: (_, file) => Deno.chmod(file, 0o644),
      expected: /can read the credentials file .*mode 0644.*chmod 600/,
      level: "warning",
    },
    {
      name: "a folder others can write to",
      spoil: ({ directory }) => Deno.chmod(directory, 0o777),
      expected: /can change the folder .*mode 0777.*chmod 700/,
      level: "warning",
    },
    {
      name: "a token others can read",
      spoil: (_, __, tokenFile) => Deno.chmod(tokenFile, 0o640),
      expected: /can read the token file .*mode 0640.*chmod 600/,
      level: "warning",
    },
    {
      name: "a link instead of the credentials",
      async spoil({ directory }, file) {
        await Deno.rename(file, `${directory}/elsewhere`);
        await Deno.symlink(`${directory}/elsewhere`, file);
      },
      expected: /symbolic link, which is never followed/,
      level: "problem",
    },
    {
      name: "damaged credentials",
      spoil: (_, file) => Deno.writeTextFile(file, '{"client_id": "cut'),
      expected: /is not whole JSON\. It is left as it is/,
      level: "problem",
    },
  ];
  await eachRow(rows, async ({ spoil, expected, level }) => {
    await using world = await createWorld("plantpredict");
    const { options, credentials, directory } = world;
    await saveCredentials("plantpredict", credentials, { directory });
    await getSession("plantpredict", options);
    const [tokenFile = ""] = await savedTokenFiles(directory);
    await spoil(world, `${directory}/app_credentials`, tokenFile);
    const report = await doctor("plantpredict", options);
    assert.match(messages(report), expected);
    assert.equal(report.findings[0]?.level ?? "none", level);
    assert.deepEqual(report.facts.endpoints.map(({ answers }) => answers), [true, true]);
    hides(shown(report), [credentials["client_secret"] ?? ""]);
  });
});

test("doctor() tells by how much the clock is off", async () => {
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

test("doctor() says which server does not answer, why, and what would help", async () => {
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
    // Once: whether a server answers is not found out by insisting.
    assert.equal(world.sandbox.count("plantpredict.token"), 1);
  });
});

/** Runs the doctor on a system whose servers are played by a function. */
async function played(
  answer: (url: URL, init: RequestInit) => Response | Promise<Response>,
  issuer = "https://login.example.com/tenant",
): Promise<DoctorReport> {
  const provider = defineProvider({ name: "played", apiUrl: "https://api.example.com/v1", issuer });
  return await doctor(provider, {
    credentials: { client_id: "a", client_secret: "played-secret" },
    keepTokens: "memory",
    fetch: ((input: string | URL, init: RequestInit) =>
      Promise.resolve(answer(new URL(input), init))) as typeof fetch,
  });
}

test("doctor() reads an issuer's metadata in either place, and judges it", async () => {
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
  const good = () => Response.json({ issuer });
  const oidc = await withMetadata("/tenant/.well-known/openid-configuration", good);
  assert.deepEqual([oidc.ok, asked.length], [true, 2]);
  const plain = await withMetadata("/.well-known/oauth-authorization-server/tenant", good);
  assert.deepEqual([plain.ok, asked.length], [true, 3]);
  assert.equal(plain.facts.endpoints[0]?.status, 200);

  const cases: [() => Response, RegExp][] = [
    [() => new Response("<html>Welcome to the airport</html>"), /something else than metadata/],
    [() => Response.json({}), /something else than metadata/],
    [
      () => Response.json({ issuer: "https://other.example.com/?k=v" }),
      /https:\/\/other\.example\.com\/\. Use/,
    ],
    [() => new Response("", { status: 404 }), /HTTP 404 where its metadata should be/],
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

test("doctor() names DENO_CERT and DENO_TLS_CA_STORE where a certificate is refused", async () => {
  const report = await played(() => {
    throw new TypeError("error sending request: invalid peer certificate: UnknownIssuer");
  });
  assert.deepEqual(report.facts.endpoints.map(({ problem }) => problem?.code), ["tls", "tls"]);
  for (const name of ["DENO_CERT", "DENO_TLS_CA_STORE=system", "NODE_EXTRA_CA_CERTS"]) {
    assert(messages(report).includes(name), name);
  }
  assert.equal(report.facts.clock, null);
});

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
});

test("a system in another place, or without a value for its URL, is said and not thrown", async () => {
  const insecure = await doctor("plantpredict", { apiUrl: "http://api.example.com" });
  assert.match(messages(insecure), /not https/);
  assert.deepEqual(insecure.facts.endpoints, []);
  await using world = await createWorld("ocs");
  const { resource = "" } = world.credentials;
  const report = await doctor("ocs", {
    ...world.options,
    credentials: { resource },
  });
  assert.match(messages(report), /needs tenant_id and client_id and client_secret/);
  assert.deepEqual(report.facts.endpoints.map(({ what, answers }) => [what, answers]), [
    ["issuer", true],
    ["API", true],
  ]);
});

test("session.doctor() says why a token is in memory only", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, directory } = world;
  // A file where the folder of the tokens should be.
  await Deno.writeTextFile(`${directory}/onecell`, "");
  const session = await getSession("plantpredict", { ...options, credentials });
  const report = await session.doctor();
  assert(session.storeProblem);
  assert(messages(report).includes(session.storeProblem.message));
  assert.deepEqual([report.ok, report.findings[0]?.level], [true, "warning"]);
});

test("no secret shows in a report, whatever the environment and the credentials hold", async () => {
  await using world = await createWorld("plantpredict-okta");
  const { options, credentials, user } = world;
  const all = { ...credentials, ...user };
  const session = await getSession("plantpredict-okta", { ...options, credentials: all });
  const parts = partsOf(session);
  const token = parts.keeper.token;
  const proxyPassword = "pr0xy-p@ss/w?ord";
  const environment: Record<string, string> = {
    HTTPS_PROXY: `http://proxy-user:${proxyPassword}@proxy.example.com:8080/`,
    http_proxy: `proxy-user:${proxyPassword}@proxy.example.com`,
    DENO_CERT: "/no/such/file.pem",
    PLANTPREDICT_OKTA_CLIENT_SECRET: "secret-in-the-environment",
  };
  const runtime = {
    ...await currentRuntime(),
    getEnvironment: (name: string) => environment[name],
  };
  const patient: Patient = {
    runtime,
    provider: parts.system.provider,
    directory: world.directory,
    source: session.source,
    missing: [],
    credentialsProblem: undefined,
    parts,
    signal: undefined,
    now: Date.now,
  };
  const facts = await examine(patient);
  const report = new Report(
    facts,
    findings(facts, {
      provider: patient.provider,
      certificates: {},
      unprefixed: true,
      refused: [],
    }),
  );
  assert.deepEqual(facts.settings, {
    HTTPS_PROXY: "http://proxy.example.com:8080",
    http_proxy: "proxy.example.com",
    DENO_CERT: "/no/such/file.pem",
  });
  assert.equal(facts.token?.renewal, "refresh_token");
  assert.equal(facts.credentials.account, user.username);
  hides(shown(report), [
    user.password,
    credentials["client_secret"] ?? "",
    token?.access_token.split(".")[2] ?? "",
    token?.refresh_token ?? "",
    proxyPassword,
    "proxy-user",
    "secret-in-the-environment",
  ]);
});
