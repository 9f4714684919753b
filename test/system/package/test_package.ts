/**
 * Installs the package from its tarball and uses it as a consumer would, in Node and Bun:
 * `deno task test:package [TARBALL]`. Without a tarball it packs one.
 *
 * @module
 */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startSandbox } from "../../../examples/sandbox/mod.ts";
import { packageFields } from "../../../scripts/npm_package.ts";
import { install } from "./install.ts";
import { compareFiles, listFiles, reachedModules, root } from "./package_files.ts";
import { run, runOrThrow, runTool } from "./run.ts";
import { findOldNode, findRuntimes } from "./runtimes.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { packageRunner, type Runner } from "./task.ts";
import { terminalAvailable } from "./terminal.ts";

const PUBLINT = "publint@0.3.25";
const TYPES_WRONG = "@arethetypeswrong/cli@0.18.5";
/** The oldest supported release, and the newest. */
const TYPESCRIPT = ["typescript@5.6.3", "typescript@7.0.2"];
const NODE_TYPES = "@types/node@22.20.5";
const CLIENTS = ["ky@2.1.0", "openapi-fetch@0.17.0"];
const UNDICI = "undici@8.13.1";

// `deno run` would register the test but not run it, which must not look like success.
if (import.meta.main) {
  const args = ["test", "-A", fileURLToPath(import.meta.url), "--", ...Deno.args];
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  Deno.exit(code);
}

Deno.test("the package", async (context) => {
  await using installed = await install(Deno.args[0]);
  const { directory, packageDirectory, tarball } = installed;
  const modules = await reachedModules();

  await context.step(
    "contains the modules, their types, the documents, and nothing else",
    async () => {
      const compared = compareFiles(await listFiles(packageDirectory), modules);
      assert.deepEqual(compared, { unexpected: [], missing: [] });
    },
  );

  await context.step("names the repository that a workflow publishes it from", () => {
    const { repository } = packageFields("1.0.0", "owner/name");
    assert.equal(repository?.url, "git+https://github.com/owner/name.git");
  });

  await context.step("does not contain a folder name of the build machine", async () => {
    for (const file of await listFiles(packageDirectory)) {
      const text = await Deno.readTextFile(join(packageDirectory, file));
      assert.ok(!text.includes(root), `${file} names ${root}`);
    }
  });

  const runtimes = await findRuntimes();
  for (const runtime of runtimes) {
    await context.step(`is imported by ${runtime.name}`, async () => {
      const path = join(directory, "import.mjs");
      await writeFile(
        path,
        `import { AuthError } from "@onecell/auth"; console.log(AuthError.name);`,
      );
      assert.equal((await runOrThrow(runtime.program, [path])).trim(), "AuthError");
    });
    await context.step(`${runtime.name} plays a session in a test`, async () => {
      const path = join(directory, "fake.mjs");
      await writeFile(
        path,
        `import { fakeSession } from "@onecell/auth/testing";
         const session = fakeSession((request) => Response.json([request.headers.get("authorization")]));
         console.log((await session.json("/x"))[0].slice(0, 7));`,
      );
      assert.equal((await runOrThrow(runtime.program, [path])).trim(), "Bearer");
    });
  }

  await context.step(
    "a Node release that is too old gets an error with the required version",
    async () => {
      const node = await findOldNode();
      const path = join(directory, "old.mjs");
      await writeFile(
        path,
        `import { getSession } from "@onecell/auth";
       await getSession("spatiafi").catch(({ code, message }) => console.log(code, message));`,
      );
      assert.match(await runOrThrow(node, [path]), /^unsupported .*needs Node 22\.13/);
      const command = join(directory, "node_modules", ".bin", "onecell");
      const { code, stderr } = await run(node, [command, "status"]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^onecell: unsupported: .*needs Node 22\.13/);
    },
  );

  for (const runtime of runtimes) {
    if (modules.includes("src/cli")) {
      await context.step(`${runtime.name} runs the command`, async () => {
        const command = join(directory, "node_modules", ".bin", "onecell");
        assert.notEqual((await runOrThrow(runtime.program, [command, "--help"])).trim(), "");
      });
    }
    const runner = await packageRunner(runtime, directory);
    for (const { name, terminal, play } of scenarios) {
      const ignore = terminal === true && !terminalAvailable;
      await context.step({
        name: `${runtime.name} ${name}`,
        ignore,
        fn: () => inWorld(runner, play),
      });
    }
  }

  await context.step("passes publint", async () => {
    await runTool(PUBLINT, "publint", ["--strict", packageDirectory], directory);
  });

  await context.step("passes are-the-types-wrong", async () => {
    await runTool(TYPES_WRONG, "attw", [tarball, "--profile", "esm-only"], directory);
  });

  await context.step("declares the public interface and nothing else", async () => {
    const declared = (await listFiles(packageDirectory)).filter((name) => name.endsWith(".d.ts"));
    const open =
      /^(esm\/)?(mod|src\/(cli|errors|get_session|verbs|testing|interface\/\w+|testing\/[\w/]+|providers\/(provider|definition|define_provider)))\.d\.ts$/;
    assert.deepEqual(declared.filter((name) => !open.test(name)), []);
    for (const name of declared) {
      const text = await Deno.readTextFile(join(packageDirectory, name));
      assert.doesNotMatch(text, /from "(jose|openid-client|oauth4webapi|p-map|uqr)"/, name);
    }
  });

  const compile = async (libraries: string[], files: string[]) => {
    for (const compiler of TYPESCRIPT) {
      for (const resolution of ["nodenext", "node16", "bundler"]) {
        await context.step(
          `${compiler}, ${resolution}, ${libraries.join(" ")}`,
          () => checkTypes(directory, { compiler, resolution, libraries, files }),
        );
      }
    }
  };
  const add = async (...names: string[]) => {
    const install = ["install", "--no-audit", "--no-fund", "--no-save", ...names];
    await runOrThrow("npm", install, { cwd: directory });
  };
  await context.step("works with other clients installed", () => add(...CLIENTS));
  await compile(["--lib", "es2022,dom,dom.iterable,dom.asynciterable"], ["consumer.ts"]);
  await context.step(
    "works with Node's types installed",
    () => add(...CLIENTS, UNDICI, NODE_TYPES),
  );
  await compile(["--lib", "es2022", "--types", "node"], ["consumer.ts", "consumer_node.ts"]);

  await context.step("matches what npm would publish", async () => {
    const dryRun = ["publish", "--dry-run", "--tag", "next", "--json", tarball];
    const json = await runOrThrow("npm", dryRun, { cwd: directory });
    // npm 11 wraps npm 10's output in the package's name.
    const printed = JSON.parse(json) as Record<string, unknown>;
    const { files } = (printed["@onecell/auth"] ?? printed) as { files: { path: string }[] };
    assert.deepEqual(files.map(({ path }) => path).sort(), await listFiles(packageDirectory));
  });
});

/** Runs a scenario with its own sandbox and home. */
async function inWorld(runner: Runner, play: Scenario["play"]): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "onecell-home-"));
  try {
    await using sandbox = await startSandbox();
    await play({ runner, sandbox, home });
    assert.deepEqual(sandbox.errors, []);
    const urls = sandbox.requests.map(({ url }) => url).join("\n");
    assert.ok(!/(client_secret|client_assertion|password|token)=/.test(urls), "a secret in a URL");
  } finally {
    await rm(home, { recursive: true });
  }
}

/** Type-checks consumers, strictly and with the package's own declarations included. */
async function checkTypes(
  directory: string,
  { compiler, resolution, libraries, files }: {
    compiler: string;
    resolution: string;
    libraries: string[];
    files: string[];
  },
): Promise<void> {
  for (const name of files) {
    await copyFile(new URL(name, import.meta.url), join(directory, name));
  }
  const module = resolution === "bundler" ? "esnext" : resolution;
  const strictly = [
    "--noEmit",
    "--strict",
    "--exactOptionalPropertyTypes",
    "--skipLibCheck",
    "false",
  ];
  await runTool(
    compiler,
    "tsc",
    [
      ...[...strictly, "--target", "es2022", ...libraries],
      ...["--module", module, "--moduleResolution", resolution, ...files],
    ],
    directory,
  );
}
