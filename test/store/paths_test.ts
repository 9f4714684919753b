import assert from "node:assert/strict";
import {
  configDirectories,
  joinPath,
  otherConfigDirectories,
  parentPath,
  type PathRuntime,
} from "../../src/store/disk.ts";
import { skip } from "../support/runtimes.ts";

/** A runtime of a platform with an environment. */
function runtimeOf(
  platform: PathRuntime["platform"],
  environment: Record<string, string>,
): PathRuntime {
  return {
    platform,
    getEnvironment: (name) => environment[name],
    homeDirectory: () => environment[platform === "windows" ? "USERPROFILE" : "HOME"] || undefined,
  };
}

const ENVIRONMENTS: Record<string, string>[] = [
  { HOME: "/home/ada" },
  { HOME: "/home/ada", XDG_CONFIG_HOME: "/etc/ada" },
  { HOME: "/home/ada", XDG_CONFIG_HOME: "/etc/ada/" },
  { HOME: "/home/ada", XDG_CONFIG_HOME: "" },
  { HOME: "/home/ada", XDG_CONFIG_HOME: "   " },
  { HOME: "/home/ada", XDG_CONFIG_HOME: " /etc/ada " },
  { HOME: "/home/ada", XDG_CONFIG_HOME: "relative/config" },
  { HOME: "/home/ada", XDG_CONFIG_HOME: "~/config" },
];

/** Asks Python for the folders of platformdirs: by class, for each environment. */
const PYTHON = `
import importlib, json, os, sys
answers = []
for module, name, environment in json.load(sys.stdin):
    os.environ.pop("XDG_CONFIG_HOME", None)
    os.environ.update(environment)
    kind = getattr(importlib.import_module("platformdirs." + module), name)
    answers.append(kind("spatiafi").user_config_dir)
print(json.dumps(answers))
`;

async function platformdirs(
  questions: [string, string, Record<string, string>][],
): Promise<string[] | null> {
  for (const program of [Deno.env.get("ONECELL_PYTHON"), "python3", "/usr/bin/python3"]) {
    if (!program) continue;
    try {
      const child = new Deno.Command(program, {
        args: ["-c", PYTHON],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(JSON.stringify(questions)));
      await writer.close();
      const { success, stdout } = await child.output();
      if (!success) continue;
      return JSON.parse(new TextDecoder().decode(stdout));
    } catch {
      // no such program, or it ended early: try the next one
    }
  }
  skip("platformdirs' own answers", "no python3 with platformdirs");
  return null;
}

Deno.test("on Linux the folder is the one of platformdirs, with any XDG_CONFIG_HOME", async () => {
  const found = ENVIRONMENTS.map((environment) =>
    configDirectories(runtimeOf("linux", environment), "spatiafi")
  );
  assert.deepEqual(found[0], ["/home/ada/.config/spatiafi"]);
  assert.deepEqual(found[1], ["/etc/ada/spatiafi"]);
  assert.deepEqual(found[6], ["/home/ada/.config/spatiafi"]);
  const python = await platformdirs(ENVIRONMENTS.map((one) => ["unix", "Unix", one]));
  for (const [at, answer] of (python ?? []).entries()) {
    // Older versions accept relative and padded values unchanged.
    if (!answer.startsWith("/") || answer.includes(" ")) continue;
    // Others treat a padded value as relative, which counts as unset.
    const value = ENVIRONMENTS[at]?.["XDG_CONFIG_HOME"] ?? "";
    if (value !== value.trim() && answer === "/home/ada/.config/spatiafi") continue;
    assert.deepEqual(found[at], [answer], JSON.stringify(ENVIRONMENTS[at]));
  }
});

Deno.test("on macOS the folder is the one of platformdirs, in its old and new versions", async () => {
  const old = "/home/ada/Library/Application Support/spatiafi";
  const found = ENVIRONMENTS.map((environment) =>
    configDirectories(runtimeOf("darwin", environment), "spatiafi")
  );
  assert.deepEqual(found[0], [old]);
  assert.deepEqual(found[1], ["/etc/ada/spatiafi", old]);
  const python = await platformdirs(ENVIRONMENTS.map((one) => ["macos", "MacOS", one]));
  for (const [at, answer] of (python ?? []).entries()) {
    // Versions before 3 used the folder of env-paths.
    if (answer.includes("/Library/Preferences/")) continue;
    assert.ok(found[at]?.includes(answer), `${answer} for ${JSON.stringify(ENVIRONMENTS[at])}`);
  }
});

Deno.test("on Windows the folder is the one of platformdirs, with and without an author", async () => {
  const environment = { USERPROFILE: "C:\\Users\\ada", LOCALAPPDATA: "D:\\Local" };
  const runtime = runtimeOf("windows", environment);
  const found = configDirectories(runtime, "spatiafi");
  assert.deepEqual(found, ["D:\\Local\\spatiafi\\spatiafi", "D:\\Local\\spatiafi"]);
  assert.deepEqual(
    configDirectories(runtimeOf("windows", { USERPROFILE: "C:\\Users\\ada" }), "x")[0],
    "C:\\Users\\ada\\AppData\\Local\\x\\x",
  );
  const python = await platformdirs([["windows", "Windows", environment]]);
  // Python joins with this machine's own separator.
  if (python) assert.equal(python[0]?.replaceAll("/", "\\"), found[0]);
});

Deno.test("without a home there is no folder, unless one is given", () => {
  for (const platform of ["linux", "darwin", "windows", "other"] as const) {
    assert.deepEqual(configDirectories(runtimeOf(platform, {}), "x"), []);
    assert.deepEqual(configDirectories(runtimeOf(platform, {}), "x", "/mine"), ["/mine"]);
  }
  const xdg = { XDG_CONFIG_HOME: "/etc/ada" };
  assert.deepEqual(configDirectories(runtimeOf("linux", xdg), "x"), ["/etc/ada/x"]);
});

Deno.test("paths are joined and split as the platform writes them", () => {
  assert.equal(joinPath({ platform: "linux" }, "/", "a"), "/a");
  assert.equal(joinPath({ platform: "linux" }, "/a//", "b", "c"), "/a/b/c");
  assert.equal(joinPath({ platform: "windows" }, "C:\\", "a"), "C:\\a");
  assert.equal(joinPath({ platform: "windows" }, "C:/a/", "b"), "C:/a\\b");
  assert.equal(parentPath("/a/b"), "/a");
  assert.equal(parentPath("/a"), "/");
  assert.equal(parentPath("C:\\a\\b"), "C:\\a");
});

Deno.test("env-paths is only used on macOS and Windows, with its own names", async () => {
  assert.deepEqual(await otherConfigDirectories(runtimeOf("linux", {}), "x"), []);
  // env-paths reads the process it runs in, so the process pretends to be another platform.
  const module = new URL("../../src/store/disk.ts", import.meta.url).href;
  const ask = async (platform: string, ours: string, environment: Record<string, string>) => {
    const script = `
      import process from "node:process";
      Object.defineProperty(process, "platform", { value: "${platform}" });
      const { otherConfigDirectories } = await import("${module}");
      const runtime = { platform: "${ours}", getEnvironment() {}, homeDirectory() {} };
      console.log(JSON.stringify(await otherConfigDirectories(runtime, "spatiafi")));`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", script],
      env: environment,
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  };
  const [mac] = await ask("darwin", "darwin", { HOME: "/home/ada" });
  assert.match(mac, /\/Library\/Preferences\/spatiafi$/);
  const [windows] = await ask("win32", "windows", { APPDATA: "/roaming" });
  assert.equal(windows, "/roaming/spatiafi/Config");
});
