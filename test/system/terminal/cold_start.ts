/**
 * Row 34: a first run with an empty cache, on a terminal of 80 columns. Every line can be read, and every
 * prompt can be stopped. It downloads packages, so only `.ci/run` runs it, not `deno task test`.
 */
import assert from "node:assert/strict";
import { startSandbox } from "@onecell/auth/testing";
import { TestFolder } from "../../support/folder.ts";
import { eachRow, test } from "../../support/tests.ts";
import { denoDir } from "../../../scripts/deno_dir.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const DRIVER = new URL("drive.py", import.meta.url).pathname;
/** A first run downloads about fifty packages. */
const LIMIT = 180_000;

const python = await (async () => {
  if (Deno.build.os === "windows") return false;
  const command = new Deno.Command("python3", { args: ["-c", "import pty"], stderr: "null" });
  return await command.output().then(({ success }) => success, () => false);
})();
if (!python && Deno.env.get("CI") === "true") throw new Error("CI needs python3, for its pty");
if (!python) say("skipped: a first run on a terminal. It needs python3 with pty.");

/** What a person could read at the terminal; see `drive.py`. */
interface Seen {
  lines: string[];
  asked: string[];
  unknown: string[];
  left: number;
  late: boolean;
  code: number;
  echo: boolean;
  raw: string;
}

/** Runs Deno at a terminal, in its own home and without downloads, and types. */
async function atTerminal(
  args: readonly string[],
  steps: readonly (readonly [shown: string, typed: string])[],
  { home, env = {}, cache = home.at("cache") }: {
    home: TestFolder;
    env?: Record<string, string>;
    cache?: string;
  },
): Promise<Seen | undefined> {
  const { stdout, stderr, success } = await new Deno.Command("python3", {
    args: [DRIVER, JSON.stringify(steps), Deno.execPath(), ...args],
    clearEnv: true,
    cwd: ROOT,
    env: {
      ...inherited(),
      HOME: home.path,
      DENO_DIR: cache,
      DENO_NO_UPDATE_CHECK: "1",
      TERM: "xterm-256color",
      ...env,
    },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const seen = JSON.parse(new TextDecoder().decode(stdout)) as Seen;
  // If a registry is not reachable, that is not a fault of the lines.
  if (/could not be downloaded|error sending request/.test(seen.raw)) {
    assert.notEqual(Deno.env.get("CI"), "true", seen.raw);
    say("skipped: a cold first run on a terminal: packages cannot be downloaded here");
    return undefined;
  }
  assert.equal(seen.late, false, `it does not end: ${seen.lines.join("\n")}`);
  assert.deepEqual([seen.left, seen.unknown], [0, []], seen.lines.join("\n"));
  assert.equal(seen.echo, true, "what is typed next cannot be seen");
  return seen;
}

/** The settings of this machine that a download needs, without personal ones. */
function inherited(): Record<string, string> {
  const names = ["PATH", "NPM_CONFIG_REGISTRY", "DENO_CERT", "DENO_TLS_CA_STORE", "SSL_CERT_FILE"]
    .concat("NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY");
  const values = names.map((name): [string, string] => [name, Deno.env.get(name) ?? ""]);
  return Object.fromEntries(values.filter(([, value]) => value !== ""));
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

function cold(name: string, fn: () => Promise<void>): void {
  if (python) test(`row 34: ${name}`, fn, LIMIT);
}

/** Checks that the lines match these patterns in order: nothing is wiped, and nothing is left over. */
function readsAs(lines: readonly string[], expected: readonly RegExp[]): void {
  const text = lines.join("\n");
  assert.equal(lines.filter((line) => line !== "").length, expected.length, text);
  for (const [at, line] of lines.filter((line) => line !== "").entries()) {
    assert.match(line, expected[at] ?? /^$/, text);
  }
}

cold("every line of the demo can be read", async () => {
  await using home = await TestFolder.make();
  const seen = await atTerminal(["task", "--quiet", "demo"], [], { home });
  if (seen === undefined) return;
  const called = /^ {2}Signed in and called the API: HTTP 200, \{"item_id":.*\}$/;
  readsAs(seen.lines, [
    /^A stand-in for SpatiaFi is running at http:\/\/127\.0\.0\.1:\d+\.$/,
    /^First run$/,
    /^ {2}Created app credentials with a username and password: client ID [\w-]{36}$/,
    /^ {2}Saved them to a file that only you can read: \/.*\/spatiafi\/app_credentials$/,
    /^ {2}Loaded them into environment variables: CLIENT_ID, .*$/,
    called,
    /^Second run, tomorrow or in another notebook$/,
    called,
    /^ {2}No prompts; reused the saved token \(0 token requests\)\.$/,
    /^However you print a session, it shows no secret:$/,
    /^ {2}Session\(spatiafi, \S+@example\.com, expires \d\d:\d\d\)$/,
    /^Removed the demo's temporary folder\.$/,
  ]);
  assert.equal(seen.code, 0);
});

cold(
  "every line of the sandbox can be read, including its password, and Ctrl-C ends it",
  async () => {
    await using home = await TestFolder.make();
    const steps = [["Press Ctrl-C to stop the sandbox.", "\x03"]] as const;
    const seen = await atTerminal(["task", "--quiet", "sandbox"], steps, { home });
    if (seen === undefined) return;
    const lines = seen.lines.filter((line) => line !== "" && line !== "^C");
    const variables = lines.filter((line) => line.startsWith("export "));
    assert(variables.length > 5, seen.lines.join("\n"));
    readsAs(lines, [
      ...variables.map(() => /^export [A-Z_]+='http:\/\/[^' ]+'$/),
      /^# username: \S+@example\.com$/,
      /^# password: \S{8,}$/,
      /^# client IDs and secrets: curl http:\/\/\S+\/credentials$/,
      /^#$/,
      /^# Press Ctrl-C to stop the sandbox\.\^?C?$/,
    ]);
  },
);

const LOGIN = ["run", "-A", "--quiet", "src/cli.ts", "login", "spatiafi"];

cold("onecell login prompts in order, masks the password, and ends in one block", async () => {
  await using home = await TestFolder.make();
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  const { username = "", password = "" } = sandbox.users[0] ?? {};
  const seen = await atTerminal(LOGIN, [
    ["username", `${username}\r`],
    ["password", `${password}\r`],
  ], { home, env: sandbox.environment });
  if (seen === undefined) return;
  assert.equal(seen.code, 0, seen.lines.join("\n"));
  const host = new URL(sandbox.environment["SPATIAFI_AUTH_URL"] ?? "").host;
  assert.deepEqual(seen.asked, [
    `SpatiaFi username (for ${host}):`,
    `SpatiaFi password (for ${host}):`,
  ]);
  assert(!seen.raw.includes(password), "the password is on the screen");
  const text = seen.lines.join("\n");
  assert.match(text, new RegExp(`username \\(for ${host}\\): ${username}\n`));
  assert.match(text, new RegExp(`password \\(for ${host}\\):\n`));
  assert.match(
    text,
    new RegExp(
      `^✓ Signed in to SpatiaFi as ${username}\n {2}Credentials saved to ~/.*\n` +
        " {2}Access token expires \\d\\d:\\d\\d \\(renews automatically\\)\n*$",
      "m",
    ),
  );
});

cold("Ctrl-C at each prompt ends it with one line, and restores the terminal", async () => {
  await using home = await TestFolder.make();
  await using sandbox = await startSandbox({ systems: ["spatiafi", "plantpredict"] });
  const { username = "" } = sandbox.users[0] ?? {};
  await eachRow<{ name: string; system: string; steps: (readonly [string, string])[] }>([
    { name: "the username", system: "spatiafi", steps: [["username", "\x03"]] },
    { name: "half a username", system: "spatiafi", steps: [["username", "ad"], ["ad", "\x03"]] },
    {
      name: "the password",
      system: "spatiafi",
      steps: [["username", `${username}\r`], ["password", "\x03"]],
    },
    {
      name: "half a password",
      system: "spatiafi",
      steps: [["username", `${username}\r`], ["password", "pAss"], ["", "\x03"]],
    },
    { name: "a client ID", system: "plantpredict", steps: [["client ID (for", "\x03"]] },
    {
      name: "a client secret",
      system: "plantpredict",
      steps: [["client ID (for", "id\r"], ["client secret (for", "\x03"]],
    },
    {
      name: "the end of input",
      system: "spatiafi",
      steps: [["username", "\x04"]],
    },
  ], async ({ system, steps }) => {
    const seen = await atTerminal(LOGIN.with(-1, system), steps, {
      home,
      env: sandbox.environment,
      // One download serves all of them.
      cache: await denoDir(),
    });
    if (seen === undefined) return;
    const text = seen.lines.join("\n");
    assert.notEqual(seen.code, 0, text);
    assert(!text.includes("pAss"), text);
    const lines = seen.lines.filter((line) => line !== "");
    assert.equal(
      lines.filter((line) => /^onecell: (sign-in )?cancelled/i.test(line)).length,
      1,
      text,
    );
    assert.doesNotMatch(text, /\bat \S+:\d+|TypeError|Uncaught/, text);
  }, 2);
});
