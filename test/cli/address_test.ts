import assert from "node:assert/strict";
import { Machine } from "./onecell.ts";
import { runAtTerminal, terminalAvailable } from "./terminal.ts";

const ENTER = "\r";

/** The address of an API that is not known yet. */
const apiOf = ({ sandbox }: Machine) => sandbox.environment["OIDC_API_URL"] ?? "";

Deno.test("onecell without a terminal says how to sign in to an address, and sends nothing", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const api = apiOf(machine);
  for (const command of ["login", "token", "status", "logout", "doctor", "fetch"]) {
    const words = command === "fetch" ? [command, `${api}/api/info`] : [command, api];
    const { code, stdout, stderr } = await machine.run(words);
    assert.equal(code, command === "fetch" ? 2 : 1, `${command}: ${stderr}`);
    assert.equal(stdout, "");
    assert.match(stderr, /onecell login http:\/\/127/, command);
  }
  const { counters } = machine.sandbox;
  // Only the doctor sends a request, and only to the API.
  assert.deepEqual(Object.keys(counters).filter((name) => !/api|resource_metadata/.test(name)), []);
  const wrong = await machine.run(["login", api, "--grant", "device_code"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--grant does not go with an address/);
  const moved = await machine.run(["login", api, "--auth-url", "https://auth.example.org"]);
  assert.match(moved.stderr, /invalid_argument: "authUrl" does not go with an API's address/);
});

Deno.test({
  name:
    "onecell login ADDRESS prompts once; then token, fetch, run, status, doctor and logout know it",
  ignore: !terminalAvailable,
  async fn() {
    await using machine = await Machine.start({ systems: ["oidc"] });
    const { sandbox } = machine;
    const api = apiOf(machine);
    sandbox.fault("oidc.device_authorization", { kind: "patch", set: { interval: 1 } }, 9);
    const { code, screen } = await runAtTerminal(machine, ["login", api, "--method", "device"], [
      [
        /Sign in to 127[^?]*scopes openid api:read api:write, and stay signed in\? yes or no[^:]*: /,
        `yes${ENTER}`,
      ],
      [/(http:\/\/127\.0\.0\.1:\d+\/device\?user_code=[\w-]+)/, async ([, url = ""]) => {
        await sandbox.approveDevice(url);
      }],
    ]);
    assert.equal(code, 0, screen);
    assert.match(screen, /Signed in to 127\.0\.0\.1:\d+ as user/);
    assert.equal(sandbox.count("oidc.register.201"), 1);
    const asked = sandbox.count("oidc.discovery");

    const token = (await machine.ok(["token", api])).trim();
    assert.equal(token.split(".").length, 3);
    const info = JSON.parse(await machine.ok(["fetch", api, "/api/info?item_id=x"]));
    assert.equal(info.item_id, "x");
    assert.equal(JSON.parse(await machine.ok(["fetch", `${api}/api/info`])).item_id, "none");
    const echoed = await machine.run([
      "run",
      api,
      "--",
      "sh",
      "-c",
      "env | grep -c _ACCESS_TOKEN=",
    ]);
    assert.equal(echoed.stdout.trim(), "1");
    const status = JSON.parse(await machine.ok(["status", api, "--json"]));
    assert.equal(status.systems[0].ready, true);
    assert.equal(sandbox.count("oidc.discovery"), asked, "nothing was read again");
    const doctor = await machine.ok(["doctor", api]);
    assert.match(doctor, /Address: http:\/\/127\.0\.0\.1:\d+\/ signs in at http:\/\/127/);
    const facts = JSON.parse(await machine.ok(["doctor", api, "--json"]));
    assert.equal(new URL(facts.address.url).origin, api);
    const ended = await machine.ok(["logout", api, "--forget"]);
    assert.match(ended, /The server revoked the refresh token/);
    assert.equal(ended.match(/Removed .*app_credentials|Removed .*\.json/g)?.length, 2);
    const again = await machine.run(["status", api]);
    assert.equal(again.code, 1);
  },
});
