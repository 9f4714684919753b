import assert from "node:assert/strict";
import { getSession, status, type SystemStatus } from "../../mod.ts";
import type { DoctorReport } from "../../src/doctor/doctor_report.ts";
import { PLAIN_STYLE } from "../../src/base/text.ts";
import { renderStatus } from "../../src/manage/status_report.ts";
import { doctor } from "../doctor/report.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { changeSavedToken, createWorld } from "../support/world.ts";

test("status() says who is signed in, and reads only files", async () => {
  await using world = await createWorld("plantpredict");
  const { options: { interactive: _, ...options }, credentials, sandbox, directory } = world;
  const none = await status("plantpredict", options);
  assert.deepEqual([none.ok, none.systems[0]?.sessions.length], [false, 0]);
  await getSession("plantpredict", { ...world.options, credentials, sessionKey: "work" });
  const requests = sandbox.requests.length;

  // The caller passed the credentials, so only the saved session is known here.
  const report = await status("plantpredict", options);
  const [system] = report.systems;
  const [session] = system?.sessions ?? [];
  assert.equal(system?.sessions.length, 1);
  assert.deepEqual(
    [session?.account, session?.clientId, session?.sessionKey, session?.valid],
    [credentials["client_id"], credentials["client_id"], "work", true],
  );
  assert(session?.path.startsWith(directory));
  assert.deepEqual(JSON.parse(JSON.stringify(report)), {
    version: 1,
    systems: [JSON.parse(JSON.stringify(system))],
    others: [],
  });
  await changeSavedToken(directory, (token) => token["expires_at"] = 1);
  const [expired] = (await status("plantpredict", options)).systems;
  assert.deepEqual([expired?.ready, expired?.sessions[0]?.valid], [false, false]);
  await changeSavedToken(directory, (token) => token["expires_at"] = 1e300);
  const [endless] = (await status("plantpredict", options)).systems;
  assert.equal(endless?.sessions[0]?.expiresAt, new Date(8.64e15).toISOString());
  assert.equal(sandbox.requests.length, requests, "nothing was sent");

  await rejects(status("plantpredct"), "unknown_provider", /Did you mean "plantpredict"/);
  await rejects(status("plantpredict", { scope: "x" } as never), "invalid_argument");
});

test("session, status and doctor name the same person: the one who created the app credentials", async () => {
  await using world = await createWorld("spatiafi");
  const { options: { interactive: _, ...options }, credentials, directory } = world;
  const { authUrl = "" } = world.options as { authUrl?: string };
  const onecell_server = new URL(authUrl).origin;
  const saved = { ...credentials, onecell_username: "ada@example.com", onecell_server };
  const file = `${directory}/app_credentials`;
  await Deno.writeTextFile(file, JSON.stringify(saved), { mode: 0o600 });
  const session = await getSession("spatiafi", world.options);
  const { systems: [system] } = await status("spatiafi", options);
  const { facts } = await session.doctor() as DoctorReport;
  const { facts: alone } = await doctor("spatiafi", world.options);
  assert.deepEqual(
    [session.account, JSON.parse(JSON.stringify(session)).account, system?.sessions[0]?.account]
      .concat(facts.credentials.account, alone.credentials.account),
    Array(5).fill("ada@example.com"),
  );
  assert.equal(system?.sessions[0]?.clientId, credentials["client_id"]);

  // The person is not named for other app credentials.
  await Deno.writeTextFile(file, JSON.stringify({ ...saved, client_id: "another" }), {
    mode: 0o600,
  });
  const [other] = (await status("spatiafi", options)).systems;
  assert.equal(other?.sessions[0]?.account, credentials["client_id"]);
});

const session: SystemStatus["sessions"][number] = {
  account: "ada@example.com",
  clientId: "c-1",
  sessionKey: null,
  scope: null,
  server: null,
  expiresAt: new Date(2026, 10, 26, 8, 25).toISOString(),
  valid: true,
  renewable: true,
  path: "/home/ada/.config/x/onecell/1.json",
};
const system: SystemStatus = {
  provider: "x",
  title: "X",
  ready: true,
  credentials: { source: "/home/ada/.config/x/app_credentials", complete: true, missing: [] },
  problem: null,
  sessions: [session],
};

test("renderStatus() shows the person first, then expiry, then files", () => {
  const now = new Date(2026, 10, 26, 8, 0).getTime();
  const style = { ...PLAIN_STYLE, signIn: (name: string) => `login ${name}`, more: "more" };
  const render = (...systems: SystemStatus[]) =>
    renderStatus({ systems, others: [] }, "/home/ada", style, now).split("\n");
  const expiry = "Access token expires 08:25 (renews automatically)";
  const file = "  Credentials: ~/.config/x/app_credentials";
  assert.deepEqual(render(system), [
    "✓ X (x): signed in as ada@example.com",
    `  ${expiry}`,
    file,
  ]);
  const client = { ...session, account: "c-1" };
  assert.equal(
    render({ ...system, sessions: [client] })[0],
    "✓ X (x): signed in with app credentials c-1",
  );
  assert.equal(
    render({ ...system, sessions: [{ ...session, account: null }] })[0],
    "✓ X (x): signed in as unknown",
  );
  // After a logout, no line reads as if somebody were signed in.
  assert.deepEqual(render({ ...system, sessions: [] }), [
    "- X (x): not signed in",
    file,
    "  Sign in without a prompt: login x",
  ]);
  const lacking = {
    source: "environment (X_CLIENT_ID)",
    complete: false,
    missing: ["client_secret"],
  };
  assert.deepEqual(render({ ...system, ready: false, credentials: lacking, sessions: [] }), [
    "✗ X (x): not signed in",
    "  Credentials: environment (X_CLIENT_ID) (client_secret missing)",
    "  Sign in: login x",
  ]);
  const work = { ...session, sessionKey: "work" };
  assert.deepEqual(render({ ...system, sessions: [work] }).slice(0, 2), [
    "✓ X (x): signed in as ada@example.com",
    `  [work] ${expiry.replace("A", "a")}`,
  ]);
  assert.deepEqual(render({ ...system, sessions: [session, work] }).slice(0, 3), [
    "✓ X (x): signed in, 2 sessions",
    `  ada@example.com: ${expiry.replace("A", "a")}`,
    `  ada@example.com [work]: ${expiry.replace("A", "a")}`,
  ]);
  const damaged = { code: "credentials_damaged", message: "The file is not valid JSON." };
  assert.deepEqual(render({ ...system, ready: false, problem: damaged, sessions: [] }), [
    "✗ X (x): not signed in",
    "  credentials_damaged: The file is not valid JSON.",
  ]);
  // A report on several systems leaves out those with nothing saved.
  const empty = { source: null, complete: false, missing: ["client_id"] };
  const blank = { ...system, ready: false, credentials: empty, sessions: [] };
  assert.deepEqual(render(blank, blank), ["Not signed in anywhere. Sign in: login SYSTEM"]);
  assert.equal(render(system, blank).length, 3);
});

test("renderStatus() removes control characters", () => {
  const evil = "\x1b[2J\u202eeve\n";
  const style = { ...PLAIN_STYLE, signIn: () => "", more: "" };
  const text = renderStatus(
    {
      systems: [{
        ...system,
        credentials: { ...system.credentials, source: evil },
        sessions: [{ ...session, account: evil, sessionKey: evil }, session],
        problem: null,
      }, { ...system, problem: { code: "network", message: evil } }],
      others: [{ provider: evil, folder: evil, credentials: true, sessions: 1 }],
    },
    undefined,
    style,
    0,
  );
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
});
