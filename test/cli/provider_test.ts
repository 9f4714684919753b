import assert from "node:assert/strict";
import { run } from "../../src/cli/run.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { TestFolder } from "../support/folder.ts";
import { allRuntimes } from "../support/runtimes.ts";
import { test } from "../support/tests.ts";
import { fakeHost } from "./fake_host.ts";
import { Machine } from "./onecell.ts";

const FOLDER = [".config", "onecell", "providers"];

/** A definition of the sandbox's OpenID provider. */
async function definitionOn(machine: Machine, more: Record<string, unknown> = {}): Promise<string> {
  const { issuer, apiUrl } = await machine.ownSystem();
  const definition = { name: "weather", title: "Weather", issuer, apiUrl, ...more };
  const path = machine.home.at("weather.json");
  await Deno.writeTextFile(path, JSON.stringify(definition, null, 2));
  return path;
}

test("every command knows an added definition by its name", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { home } = machine;
  const { env } = await machine.ownSystem();
  const values = {
    WEATHER_CLIENT_ID: env["MINE_CLIENT_ID"] ?? "",
    WEATHER_CLIENT_SECRET: env["MINE_CLIENT_SECRET"] ?? "",
  };
  const file = await definitionOn(machine);
  const asked = await machine.run(["provider", "add", file]);
  assert.equal(asked.code, 2);
  assert.match(asked.stdout, /Client secret goes to: +127\.0\.0\.1:\d+ and the endpoints/);
  assert.match(asked.stderr, /Cannot prompt here/);
  assert.match((await machine.run(["token", "weather"])).stderr, /unknown_provider/);

  const added = await machine.ok(["provider", "add", file, "--yes"]);
  assert.match(added, /✓ Added weather \(~\/\.config\/onecell\/providers\/weather\.json\)/);
  const kept = home.at(...FOLDER, "weather.json");
  assert.equal((await Deno.stat(kept)).mode! & 0o777, 0o600);
  assert.equal((await Deno.stat(home.at(...FOLDER))).mode! & 0o777, 0o700);
  assert.match(await machine.ok(["provider", "add", file, "--yes"]), /Added/);

  const options = { env: values };
  assert.match(await machine.ok(["token", "weather"], options), /^\S+\n$/);
  assert.match(
    await machine.ok(["status", "weather"], options),
    /^✓ Weather \(weather\): [^]*Definition: ~\/\.config\/onecell\/providers\/weather\.json/,
  );
  assert.match(await machine.ok(["status"], options), /Weather \(weather\)/);
  assert.match(
    await machine.ok(["doctor", "weather"], options),
    /Definition: ~\/\.config\/onecell\/providers\/weather\.json/,
  );
  assert.match(await machine.ok(["providers"]), /^weather +Weather +client_credentials +~/m);
  const listed = JSON.parse(await machine.ok(["providers", "--json"]));
  assert.equal(listed.at(-1).definition, kept);
  for (const shell of ["bash", "zsh", "fish"]) {
    assert.match(await machine.ok(["completions", shell]), / weather'/);
  }
  const typo = await machine.run(["token", "weahter"]);
  assert.match(typo.stderr, /Did you mean "weather"\?/);
  // Notebooks are also scanned for its variables.
  const notebook = home.at("n.ipynb");
  const source = [`secret = "${values.WEATHER_CLIENT_SECRET}"`];
  const cells = [{ cell_type: "code", source, outputs: [], metadata: {} }];
  await Deno.writeTextFile(notebook, JSON.stringify({ cells, nbformat: 4, metadata: {} }));
  const scanned = await machine.run(["scan", notebook], options);
  assert.equal(scanned.code, 1);
  assert.match(scanned.stdout, /weather client_secret \(WEATHER_CLIENT_SECRET\)/);

  assert.match(await machine.ok(["provider", "remove", "weather"]), /✓ Removed ~\/\.config/);
  assert.match((await machine.run(["token", "weather"])).stderr, /unknown_provider/);
  assert.equal((await machine.run(["provider", "remove", "weather"])).code, 1);
  assert.equal((await machine.run(["provider", "remove", "../../x"])).code, 1);
});

test("add replaces another definition only with --replace, and refuses an invalid one", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { home } = machine;
  await machine.ok(["provider", "add", await definitionOn(machine), "--yes"]);
  const other = await definitionOn(machine, { title: "Another one" });
  const refused = await machine.run(["provider", "add", other, "--yes"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /Another definition is in .*--yes --replace/);
  const json = await machine.ok(["provider", "add", other, "--yes", "--replace", "--json"]);
  assert.equal(JSON.parse(json).replaced, true);
  assert.match(await machine.ok(["providers"]), /Another one/);

  for (const name of ["spatiafi", "aws"]) {
    const bad = await machine.run([
      "provider",
      "add",
      await definitionOn(machine, { name }),
      "--yes",
    ]);
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /weather\.json:2: .*another system's secrets/);
  }
  // Anyone who can write there decides where secrets go.
  await Deno.chmod(home.at(...FOLDER), 0o777);
  const open = await machine.run(["token", "weather"]);
  assert.match(open.stderr, /invalid_argument: .*others can write.*chmod 700/);
  const listed = await machine.run(["providers"]);
  assert.equal(listed.code, 1);
  assert.match(listed.stderr, /others can write/);
  const status = await machine.run(["status"]);
  assert.match(status.stdout, /✗ weather \(weather\)[^]*invalid_argument/);
});

test("check lists every mistake with its line, or the destination of each value", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const bad = await definitionOn(machine, { scopes: "a", dpop: "yes" });
  const { code, stdout } = await machine.run(["provider", "check", bad]);
  assert.equal(code, 1);
  assert.match(stdout, /weather\.json:6: "scopes" .*Did you mean "scope"/);
  assert.match(stdout, /weather\.json:7: "dpop" must be true or false/);
  const report = JSON.parse((await machine.run(["provider", "check", bad, "--json"])).stdout);
  assert.deepEqual([report.ok, report.faults.length], [false, 2]);

  const good = await definitionOn(machine, { tokenParameters: { a: "b" } });
  assert.match(await machine.ok(["provider", "check", good]), /^Name: +weather \(Weather\)\n/);
  await Deno.rename(good, machine.home.at("other.json"));
  const renamed = await machine.run(["provider", "check", machine.home.at("other.json")]);
  assert.equal(renamed.code, 0);
  assert.match(renamed.stderr, /must be called weather\.json/);
  for (const args of [["chek", "x"], ["check"], ["add", "a", "b"]]) {
    assert.equal((await machine.run(["provider", ...args])).code, 2, args.join(" "));
  }
});

test("a definition may run a program only from the user's folder, and only after it was shown", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const { home } = machine;
  const command = { issuer: undefined, tokenCommand: ["echo", "from-a-command"] };
  const file = await definitionOn(machine, command);
  const direct = await machine.run(["token", "--provider", file]);
  assert.match(direct.stderr, /runs "echo from-a-command".*onecell provider add FILE/);
  const named = await machine.run(["token", "weather"], {
    env: { ONECELL_PROVIDERS: home.path },
  });
  assert.match(named.stderr, /runs "echo from-a-command"/);
  await Deno.mkdir(home.at("named"), { mode: 0o700 });
  const apart = await machine.run(["provider", "add", file, "--yes"], {
    env: { ONECELL_PROVIDERS: home.at("named") },
  });
  assert.equal(apart.code, 1);
  assert.match(apart.stderr, /invalid_argument: .*Unset the variable/);
  const asked = await machine.run(["provider", "add", file]);
  assert.match(asked.stdout, /! Its tokenCommand runs "echo from-a-command"/);
  await machine.ok(["provider", "add", file, "--yes"]);
  assert.match(await machine.ok(["providers"]), /^weather /m);
  assert.equal(await machine.ok(["token", "weather"]), "from-a-command\n");
  const json = await machine.run(["provider", "add", file, "--json"]);
  assert.deepEqual([json.code, JSON.parse(json.stdout).replaced], [0, false]);
  assert.match(json.stderr, /Its tokenCommand runs/);
});

test("definitions are saved, found and refused alike in every runtime", async () => {
  await using machine = await Machine.start({ systems: ["oidc"] });
  const file = await definitionOn(machine);
  const kept = machine.home.at(...FOLDER, "weather.json");
  for (const runtime of await allRuntimes()) {
    const ok = (...args: string[]) => machine.ok(args, { runtime });
    assert.match(await ok("provider", "add", file, "--yes"), /✓ Added weather/, runtime.name);
    assert.match(await ok("providers"), /^weather /m, runtime.name);
    assert.equal(await ok("switch", "weather"), "* default\n", runtime.name);
    await Deno.chmod(kept, 0o666);
    const { stderr } = await machine.run(["token", "weather"], { runtime });
    assert.match(stderr, /invalid_argument: .*others can write to it/, runtime.name);
    assert.match(await ok("provider", "remove", "weather"), /✓ Removed/, runtime.name);
    const gone = await machine.run(["token", "weather"], { runtime });
    assert.match(gone.stderr, /unknown_provider/, runtime.name);
  }
}, 120_000);

test("add prompts at the terminal, after it has shown everything", async () => {
  await using home = await TestFolder.make();
  const file = home.at("weather.json");
  const definition = {
    name: "weather",
    apiUrl: "https://api.weather.example",
    issuer: "https://login.weather.example",
  };
  await Deno.writeTextFile(file, JSON.stringify(definition));
  const add = async (answer: string | null, what = file) => {
    const played = fakeHost({ inputIsTerminal: true, answers: [answer], home: home.path });
    const real = await currentRuntime();
    const runtime = Object.assign(Object.create(played.runtime), {
      files: real.files,
      errorKind: real.errorKind,
      missingFlag: real.missingFlag,
      userId: real.userId,
      loopbackFetch: real.loopbackFetch,
    });
    const host = Object.assign(played, { runtime });
    const code = await run(["provider", "add", what], host);
    const kept = await Deno.stat(home.at(...FOLDER, "weather.json")).then(() => true, () => false);
    return { code, kept, output: host.output, asked: played.runtime.written.join("") };
  };
  for (const answer of ["no", "", "n", null]) {
    const { kept, output, asked } = await add(answer);
    assert.equal(kept, false, String(answer));
    assert.match(output, /Client secret goes to: +login\.weather\.example/);
    assert.match(asked, /Add weather\? yes or no/);
  }
  const { code, kept } = await add("yes");
  assert.deepEqual([code, kept], [0, true]);

  // The same from a URL. A second definition with that name needs its own confirmation.
  const other = { ...definition, title: "Another" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json(other),
  );
  try {
    const url = `http://127.0.0.1:${server.addr.port}/weather.json`;
    const refused = await add("no", url);
    assert.equal(refused.code, 1);
    assert.match(refused.asked, /Replace the other definition in .* with Another\? yes or no/);
    assert.equal((await add("y", url)).code, 0);
    const text = await Deno.readTextFile(home.at(...FOLDER, "weather.json"));
    assert.equal(JSON.parse(text).title, "Another");
  } finally {
    await server.shutdown();
  }
});
