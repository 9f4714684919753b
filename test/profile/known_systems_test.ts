import assert from "node:assert/strict";
import { definitionOf, isForeign } from "../../src/providers/define_provider.ts";
import {
  definitionFolders,
  findSystem,
  listSystems,
  readProvider,
  systemNamed,
} from "../../src/profile/known_systems.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { fakeRuntime } from "../support/fakes.ts";
import { TestFolder } from "../support/folder.ts";
import { answerOf } from "../support/program.ts";
import { rejects, throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const weather = {
  name: "weather",
  title: "Weather",
  apiUrl: "https://api.weather.example",
  issuer: "https://login.weather.example",
};

/** This machine with other folders of definitions. */
async function machineWith(folders: string[], more: Partial<Runtime> = {}): Promise<Runtime> {
  const real = await currentRuntime();
  return {
    ...real,
    getEnvironment: (name) =>
      name === "ONECELL_PROVIDERS" ? folders.join(":") : real.getEnvironment(name),
    ...more,
  };
}

/** A folder with definitions, private as it should be. */
async function folderWith(
  folder: TestFolder,
  files: Record<string, unknown>,
  name = "definitions",
): Promise<string> {
  await Deno.mkdir(folder.at(name), { mode: 0o700 });
  for (const [file, content] of Object.entries(files)) {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    await Deno.writeTextFile(folder.at(name, file), text, { mode: 0o600 });
  }
  return folder.at(name);
}

test("definitionFolders() returns the user's folder, then the administrator's, or those of a variable", () =>
  eachRow<{
    name: string;
    platform: "linux" | "darwin" | "windows";
    environment?: Record<string, string>;
    home?: string;
    folders: string[];
  }>([
    {
      name: "Linux",
      platform: "linux",
      home: "/home/ada",
      folders: ["/home/ada/.config/onecell/providers", "/etc/onecell/providers"],
    },
    {
      name: "a configuration folder in another location",
      platform: "linux",
      home: "/home/ada",
      environment: { XDG_CONFIG_HOME: "/c" },
      folders: ["/c/onecell/providers", "/etc/onecell/providers"],
    },
    { name: "no home", platform: "linux", folders: ["/etc/onecell/providers"] },
    {
      name: "macOS",
      platform: "darwin",
      home: "/Users/ada",
      folders: [
        "/Users/ada/Library/Application Support/onecell/providers",
        "/Library/Application Support/onecell/providers",
      ],
    },
    {
      name: "Windows",
      platform: "windows",
      environment: { LOCALAPPDATA: "C:\\L", PROGRAMDATA: "D:\\P" },
      folders: ["C:\\L\\onecell\\providers", "D:\\P\\onecell\\providers"],
    },
    {
      name: "a variable",
      platform: "linux",
      home: "/home/ada",
      environment: { ONECELL_PROVIDERS: "/a:/b:" },
      folders: ["/a", "/b"],
    },
    {
      name: "a variable on Windows",
      platform: "windows",
      environment: { ONECELL_PROVIDERS: "C:\\a;D:\\b" },
      folders: ["C:\\a", "D:\\b"],
    },
  ], ({ platform, environment = {}, home, folders }) => {
    const runtime = fakeRuntime({ platform, environment, ...(home === undefined ? {} : { home }) });
    assert.deepEqual(definitionFolders(runtime).map(({ path }) => path), folders);
  }));

test("definitionFolders() refuses a relative folder, because it would differ for each notebook", () => {
  const runtime = fakeRuntime({ environment: { ONECELL_PROVIDERS: "/a:work" } });
  throws(() => definitionFolders(runtime), "invalid_argument", /"work".*absolute/);
});

test("findSystem() uses the first folder's definition, with $schema, and marks it as one from a file", async () => {
  await using folder = await TestFolder.make();
  const $schema = "./provider.schema.json";
  const own = await folderWith(folder, { "weather.json": { $schema, ...weather } }, "own");
  const shared = await folderWith(folder, {
    "weather.json": { ...weather, title: "The administrator's" },
    "tides.json": `\ufeff${
      JSON.stringify({ ...weather, name: "tides", apiUrl: "https://t.example" })
    }`,
    "README.md": "no definition",
    "provider.schema.json": "{}",
    ".hidden.json": "{",
    "Upper.json": weather,
  }, "shared");
  const runtime = await machineWith([own, shared]);
  const found = await findSystem(runtime, "weather");
  assert.deepEqual(
    [found.title, isForeign(found), definitionOf(found)],
    ["Weather", true, `${own}/weather.json`],
  );
  assert.equal((await findSystem(runtime, "tides")).name, "tides");
  assert.equal((await findSystem(runtime, "https://t.example/x")).name, "tides");
  assert.deepEqual((await listSystems(runtime)).map(({ name, path }) => [name, path]), [
    ["weather", `${own}/weather.json`],
    ["Upper", `${shared}/Upper.json`],
    ["tides", `${shared}/tides.json`],
  ]);
  await rejects(findSystem(runtime, "wether"), "unknown_provider", /Did you mean "weather"\?/);
  await rejects(findSystem(runtime, "spatifi"), "unknown_provider", /Did you mean "spatiafi"\?/);
  await rejects(findSystem(runtime, "quite-another"), "unknown_provider", /"tides"/);
  await rejects(findSystem(runtime, new URL("https://x.example")), "unknown_provider");
  for (const name of ["../weather", "weather/", "WEATHER", "", ".", "weather.json", "a\0b"]) {
    assert.equal(await systemNamed(runtime, name), undefined, name);
  }
});

test("the error for a definition that is invalid, or that others can write, says what to do", () =>
  eachRow<{
    name: string;
    content?: unknown;
    file?: string;
    spoil?: (folder: TestFolder) => Promise<void>;
    code?: "invalid_argument" | "insecure_url";
    says: RegExp;
  }>([
    {
      name: "a file that others can write",
      spoil: (folder) => Deno.chmod(folder.at("definitions", "weather.json"), 0o666),
      says: /others can write to it/,
    },
    {
      name: "a file that a group can write",
      spoil: (folder) => Deno.chmod(folder.at("definitions", "weather.json"), 0o620),
      says: /others can write to it/,
    },
    {
      name: "a folder that others can write",
      spoil: (folder) => Deno.chmod(folder.at("definitions"), 0o777),
      says: /chmod 700 ".*definitions"/,
    },
    {
      name: "a folder that is a link to one that others can write",
      spoil: async (folder) => {
        await Deno.rename(folder.at("definitions"), folder.at("theirs"));
        await Deno.chmod(folder.at("theirs"), 0o770);
        await Deno.symlink(folder.at("theirs"), folder.at("definitions"));
      },
      says: /its folder belongs to another user/,
    },
    {
      name: "a link to a file that others can write",
      spoil: async (folder) => {
        await Deno.rename(folder.at("definitions", "weather.json"), folder.at("x"));
        await Deno.chmod(folder.at("x"), 0o666);
        await Deno.symlink(folder.at("x"), folder.at("definitions", "weather.json"));
      },
      says: /a symbolic link to .*others can write/,
    },
    {
      name: "a link to a missing file",
      spoil: async (folder) => {
        await Deno.remove(folder.at("definitions", "weather.json"));
        await Deno.symlink("/nowhere/x", folder.at("definitions", "weather.json"));
      },
      says: /leads nowhere/,
    },
    { name: "another name inside", content: { ...weather, name: "tides" }, says: /"tides"/ },
    { name: "half a file", content: '{"name": "wea', says: /not valid JSON/ },
    { name: "a list", content: [weather], says: /is not a JSON object/ },
    { name: "a field nobody knows", content: { ...weather, scopes: "x" }, says: /mean "scope"/ },
    { name: "another's folder", content: { ...weather, folder: "gcloud" }, says: /"folder"/ },
    {
      name: "another system's variables",
      content: { ...weather, environmentPrefix: "AWS" },
      says: /"environmentPrefix"/,
    },
    {
      name: "plain http",
      content: { ...weather, issuer: "http://login.weather.example" },
      code: "insecure_url",
      says: /https/,
    },
    {
      name: "a built-in system's name",
      file: "spatiafi.json",
      content: { ...weather, name: "spatiafi" },
      says: /another system's secrets/,
    },
    {
      name: "the name of another program",
      file: "aws.json",
      content: { ...weather, name: "aws" },
      says: /another system's secrets/,
    },
  ], async ({ content = weather, file = "weather.json", spoil, code, says }) => {
    await using folder = await TestFolder.make();
    const path = await folderWith(folder, { [file]: content });
    await spoil?.(folder);
    const runtime = await machineWith([path]);
    const name = file.replace(".json", "");
    const error = await rejects(systemNamed(runtime, name), code ?? "invalid_argument", says);
    assert(error.message.includes(`${path}/${file}`), error.message);
    const [listed] = await listSystems(runtime);
    assert.deepEqual([listed?.provider, listed?.problem?.message], [undefined, error.message]);
  }));

/** Only root can give files away. */
const asRoot: typeof test = (...args) => {
  if (Deno.build.os === "linux" && Deno.uid() === 0) test(...args);
};

asRoot(
  "a definition of another user is refused, even if Deno may not say who the current user is",
  async () => {
    await using folder = await TestFolder.make();
    const stranger = 61_002;
    const definitions = await folderWith(folder, { "weather.json": weather });
    const user = { userId: () => 61_001 };
    // Root's definitions are valid for everybody.
    assert.equal(
      (await systemNamed(await machineWith([definitions], user), "weather"))?.name,
      "weather",
    );
    await Deno.chown(`${definitions}/weather.json`, stranger, stranger);
    for (const userId of [() => 61_001, () => undefined]) {
      const runtime = await machineWith([definitions], { userId });
      await rejects(systemNamed(runtime, "weather"), "invalid_argument", /another user/);
    }
    // A folder that another user has put in the administrator's place.
    await Deno.chown(definitions, stranger, stranger);
    for (const userId of [() => 61_001, () => undefined]) {
      const runtime = await machineWith([definitions], { userId });
      await rejects(systemNamed(runtime, "weather"), "invalid_argument", /another user/);
    }
  },
);

test("getSession() and status() find a system in the user's folder by its name", async () => {
  await using home = await TestFolder.make();
  await Deno.mkdir(home.at(".config", "onecell", "providers"), { recursive: true, mode: 0o700 });
  const file = home.at(".config", "onecell", "providers", "weather.json");
  await Deno.writeTextFile(file, JSON.stringify(weather), { mode: 0o600 });
  const { message, systems, forgotten, typo, builtIn } = await answerOf<Record<string, unknown>>(
    `
      const failed = (promise) => promise.then(() => "", ({ code, message }) => code + ": " + message);
      const { systems } = await auth.status();
      console.log(JSON.stringify({
        message: await failed(auth.getSession("weather", { interactive: false })),
        typo: await failed(auth.getSession("weahter", { interactive: false })),
        builtIn: await failed(auth.getSession("spatiafi", { interactive: false })),
        forgotten: (await auth.forgetCredentials("weather")).removed,
        systems: systems.map(({ provider, definition }) => [provider, definition ?? null]),
      }));
    `,
    { env: { HOME: home.path } },
  );
  assert.match(String(message), /^credentials_missing: .*Weather.*WEATHER_CLIENT_ID/);
  assert.match(String(typo), /^unknown_provider: .*Did you mean "weather"\?/);
  assert.match(String(builtIn), /^credentials_missing: .*SPATIAFI_CLIENT_ID/);
  assert.deepEqual(forgotten, []);
  assert.deepEqual((systems as unknown[]).at(-1), ["weather", file]);
});

test("a start with a built-in system reads no folder of definitions", async () => {
  await using home = await TestFolder.make();
  // A read would be refused.
  const folder = home.at(".config", "onecell", "providers");
  await Deno.mkdir(folder, { recursive: true, mode: 0o777 });
  await Deno.writeTextFile(`${folder}/spatiafi.json`, "{");
  const { reads } = await answerOf<{ reads: string[] }>(
    `
      const reads = [];
      for (const name of ["lstatSync", "openSync", "readDirSync", "realPathSync"]) {
        const real = Deno[name];
        Deno[name] = (path, ...more) => (reads.push(String(path)), real(path, ...more));
      }
      await auth.getSession("spatiafi", { interactive: false }).catch(() => {});
      console.log(JSON.stringify({ reads }));
    `,
    { env: { HOME: home.path } },
  );
  assert(reads.some((path) => path.includes(".config/spatiafi")), "the reads were seen");
  assert.deepEqual(reads.filter((path) => path.includes("onecell/providers")), []);
});

test("without a Deno permission the error names the flag, and still suggests the right name", async () => {
  const forbidden = new Error("Requires read access");
  const real = await currentRuntime();
  const refuse = () => {
    throw forbidden;
  };
  const runtime = await machineWith(["/etc/onecell/providers"], {
    files: { ...real.files, readTextNoFollow: refuse, list: () => Promise.reject(forbidden) },
    errorKind: (error) => error === forbidden ? "capability" : real.errorKind(error),
    missingFlag: (error) => error === forbidden ? "--allow-read=x" : undefined,
  });
  await rejects(
    findSystem(runtime, "weather"),
    "permission_denied",
    /--allow-read=\/etc\/onecell\/providers/,
  );
  await rejects(findSystem(runtime, "spatiaf"), "unknown_provider", /Did you mean "spatiafi"/);
});

test("a definition takes no name whose configuration folder another program uses (trust 3)", () =>
  eachRow<{ name: string; files: string[]; taken: boolean; platform?: Runtime["platform"] }>([
    { name: "no folder", files: [], taken: false },
    { name: "an empty one", files: [".config/weather/"], taken: false },
    { name: "another program's", files: [".config/weather/keys.txt"], taken: true },
    { name: "its folder in it", files: [".config/weather/data/x"], taken: true },
    { name: "its hidden file", files: [".config/weather/.token"], taken: true },
    { name: "ours", files: [".config/weather/app_credentials"], taken: false },
    { name: "of an account", files: [".config/weather/app_credentials.work"], taken: false },
    {
      name: "the Python tutorial's, with its own files",
      files: [
        ".config/weather/app_credentials",
        ".config/weather/notes.txt",
      ],
      taken: false,
    },
    { name: "our sessions", files: [".config/weather/onecell/lock.sqlite"], taken: false },
    { name: "the definition", files: [".config/weather/weather.json"], taken: false },
    { name: "the desktop's own", files: [".config/weather/.DS_Store"], taken: false },
    { name: "ours by a longer name", files: [".config/weather/onecell.toml"], taken: true },
    {
      name: "on macOS, in the second folder",
      files: ["Library/Application Support/weather/x"],
      platform: "darwin",
      taken: true,
    },
  ], async ({ files, taken, platform = "linux" }) => {
    await using home = await TestFolder.make();
    for (const file of files) {
      const path = home.at(...file.split("/"));
      if (file.endsWith("/")) await Deno.mkdir(path, { recursive: true });
      else {
        await Deno.mkdir(path.replace(/[^/]*$/, ""), { recursive: true });
        await Deno.writeTextFile(path, "x");
      }
    }
    const folder = await folderWith(home, { "weather.json": weather });
    const runtime = await machineWith([folder], {
      platform,
      homeDirectory: () => home.path,
      getEnvironment: (name) => name === "ONECELL_PROVIDERS" ? folder : undefined,
    });
    const calls = [
      () => findSystem(runtime, "weather"),
      () => findSystem(runtime, "https://api.weather.example/x"),
      () => readProvider(runtime, `${folder}/weather.json`),
    ];
    for (const call of calls) {
      if (!taken) assert.equal((await call()).name, "weather");
      else {
        const { message } = await rejects(call(), "invalid_argument");
        assert(
          message.includes("belongs to another program") && message.includes('"my-weather"'),
          message,
        );
      }
    }
  }));
