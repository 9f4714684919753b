// deno-lint-ignore-file no-control-regex -- a terminal is steered by them
import assert from "node:assert/strict";
import { Machine } from "./onecell.ts";
import { runAtTerminal, terminalAvailable } from "./terminal.ts";

/** A test that needs a terminal. Without one it is skipped, with a line of output. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    fn,
    ignore: !terminalAvailable,
    sanitizeOps: true,
    sanitizeResources: true,
    sanitizeExit: true,
  });
}

const ENTER = "\r";
const CTRL_C = "\x03";
/** The output of a spinner while it waits for a person. */
const SPINNER = /\r\x1b\[K[|/\\-] Waiting for you to sign in \(Ctrl-C cancels\)/;

/** A file that defines the sandbox's OpenID provider, to sign in to with a device code. */
async function describeDevice({ sandbox, home }: Machine): Promise<Record<string, string>> {
  await Deno.writeTextFile(
    home.at("device.json"),
    JSON.stringify({
      name: "device",
      grant: "device_code",
      issuer: sandbox.environment["OIDC_ISSUER"],
      apiUrl: sandbox.environment["OIDC_API_URL"],
      scope: "openid offline_access api:read",
    }),
  );
  // It polls every second, so that a test need not wait for five.
  sandbox.fault("oidc.device_authorization", { kind: "patch", set: { interval: 1 } }, 9);
  return { DEVICE_CLIENT_ID: sandbox.client("oidc").clientId };
}

test("login prompts at a terminal, and never shows a password on the screen", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const { sandbox } = machine;
  const [user, foreigner] = sandbox.users;
  machine.secrets.add("a-wrong-one!");
  const { code, screen } = await runAtTerminal(machine, ["login", "spatiafi"], [
    [/SpatiaFi username \(for 127\.0\.0\.1:\d+\): /, user?.username + ENTER],
    [/SpatiaFi password \(for 127\.0\.0\.1:\d+\): /, "a-wrong-one!" + ENTER],
    [
      /did not accept the username or password[^]*SpatiaFi username \(for [^)]+\): /,
      foreigner?.username + ENTER,
    ],
    [/SpatiaFi password \(for 127\.0\.0\.1:\d+\): /, foreigner?.password + ENTER],
  ]);
  assert.equal(code, 0, screen);
  // Values that are not secret are echoed.
  assert(screen.includes(`): ${user?.username}`), screen);
  assert.match(screen, /\x1b\[32m✓\x1b\[39m Signed in to SpatiaFi (as|with) /);
  assert.equal(screen.match(/Signed in to/g)?.length, 1, "said once");
  assert.equal(sandbox.count("spatiafi.clients"), 1);

  const plain = await runAtTerminal(machine, ["status"], [], { env: { NO_COLOR: "1" } });
  assert.match(plain.screen, /^✓ SpatiaFi \(spatiafi\): signed in /);
  // Output to a file has no colours, even if the terminal supports them.
  await runAtTerminal(machine, ["status"], [], { redirect: "> status.txt" });
  assert.match(await Deno.readTextFile(machine.home.at("status.txt")), /^✓ SpatiaFi/);
});

test("a prompt echoes a client ID and masks a secret", async () => {
  await using machine = await Machine.start({ systems: ["plantpredict"] });
  const { clientId, clientSecret } = machine.sandbox.client("plantpredict");
  const { code, screen } = await runAtTerminal(machine, ["login", "plantpredict"], [
    [/Enter your client ID and client secret\. You only need to do this once\./, ""],
    [/PlantPredict client ID \(for 127\.0\.0\.1:\d+\): /, clientId + ENTER],
    [/PlantPredict client secret \(for 127\.0\.0\.1:\d+\): /, clientSecret + ENTER],
  ]);
  assert.equal(code, 0, screen);
  assert(screen.includes(`): ${clientId}`), screen);
});

test("--user answers the first prompt, and --no-input never prompts", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const [user] = machine.sandbox.users;
  const silent = await runAtTerminal(machine, ["login", "spatiafi", "--no-input"], []);
  assert.equal(silent.code, 1);
  assert.match(silent.screen, /onecell: credentials_missing: /);
  const { code, screen } = await runAtTerminal(
    machine,
    ["login", "spatiafi", "--user", user?.username ?? ""],
    [[/SpatiaFi password \(for 127\.0\.0\.1:\d+\): /, user?.password + ENTER]],
  );
  assert.equal(code, 0, screen);
  assert.doesNotMatch(screen, /username \(for/);
});

test("Ctrl-C at a prompt ends the command with exit code 130", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  for (
    const play of [
      [[/username \(for [^)]+\): /, CTRL_C]],
      [[/username \(for [^)]+\): /, "ada" + ENTER], [/password \(for [^)]+\): /, "half" + CTRL_C]],
    ] as [RegExp, string][][]
  ) {
    const { code, screen } = await runAtTerminal(machine, ["login", "spatiafi"], play);
    assert.equal(code, 130, screen);
    assert.match(screen, /onecell: cancelled\.\r\n$/);
  }
  assert.equal(machine.sandbox.count("spatiafi.basic"), 0);
});

test("a device sign-in shows a spinner on the terminal, but not in a file", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { sandbox, home } = machine;
  const env = await describeDevice(machine);
  const approve = async ([url = ""]: RegExpExecArray) => {
    await new Promise((done) => setTimeout(done, 1200));
    await sandbox.approveDevice(url);
  };
  const link = /http:\/\/127\.0\.0\.1:\d+\/device\?user_code=[A-Z0-9-]+/;
  const args = ["login", "--provider", "device.json"];
  const shown = await runAtTerminal(machine, args, [[link, approve]], { env });
  assert.equal(shown.code, 0, shown.screen);
  assert.match(shown.screen, SPINNER);
  assert.match(shown.screen, /✓.* Signed in to device as /);
  // Later commands use the session; nothing is left to wait for.
  assert.match(await machine.ok(["status", ...args.slice(1)], { env }), /signed in as /);

  const file = home.at("messages.txt");
  const watch = async () => {
    for (;;) {
      const found = link.exec(await Deno.readTextFile(file).catch(() => ""));
      if (found) return await approve(found);
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  const watching = watch();
  const quiet = await runAtTerminal(machine, [...args, "--force"], [], {
    env,
    redirect: "2> messages.txt",
  });
  await watching;
  assert.equal(quiet.code, 0, quiet.screen);
  const messages = await Deno.readTextFile(file);
  assert.match(messages, /or enter it/);
  assert.doesNotMatch(messages, /\x1b|Waiting/);
});

test("Ctrl-C during a sign-in ends the command with exit code 130, and saves nothing", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const env = await describeDevice(machine);
  machine.sandbox.clearFaults(); // it polls every five seconds, and the test must not wait for that
  let pressed = 0;
  const { code, screen } = await runAtTerminal(
    machine,
    ["login", "--provider", "device.json"],
    [[/Waiting for you/, () => Promise.resolve(void (pressed = performance.now()))], [
      /Waiting for you/,
      CTRL_C,
    ]],
    { env },
  );
  assert.equal(code, 130, screen);
  assert(performance.now() - pressed < 3500, "it waited for what was stopped");
  assert.doesNotMatch(screen, /The sign-in was stopped/, "said once");
  assert.match(screen, /onecell: cancelled\.\r\n$/);
  const after = await machine.run(["status", "--provider", "device.json"], { env });
  assert.deepEqual([after.code, after.stdout.includes("session:")], [1, false]);
});

test("fetch ends with a new line at a terminal, even for a body without one", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const shown = await runAtTerminal(machine, ["fetch", "spatiafi", "/api/big?n=5"], []);
  assert.deepEqual([shown.code, shown.screen], [0, "xxxxx\r\n"]);
  await runAtTerminal(machine, ["fetch", "spatiafi", "/api/big?n=5"], [], { redirect: "> body" });
  assert.equal(await Deno.readTextFile(machine.home.at("body")), "xxxxx");
});

test("a refused sign-in prints one error at a terminal", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const [user] = machine.sandbox.users;
  machine.secrets.add("a-wrong-one!");
  const tries = Array.from({ length: 3 }, (): [RegExp, string][] => [
    [/SpatiaFi username \(for [^)]+\): /, user?.username + ENTER],
    [/SpatiaFi password \(for [^)]+\): /, "a-wrong-one!" + ENTER],
  ]).flat();
  const { code, screen } = await runAtTerminal(machine, ["login", "spatiafi"], tries);
  assert.equal(code, 1, screen);
  const last = screen.slice(screen.lastIndexOf("password (for "));
  assert.equal(last.match(/did not accept the/g)?.length, 1, last);
  assert.match(last, /onecell: login_refused: /);
});

test("token prints only the token, and the sign-in before it goes to standard error", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  const [user] = machine.sandbox.users;
  const { code, screen } = await runAtTerminal(machine, ["token", "spatiafi"], [
    [/SpatiaFi username \(for [^)]+\): /, user?.username + ENTER],
    [/SpatiaFi password \(for [^)]+\): /, user?.password + ENTER],
  ], { redirect: "> token.txt" });
  assert.equal(code, 0, screen);
  assert.equal(screen.match(/Signed in to SpatiaFi/g)?.length, 1, screen);
  assert.match(await Deno.readTextFile(machine.home.at("token.txt")), /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
});

test("Ctrl-C at a terminal reaches the program that run started, once", async () => {
  await using machine = await Machine.start({ systems: ["spatiafi"] });
  await machine.login();
  const script = 'trap "echo int" INT; echo ready; for at in 1 2 3; do sleep 0.3; done; exit 5';
  const { code, screen } = await runAtTerminal(
    machine,
    ["run", "spatiafi", "--", "sh", "-c", script],
    [[/ready/, CTRL_C]],
  );
  assert.equal(code, 5, screen);
  assert.equal(screen.match(/int/g)?.length, 1, screen);
});
