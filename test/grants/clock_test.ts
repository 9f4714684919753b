import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import { createDpopProver } from "../../src/token/dpop.ts";
import { obtainToken } from "../../src/grants/obtain_token.ts";
import { spatiafi } from "../../src/providers/registry.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import { call } from "../support/call.ts";
import { grantParts } from "../support/parts.ts";
import { answerOf } from "../support/program.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld, type World } from "../support/world.ts";

/** The parts of a token request to the sandbox, on a machine whose clock is off. */
async function partsWithClock({ options, credentials }: World, seconds: number) {
  const runtime = await currentRuntime();
  const { authUrl = "", apiUrl = "" } = options;
  return grantParts(fetch, {
    provider: spatiafi,
    system: resolveSystem(spatiafi, { authUrl, apiUrl }, {}),
    values: credentials,
    openFetch: () => runtime.onceFetch(),
    clock: { offset: seconds * 1000 },
  });
}

test("an assertion that looks old is signed again with the server's time, once", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox } = world;
  // A wrong offset to the server's clock makes the assertion ten minutes old, like a wrong clock.
  const parts = await partsWithClock(world, -600);
  const token = await obtainToken(parts, { grant: "client_credentials" });
  assert.equal(typeof token.access_token, "string");
  assert.equal(sandbox.count("spatiafi.token"), 2);
  assert(Math.abs(parts.clock.offset) < 5_000, `${parts.clock.offset} ms`);
  // Now the offset is known, so the next assertion is accepted at once.
  await obtainToken(parts, { grant: "client_credentials" });
  assert.equal(sandbox.count("spatiafi.token"), 3);
});

test("a refused client is not retried for its clock if the clock is right", async () => {
  await using world = await createWorld("spatiafi");
  const parts = await partsWithClock(world, 0);
  parts.values = { ...parts.values, client_secret: "wrong" };
  await assert.rejects(obtainToken(parts, { grant: "client_credentials" }));
  assert.equal(world.sandbox.count("spatiafi.token"), 1);
});

/** A machine whose clock is off. It goes wrong before anything else is loaded. */
const clockOff = (seconds: number) => `
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...args) { args.length === 0 ? super(Date.now()) : super(...args); }
    static now() { return RealDate.now() + ${seconds * 1000}; }
  };
`;

test("a machine whose clock is ten minutes off signs in and gets no 401", () =>
  eachRow(
    [-600, 600].flatMap((seconds) =>
      (["spatiafi", "plantpredict", "ocs"] as const).map((system) => ({
        name: `${system} ${seconds} s`,
        system,
        seconds,
      }))
    ),
    async ({ system, seconds }) => {
      await using world = await createWorld(system, { tokenLifetime: 2 });
      const { sandbox, options, credentials } = world;
      const { statuses, elapsed } = await answerOf<{ statuses: number[]; elapsed: number }>(
        `
        const began = performance.now();
        const session = await auth.getSession(data.system, data.options);
        const statuses = [];
        for (let round = 0; round < 6; round++) {
          const response = await session.fetch("/api/info");
          await response.body.cancel();
          statuses.push(response.status);
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
        console.log(JSON.stringify({ statuses, elapsed: (performance.now() - began) / 1000 }));
        `,
        {
          before: clockOff(seconds),
          data: { system, options: { ...options, credentials } },
          env: { HOME: world.directory },
        },
      );
      assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200]);
      // The sandbox counts in whole seconds, so its tokens are valid for one to two.
      const count = sandbox.count(`${system}.token.200`);
      assert(count >= 2 && count <= 1 + elapsed, `${count} tokens in ${elapsed} s`);
    },
    6,
  ));

test("four seconds of two-second tokens: every call works, without a storm of renewals", async () => {
  await using world = await createWorld("plantpredict", { tokenLifetime: 2 });
  const { sandbox, options, credentials } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  const end = Date.now() + 4_000;
  let calls = 0;
  while (Date.now() < end) {
    assert.equal((await call(session)).status, 200);
    calls++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert(calls > 20, `${calls} calls`);
  // The sandbox counts in whole seconds, so its tokens are valid for one to two.
  const tokens = sandbox.count("plantpredict.token");
  assert(tokens >= 2 && tokens <= 5, `${tokens} tokens`);
});

test("a wrong Date header of the API does not change a token's expiry", async () => {
  await using world = await createWorld("plantpredict");
  const { sandbox, options, credentials } = world;
  sandbox.fault("plantpredict.token", "date", 1);
  sandbox.fault("plantpredict.api", "date", 3);
  const session = await getSession("plantpredict", { ...options, credentials });
  for (let turn = 0; turn < 3; turn++) assert.equal((await call(session)).status, 200);
  assert.equal(sandbox.count("plantpredict.token"), 1);
  assert(Math.abs((session.expiresAt?.getTime() ?? 0) - Date.now() - 900_000) < 10_000);
});

test("a DPoP proof uses the server's time", async () => {
  const { createDpopKey } = await import("../../src/token/dpop.ts");
  const key = await createDpopKey();
  const url = new URL("https://api.example.com/a?b=c");
  const now = 1_700_000_000_000;
  const proof = await (await createDpopProver(key, "token"))({ method: "GET", url, now });
  const [header = "", payload = ""] = proof.split(".").slice(0, 2).map((part) =>
    atob(part.replaceAll("-", "+").replaceAll("_", "/"))
  );
  const { iat, htu, htm } = JSON.parse(payload);
  assert.deepEqual({ iat, htu, htm }, {
    iat: 1_700_000_000,
    htu: "https://api.example.com/a",
    htm: "GET",
  });
  assert.deepEqual(Object.keys(JSON.parse(header).jwk).sort(), ["crv", "kty", "x", "y"]);
});
