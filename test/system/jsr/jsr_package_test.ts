/**
 * Uses the package as Deno gets it from JSR: `deno task test:jsr`. The registry is on this machine.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startSandbox } from "../../../examples/sandbox/mod.ts";
import { publishLocally } from "../../support/jsr_package.ts";
import { listFiles, root } from "../package/package_files.ts";
import { runOrThrow } from "../package/run.ts";
import { scenarios } from "../package/scenarios.ts";
import type { Runner } from "../package/task.ts";
import { terminalAvailable } from "../package/terminal.ts";

/** A program with types that an editor shows. */
const CONSUMER = `
import { AuthError, defineProvider, getSession, type Session } from "SPECIFIER";
import { fakeSession } from "SPECIFIER/testing";

const weather = defineProvider({
  name: "weather", apiUrl: "https://api.weather.example/", issuer: "https://login.weather.example",
});
export const title: string = weather.title;
export async function read(): Promise<number> {
  const session: Session = await getSession("ocs", { credentials: { tenant_id: "x" } });
  const expires: Date | undefined = session.expiresAt;
  return (expires?.getTime() ?? 0) + (await session.json<{ rows: number[] }>("/x")).rows.length;
}
const session = fakeSession((request) => Response.json([request.headers.get("authorization")]));
console.log((await session.json<string[]>("/x"))[0]?.slice(0, 6), AuthError.name);
`;

/** A mistake that the types must find. */
const MISTAKE = `
import { getSession } from "SPECIFIER";
await getSession("spatiafi", { credentials: { clientId: "x" } });
`;

/** Uses a store that does not respond, so its package was loaded. */
const STORE = `
import { AuthError, saveCredentials } from "SPECIFIER";
Deno.env.set("ONECELL_STORE_KEY", btoa("k".repeat(32)));
const ids = { client_id: "a", client_secret: "b" };
await saveCredentials("plantpredict", ids, { store: "redis://127.0.0.1:9" }).catch((error) => {
  console.log(error instanceof AuthError ? error.code : error);
});
`;

Deno.test("the package from JSR", async (context) => {
  await using built = await publishLocally();
  const { specifier, directory, env } = built;
  const deno = (args: string[], cwd = directory) =>
    runOrThrow(Deno.execPath(), args, { cwd, env: { ...env, NO_COLOR: "1" } });

  await context.step("can be published", async () => {
    await deno(["publish", "--dry-run", "--allow-dirty"]);
  });

  await context.step("names no folder of the build machine", async () => {
    for (const file of await listFiles(directory)) {
      const text = await Deno.readTextFile(join(directory, file));
      assert.ok(!text.includes(root), `${file} names ${root}`);
    }
  });

  await context.step("documents every public symbol", async () => {
    const entryPoints = ["mod.d.ts", "src/cli.d.ts", "src/testing.d.ts"];
    await deno(["doc", "--lint", ...entryPoints]);
    for (const entryPoint of entryPoints) {
      assert.match(await deno(["doc", entryPoint]), /@module/, entryPoint);
    }
  });

  await context.step("loads two files at a start, and Deno reads ten more", async () => {
    const graph = JSON.parse(await deno(["info", "--json", specifier])) as Graph;
    const files = graph.modules.map(({ specifier }) => specifier)
      .filter((path) => path.startsWith(env.JSR_URL) && path.endsWith(".js"));
    const loaded = staticModules(graph);
    assert.deepEqual(
      loaded.map((path) => path.slice(path.lastIndexOf("/") + 1)).sort(),
      ["mod.js", "start.js"],
    );
    assert.ok(files.length <= 12, files.join("\n"));
    // Only some stores need the others, so they are not in everybody's lock.
    const packages = Object.values(graph.npmPackages).map(({ name }) => name).sort();
    assert.deepEqual(
      packages,
      ["env-paths", "is-safe-filename", "jose", "oauth4webapi", "openid-client", "p-map", "uqr"],
    );
  });

  const folder = await mkdtemp(join(tmpdir(), "onecell-consumer-"));
  try {
    const write = async (name: string, text: string) => {
      await writeFile(join(folder, name), text.replaceAll("SPECIFIER", specifier));
      return name;
    };
    await context.step("has types", async () => {
      const args = ["run", "--check", "--no-lock", "-A", "--quiet"];
      const printed = await deno([...args, await write("consumer.ts", CONSUMER)], folder);
      assert.equal(printed, "Bearer AuthError\n");
      const mistake = deno([...args, await write("mistake.ts", MISTAKE)], folder);
      await assert.rejects(mistake, /clientId/);
    });

    await context.step("downloads a store's package when the store is used", async () => {
      const name = await write("store.ts", STORE);
      const args = ["run", "-A", "--quiet", "--no-lock", name];
      assert.equal(await deno(args, folder), "store_unavailable\n");
      const downloaded = await listFiles(env.DENO_DIR);
      assert.ok(downloaded.some((path) => path.includes("/@redis/client/")));
      assert.ok(!downloaded.some((path) => path.includes("/@napi-rs/keyring/")));
    });

    await context.step("runs the command", async () => {
      const args = ["run", "-A", "--quiet", "--no-lock", `${specifier}/cli`];
      assert.match(await deno([...args, "help"], folder), /^Usage: onecell COMMAND/m);
      const printed = await deno([...args, "scan", "--help"], folder);
      assert.match(printed, /onecell scan/);
    });
  } finally {
    await rm(folder, { recursive: true });
  }

  const script = fileURLToPath(new URL("../package/scenario.mjs", import.meta.url));
  const runner: Runner = {
    name: "deno",
    program: Deno.execPath(),
    args: ["run", "-A", "--quiet", "--no-lock", "--no-config", script],
    module: specifier,
    env,
  };
  for (const { name, terminal, play } of scenarios) {
    const ignore = terminal === true && !terminalAvailable;
    await context.step({
      name,
      ignore,
      async fn() {
        const home = await mkdtemp(join(tmpdir(), "onecell-home-"));
        try {
          await using sandbox = await startSandbox();
          await play({ runner, sandbox, home });
          assert.deepEqual(sandbox.errors, []);
        } finally {
          await rm(home, { recursive: true });
        }
      },
    });
  }
});

/** What `deno info --json` says. */
interface Graph {
  roots: string[];
  redirects: Record<string, string>;
  npmPackages: Record<string, { name: string }>;
  modules: {
    specifier: string;
    dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[];
  }[];
}

/** The package's modules that load before anything is called. */
function staticModules({ roots, redirects, modules }: Graph): string[] {
  const reached = new Set(roots.map((path) => redirects[path] ?? path));
  for (const path of reached) {
    const module = modules.find(({ specifier }) => specifier === path);
    for (const { code, isDynamic } of module?.dependencies ?? []) {
      if (code !== undefined && isDynamic !== true) reached.add(code.specifier);
    }
  }
  return [...reached];
}
