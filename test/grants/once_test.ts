import assert from "node:assert/strict";
import { createCredentials, getSession } from "../../mod.ts";
import { works } from "../support/call.ts";
import { size } from "../support/long.ts";
import { scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { TOKEN_REQUESTS, underFault } from "../support/token_requests.ts";
import { createWorld, oidcProvider, savedToken } from "../support/world.ts";

/** Connections that close when they are reused, or before or after the work is done. */
const DEATHS = ["reset", "lost", "die-on-reuse"];

test("a one-time request is sent once, even if its connection closes", () =>
  eachRow(
    TOKEN_REQUESTS.filter(({ once }) => once).flatMap((request) =>
      DEATHS.map((fault) => ({ name: `${request.name} ${fault}`, request, fault }))
    ),
    async ({ request, fault }) => {
      // Two faults, so that a runtime that resends by itself is counted.
      await using world = await underFault(request, fault, 2, 5_000);
      const { sandbox, endpoint, send } = world;
      const outcome = await send().then(() => "done", ({ code }) => code);
      assert.equal(outcome, fault === "die-on-reuse" ? "done" : "network");
      assert.equal(sandbox.count(endpoint), 1);
      const records = sandbox.requests.filter((record) => record.endpoint === endpoint);
      assert.deepEqual(records.map(({ onConnection }) => onConnection), [1], "its own connection");
    },
  ));

test("app credentials are created once, even if the connection closes", () =>
  eachRow(DEATHS.map((name) => ({ name })), async ({ name: fault }) => {
    await using world = await createWorld("spatiafi");
    const { sandbox, options, user, directory } = world;
    const { interactive: _, ...common } = options;
    sandbox.fault("spatiafi.clients", fault, 2);
    const creation = createCredentials("spatiafi", user, { ...common, timeout: 5_000 });
    if (fault === "die-on-reuse") await creation;
    else await rejects(creation, "network");
    assert.equal(sandbox.count("spatiafi.clients"), 1);
    assert.equal(sandbox.requests.every(({ onConnection }) => onConnection === 1), true);
    const names = (await Array.fromAsync(Deno.readDir(directory))).map((entry) => entry.name);
    assert.equal(names.includes("app_credentials"), fault === "die-on-reuse");
  }));

test("every fault of an enrolment ends as documented, and saves nothing", () =>
  eachRow(
    [
      { name: "spatiafi.basic 500", code: "server_error", sent: 1 },
      { name: "spatiafi.basic 503", code: "server_error", sent: 3 },
      { name: "spatiafi.basic reset", code: "network", sent: 3 },
      { name: "spatiafi.basic hang", code: "timeout", sent: 1 },
      { name: "spatiafi.basic invalid-json", code: "bad_response", sent: 1 },
      { name: "spatiafi.basic no-access-token", code: "bad_response", sent: 1 },
      { name: "spatiafi.basic 302", code: "redirect_refused", sent: 1 },
      { name: "spatiafi.basic huge", code: "bad_response", sent: 1 },
      { name: "spatiafi.basic 401", code: "login_refused", sent: 1 },
      { name: "spatiafi.clients 500", code: "server_error", sent: 1 },
      { name: "spatiafi.clients 502-html", code: "server_error", sent: 1 },
      { name: "spatiafi.clients 429", code: "rate_limited", sent: 3 },
      { name: "spatiafi.clients hang", code: "timeout", sent: 1 },
      { name: "spatiafi.clients drip", code: "timeout", sent: 1 },
      { name: "spatiafi.clients html-200", code: "bad_response", sent: 1 },
      { name: "spatiafi.clients 302", code: "redirect_refused", sent: 1 },
      { name: "spatiafi.clients huge", code: "bad_response", sent: 1 },
      { name: "spatiafi.clients 401", code: "client_refused", sent: 1 },
    ] as const,
    async ({ name, code, sent }) => {
      await using world = await createWorld("spatiafi");
      const { sandbox, options, user, directory } = world;
      const { interactive: _, ...common } = options;
      const [endpoint = "", fault = ""] = name.split(" ");
      sandbox.fault(endpoint, fault, 9);
      const timeout = code === "timeout" ? 500 : 4_000;
      const error = await rejects(
        createCredentials("spatiafi", user, { ...common, timeout }),
        code,
      );
      assert.equal(sandbox.count(endpoint), sent);
      assert(!Deno.inspect(error).includes(user.password));
      const names = (await Array.fromAsync(Deno.readDir(directory))).map((entry) => entry.name);
      assert(!names.includes("app_credentials"), names.join());
    },
    12,
  ));

test("a refresh whose response is lost does not prevent the next sign-in", async () => {
  const request = TOKEN_REQUESTS.find(({ name }) => name === "refresh_token");
  assert(request);
  await using world = await underFault(request, "lost", 1, 5_000);
  const { sandbox, send, options, credentials, user, directory } = world;
  const before = await savedToken(directory);
  await rejects(send(), "network");
  assert.deepEqual(await savedToken(directory), before);
  // The server has used up the refresh token and treats its return as a theft, so the password comes next.
  const complete = { ...credentials, ...user };
  await works(await getSession("plantpredict-okta", { ...options, credentials: complete }));
  assert.equal(sandbox.count("plantpredict-okta.token.password"), 1);
  assert.equal(sandbox.count("plantpredict-okta.token.refresh_token"), 2);
});

test("device polling survives temporary errors and ends with permanent ones", () =>
  eachRow(
    [
      { name: "502-html", code: null },
      { name: "reset", code: null },
      // RFC 8628 makes it wait five seconds longer.
      ...size([], [{ name: "slow-down", code: null }] as const),
      { name: "401", code: "client_refused" },
      { name: "500", code: null },
      { name: "503", code: null },
      { name: "429", code: null },
      { name: "hang", code: null },
      { name: "invalid-json", code: "bad_response" },
      { name: "302", code: "redirect_refused" },
      { name: "huge", code: "bad_response" },
      { name: "token-type-mac", code: "bad_response" },
    ] as const,
    async ({ name, code }) => {
      await using world = await createWorld("oidc");
      const { sandbox, directory, credentials } = world;
      sandbox.fault("oidc.device_authorization", { kind: "patch", set: { interval: 1 } });
      const person = scriptedPerson({
        onShow: async (state) => {
          if (state.kind !== "device") return;
          await sandbox.approveDevice(state.completeUrl ?? state.url);
          sandbox.fault("oidc.token", name, 1);
        },
      });
      const session = getSession(oidcProvider(world, { grant: "device_code" }), {
        directory,
        credentials,
        person,
        timeout: name === "hang" ? 1_500 : 10_000,
      });
      if (code === null) await works(await session);
      else await rejects(session, code);
      await person.settled();
    },
    10,
  ));
