import assert from "node:assert/strict";
import { join } from "node:path";
import { denoRunner, runTask, type Task } from "./task.ts";
import { runTaskAtTerminal } from "./terminal.ts";
import {
  assertAnswered,
  assertHidden,
  assertPrivate,
  environment,
  INFO,
  oidc,
  values,
  type World,
} from "./world.ts";

/** One use of the package, the same under every runtime. */
export interface Scenario {
  name: string;
  /** True if it needs a terminal with a person. */
  terminal?: boolean;
  play(world: World): Promise<void>;
}

const enrolment: Scenario = {
  name: "prompts once, saves app credentials, and signs in again without a prompt",
  terminal: true,
  async play(world) {
    const { runner, sandbox, home } = world;
    const { username, password } = sandbox.users[1]!;
    const task: Task = { provider: "spatiafi", steps: [INFO, { do: "show" }, { do: "token" }] };
    const answers: [RegExp, string][] = [[/user.*: $/i, username], [/password.*: $/i, password]];
    const first = await runTaskAtTerminal(runner, task, { answers }, environment(world));
    const [answer, shown, token] = values(first);
    assertAnswered(answer);
    const directory = join(home, ".config", "spatiafi");
    const file = await Deno.readTextFile(join(directory, "app_credentials"));
    const saved = JSON.parse(file) as { client_id: string; client_secret: string };
    assertHidden(`${shown}${first.output}`, [saved.client_secret, String(token), password]);
    await assertPrivate(directory);

    const again = values(await runTask(runner, { ...task, steps: [INFO] }, environment(world)));
    assertAnswered(again[0]);
    assert.equal(sandbox.count("spatiafi.clients"), 1);
    assert.equal(sandbox.count("spatiafi.token"), 1, "the second start uses the saved token");
    const load: Task = { provider: null, steps: [{ do: "load", name: "spatiafi" }] };
    const [loaded] = values(await runTask(runner, load, environment(world)));
    const { variables, shown: printed } = loaded as { variables: string[]; shown: string };
    assert.ok(variables.includes("CLIENT_ID") && variables.includes("SPATIAFI_CLIENT_SECRET"));
    assertHidden(printed, [saved.client_secret]);
  },
};

const renewal: Scenario = {
  name: "renews an expired token, and one that the API no longer accepts",
  async play(world) {
    const { runner, sandbox } = world;
    sandbox.setTokenLifetime(2);
    const { clientId, clientSecret } = sandbox.client("spatiafi");
    const env = {
      ...environment(world),
      SPATIAFI_CLIENT_ID: clientId,
      SPATIAFI_CLIENT_SECRET: clientSecret!,
    };
    const steps: Task["steps"] = [INFO, { do: "sleep", milliseconds: 2200 }, INFO];
    const [before, , after] = values(await runTask(runner, { provider: "spatiafi", steps }, env));
    assertAnswered(before);
    assertAnswered(after);
    sandbox.setTokenLifetime(900);
    values(await runTask(runner, { provider: "spatiafi", steps: [INFO] }, env));
    sandbox.revokeAccessTokens();
    const replay = await runTask(runner, { provider: "spatiafi", steps: [INFO] }, env);
    assertAnswered(values(replay)[0]);
  },
};

const password: Scenario = {
  name: "signs in with a password, refreshes, and logs out",
  async play(world) {
    const { runner, sandbox } = world;
    const { clientId, clientSecret } = sandbox.client("plantpredict-okta");
    const credentials = { ...sandbox.users[1]!, client_id: clientId, client_secret: clientSecret };
    const report = await runTask(runner, {
      provider: "plantpredict-okta",
      // Node's own timers use whole milliseconds only.
      options: { credentials, timeout: 20_000.5 },
      steps: [INFO, { do: "refresh" }, INFO, { do: "show" }, { do: "logout" }],
    }, environment(world));
    const [first, refreshed, second, shown] = values(report);
    assertAnswered(first);
    assert.equal(refreshed, true);
    assertAnswered(second);
    assertHidden(String(shown), [credentials.password, clientSecret!]);
    assert.equal(sandbox.count("plantpredict-okta.token.password"), 1);
    assert.ok(sandbox.count("plantpredict-okta.revoke") > 0);
  },
};

const code: Scenario = {
  name: "signs in with code and PKCE through a browser",
  terminal: true,
  async play(world) {
    const { runner, sandbox } = world;
    const task: Task = {
      provider: oidc(sandbox, "browser"),
      options: { credentials: { client_id: sandbox.client("oidc").clientId } },
      steps: [INFO, { do: "token" }],
    };
    const browser = async (url: string) => {
      const page = await fetch(await sandbox.completeSignIn(url));
      assert.ok(page.ok, await page.text());
      await page.body?.cancel().catch(() => {});
    };
    const report = await runTaskAtTerminal(runner, task, { browser }, environment(world));
    const [answer, token] = values(report);
    assertAnswered(answer);
    assertHidden(report.output, [String(token)]);
  },
};

const device: Scenario = {
  name: "signs in with a device code",
  terminal: true,
  async play(world) {
    const { runner, sandbox } = world;
    const issuer = sandbox.environment["OIDC_ISSUER"]!;
    const task: Task = {
      provider: oidc(sandbox, "device"),
      options: { credentials: { client_id: sandbox.client("oidc").clientId } },
      steps: [INFO],
    };
    const link = new RegExp(`${issuer}/\\S*user_code=([A-Z0-9-]{8,})\\s`);
    const approve = ([url]: RegExpExecArray) => sandbox.approveDevice(url.trim());
    const player = { watch: [link, approve] as [RegExp, typeof approve] };
    const report = await runTaskAtTerminal(runner, task, player, environment(world));
    assertAnswered(values(report)[0]);
  },
};

const race: Scenario = {
  name: "refreshes once for processes of two runtimes that share a store",
  async play(world) {
    const { runner, sandbox } = world;
    const { clientId, clientSecret } = sandbox.client("plantpredict-okta");
    const credentials = { ...sandbox.users[0]!, client_id: clientId, client_secret: clientSecret };
    const task: Task = {
      provider: "plantpredict-okta",
      options: { credentials, interactive: false },
      steps: [INFO],
    };
    // The sandbox counts in whole seconds, so a token of one second may be expired at once. It is not used.
    sandbox.setTokenLifetime(1);
    values(await runTask(runner, { ...task, steps: [] }, environment(world)));
    sandbox.setTokenLifetime(900);
    await new Promise((done) => setTimeout(done, 1100));
    assert.equal(sandbox.count("plantpredict-okta.token.refresh_token"), 0);
    const start = Date.now() + 1500;
    const deno = await denoRunner();
    const runners = [runner, deno, runner, deno, runner, deno];
    const reports = await Promise.all(
      runners.map((one) => runTask(one, { ...task, start }, environment(world))),
    );
    for (const report of reports) assertAnswered(values(report)[0]);
    assert.equal(sandbox.count("plantpredict-okta.token.refresh_token"), 1);
    assert.equal(sandbox.count("plantpredict-okta.families_revoked"), 0);
    assert.equal(sandbox.count("plantpredict-okta.token.password"), 1);
  },
};

const nobody: Scenario = {
  name: "fails at once without a person",
  async play(world) {
    const report = await runTask(
      world.runner,
      { provider: "spatiafi", steps: [] },
      environment(world),
    );
    assert.equal(report.error?.code, "credentials_missing");
    assert.match(report.error?.message ?? "", /SPATIAFI_CLIENT_ID/);
  },
};

/** All scenarios. */
export const scenarios: Scenario[] = [enrolment, renewal, password, code, device, race, nobody];
