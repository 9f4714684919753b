import assert from "node:assert/strict";
import { getSession, saveCredentials } from "../../mod.ts";
import { DoctorReport } from "../../src/doctor/doctor_report.ts";
import { examine, type Patient } from "../../src/doctor/examine.ts";
import { findings } from "../../src/doctor/findings.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { connectionOf } from "../../src/session.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { changeSavedToken, createWorld, savedTokenFiles, type World } from "../support/world.ts";
import { doctor, hides, messages, shown } from "./report.ts";

test("session.doctor() reports no problem for a session that works", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox, directory } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  const token = await session.token();
  sandbox.reset();
  const report = await session.doctor() as DoctorReport;
  assert.deepEqual([report.ok, report.findings], [true, []]);
  const { facts } = report;
  assert.equal(facts.provider, "plantpredict");
  assert.equal(facts.credentials.source, "passed in code");
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
  // It sent requests to two servers, without secrets.
  assert.equal(sandbox.requests.length, 2);
  for (const { method, url, headers } of sandbox.requests) {
    assert.deepEqual([method, new URL(url).search], ["GET", ""]);
    assert(!headers.includes("authorization") && !headers.includes("cookie"));
  }
  hides(shown(report), [credentials["client_secret"] ?? "", token.split(".")[2] ?? token]);
});

test("doctor() works before the first sign-in: it names what is missing and never prompts", async () => {
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

test("doctor() describes half a credentials file as a sign-in does", async () => {
  await using world = await createWorld("spatiafi");
  const { options, directory } = world;
  await Deno.writeTextFile(`${directory}/app_credentials`, '{"client_id": "x"}', { mode: 0o600 });
  const error = await rejects(getSession("spatiafi", options), "credentials_damaged");
  const report = await doctor("spatiafi", options);
  assert.deepEqual(report.findings.map(({ message }) => message), [error.message]);
});

test("doctor() finds the saved token, even an expired one", async () => {
  await using world = await createWorld("plantpredict");
  const options = { ...world.options, credentials: world.credentials };
  await getSession("plantpredict", options);
  const before = world.sandbox.count("plantpredict.token.client_credentials");
  assert(((await doctor("plantpredict", options)).facts.token?.secondsLeft ?? 0) > 800);
  await changeSavedToken(world.directory, (token) => token["expires_at"] = 1_000_000_000);
  const report = await doctor("plantpredict", options);
  assert(report.ok, String(report));
  assert.match(
    String(report),
    /expired 2001-09-\d\d \d\d:\d\d \(renews automatically with client credentials\)/,
  );
  await changeSavedToken(world.directory, (token) => token["expires_at"] = 1e300);
  assert.match(String(await doctor("plantpredict", options)), /Access token: expires /);
  assert.equal(world.sandbox.count("plantpredict.token.client_credentials"), before);
});

test("doctor() warns about files that others can use, links and damage", async () => {
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
      name: "a damaged token",
      spoil: (_, __, tokenFile) => Deno.writeTextFile(tokenFile, '{"trunc'),
      expected: /The token file ".*\.json" is damaged .*The next sign-in sets it aside/,
      level: "warning",
    },
    {
      name: "a link to nothing instead of the credentials",
      async spoil({ directory }, file) {
        await Deno.remove(file);
        await Deno.symlink(`${directory}/elsewhere`, file);
      },
      expected: /symbolic link that leads nowhere/,
      level: "problem",
    },
    {
      name: "damaged credentials",
      spoil: (_, file) => Deno.writeTextFile(file, '{"client_id": "cut'),
      expected: /is not valid JSON\. It was not changed/,
      level: "problem",
    },
  ];
  await eachRow(rows, async ({ spoil, expected, level }) => {
    await using world = await createWorld("plantpredict");
    const { options, credentials, directory } = world;
    const { interactive: _, ...place } = options;
    await saveCredentials("plantpredict", credentials, place);
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

test("doctor() leaves a damaged token file unchanged, and reports no token", async () => {
  await using world = await createWorld("plantpredict");
  const options = { ...world.options, credentials: world.credentials };
  await getSession("plantpredict", options);
  const [path = ""] = await savedTokenFiles(world.directory);
  await Deno.writeTextFile(path, '{"trunc');
  const report = await doctor("plantpredict", options);
  assert.deepEqual([report.ok, report.facts.token, report.facts.store.damaged], [true, null, true]);
  assert.match(String(report), /Access token: none \(its file is damaged\)\n/);
  assert.equal(await Deno.readTextFile(path), '{"trunc');
  await getSession("plantpredict", options);
  const after = await doctor("plantpredict", options);
  assert.deepEqual([after.findings, after.facts.store.damaged], [[], undefined]);
});

test("status reports a moved system and a missing URL value, and does not throw", async () => {
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

test("session.doctor() says why a token is only in memory", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, directory } = world;
  // A file in place of the tokens' folder.
  await Deno.writeTextFile(`${directory}/onecell`, "");
  const session = await getSession("plantpredict", { ...options, credentials });
  const report = await session.doctor() as DoctorReport;
  assert(session.storeProblem);
  assert(messages(report).includes(session.storeProblem.message));
  assert.deepEqual([report.ok, report.findings[0]?.level], [true, "warning"]);
});

test("no report shows a secret from the environment or the credentials", async () => {
  await using world = await createWorld("plantpredict-okta");
  const { options, credentials, user } = world;
  const all = { ...credentials, ...user };
  const session = await getSession("plantpredict-okta", { ...options, credentials: all });
  const connection = connectionOf(session);
  const token = connection.keeper.token;
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
    profile: { ...connection.profile, runtime },
    source: session.source,
    missing: [],
    credentialsProblem: undefined,
    connection,
    signal: undefined,
    now: Date.now,
  };
  const facts = await examine(patient);
  const report = new DoctorReport(
    facts,
    findings(facts, {
      provider: patient.profile.provider,
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

test("doctor() reports quotes and blanks copied along with a secret (wild G)", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  const client_secret = `"${credentials["client_secret"]}" `;
  const report = await doctor("plantpredict", {
    ...options,
    credentials: { ...credentials, client_secret },
  });
  assert.match(messages(report), /The client_secret begins or ends with a space/);
  const error = await rejects(
    getSession("plantpredict", { ...options, credentials: { ...credentials, client_secret } }),
    "client_refused",
    /The client_secret begins or ends with a space/,
  );
  assert(!error.message.includes(credentials["client_secret"] ?? ""));
});
