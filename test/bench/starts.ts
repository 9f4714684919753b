import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type JsrPackage, publishLocally } from "../support/jsr_package.ts";
import { runOrThrow } from "../system/package/run.ts";
import type { Comparison, Findings } from "./report.ts";
import { type Contestant, race } from "./whole_process.ts";
import type { World } from "./world.ts";

/** With this flag, Deno loads an `import()` when it is called, not before the program starts. */
const LAZY = "--unstable-lazy-dynamic-imports";

const NO_LOCK = ["--no-lock"];

const PYTHON_MODULES = "authlib, requests, platformdirs";

/** Whole processes: a cached start, a first sign-in, and the same without this module. */
export async function measureStarts(world: World, rounds: number): Promise<Findings> {
  const token = await world.signIn("cached");
  await using consumer = await consumeFromJsr();
  const fresh = world.environment("fresh");
  const prepare = () => world.forgetTokens("fresh");
  const names = {
    floor: "floor: one fetch, static token",
    cached: "cached start",
    cachedLazy: "cached start, lazy imports",
    first: "first sign-in",
    firstLazy: "first sign-in, lazy imports",
    jsrFloor: "floor, no lock",
    jsrCached: "cached start from JSR",
    jsrNoLock: "cached start from JSR, no lock",
    jsrFirst: "first sign-in from JSR",
    assertion: "assertion by hand, no library",
    client: "openid-client by hand",
    paths: "openid-client + env-paths",
    python: "Python: authlib + requests + platformdirs",
  };
  const contestants: Contestant[] = [
    deno(names.floor, "floor.ts", { ...fresh, STATIC_TOKEN: token }),
    deno(names.cached, "session.ts", world.environment("cached")),
    deno(names.cachedLazy, "session.ts", world.environment("cached"), { flags: [LAZY] }),
    deno(names.first, "session.ts", fresh, { prepare }),
    deno(names.firstLazy, "session.ts", fresh, { prepare, flags: [LAZY] }),
    consumer.deno(names.jsrCached, "session.ts", world.environment("cached")),
    consumer.deno(names.jsrNoLock, "session.ts", world.environment("cached"), { flags: NO_LOCK }),
    consumer.deno(names.jsrFloor, "floor.ts", { ...fresh, STATIC_TOKEN: token }, {
      flags: NO_LOCK,
    }),
    consumer.deno(names.jsrFirst, "session.ts", fresh, { prepare }),
    deno(names.assertion, "assertion_by_hand.ts", fresh),
    deno(names.client, "openid_client_by_hand.ts", fresh),
    deno(names.paths, "openid_client_env_paths.ts", fresh),
  ];
  const python = await findPython();
  const tutorial = fileURLToPath(new URL("../system/interop/tutorial.py", import.meta.url));
  if (python !== null) {
    const args = [tutorial, "load-and-call"];
    contestants.push({ name: names.python, program: python, args, env: fresh });
  }
  const medians = await race(contestants, rounds);
  const compare = (what: string, against: string, ratio: number): Comparison => ({
    what,
    against,
    value: medians.get(what) ?? NaN,
    base: medians.get(against) ?? NaN,
    unit: "ms",
    target: { ratio },
  });
  return {
    title: "whole process, Deno",
    medians,
    comparisons: [
      compare(names.cached, names.floor, 1.45),
      compare(names.cachedLazy, names.floor, 1.30),
      compare(names.jsrCached, names.floor, 1.45),
      compare(names.jsrNoLock, names.jsrFloor, 2.0),
      compare(names.first, names.client, 1.50),
      compare(names.firstLazy, names.client, 1.50),
      compare(names.jsrFirst, names.client, 1.50),
      ...(python === null ? [] : [compare(names.first, names.python, 0.35)]),
    ],
    skipped: python === null ? [`no python3 with ${PYTHON_MODULES}`] : [],
  };
}

/** The cost of importing the module, before anything is called. */
export async function measureImport(world: World, rounds: number): Promise<Findings> {
  const env = world.environment("fresh");
  const what = "import of the module";
  const lazy = "import of the module, lazy imports";
  const against = "empty module";
  // Shorter than a start, and the target is in milliseconds, so more rounds are needed.
  const medians = await race([
    deno(against, "empty.ts", env),
    deno(what, "import_module.ts", env),
    deno(lazy, "import_module.ts", env, { flags: [LAZY] }),
  ], rounds * 2);
  const compare = (what: string): Comparison => ({
    what,
    against,
    value: medians.get(what) ?? NaN,
    base: medians.get(against) ?? NaN,
    unit: "ms",
    target: { more: 6 },
  });
  return {
    title: "whole process, nothing called",
    medians,
    comparisons: [compare(what), compare(lazy)],
  };
}

const cases = fileURLToPath(new URL("cases/", import.meta.url));

function deno(
  name: string,
  script: string,
  env: Record<string, string>,
  { prepare, flags = [], folder = cases }: {
    prepare?: () => Promise<void>;
    flags?: string[];
    folder?: string;
  } = {},
): Contestant {
  const args = ["run", "-A", "--quiet", ...flags, join(folder, script)];
  return { name, program: Deno.execPath(), args, env, ...(prepare && { prepare }) };
}

/** A folder with the same programs, which get the package from JSR. */
export interface Consumer extends AsyncDisposable {
  folder: string;
  /** The variables with which Deno gets the package. */
  env: Record<string, string>;
  deno: typeof deno;
}

/** Makes such a folder, with its own registry. */
export async function consumeFromJsr(): Promise<Consumer> {
  const built: JsrPackage = await publishLocally();
  const folder = await mkdtemp(join(tmpdir(), "onecell-consumer-"));
  await cp(cases, folder, { recursive: true });
  const imports = { "@onecell/auth": built.specifier };
  await writeFile(join(folder, "deno.json"), JSON.stringify({ imports }));
  // The programs that are timed get an environment without the settings of a registry or a proxy.
  await runOrThrow(Deno.execPath(), ["cache", "session.ts"], { cwd: folder, env: built.env });
  return {
    folder,
    env: { ...built.env },
    deno: (name, script, env, options) =>
      deno(name, script, { ...env, ...built.env }, { ...options, folder }),
    async [Symbol.asyncDispose]() {
      await built[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** The first Python that has the tutorial's imports, or `null`. */
async function findPython(): Promise<string | null> {
  for (const program of ["python3", "/usr/bin/python3"]) {
    const args = ["-c", `import ${PYTHON_MODULES}`];
    const found = await new Deno.Command(program, { args, stderr: "null" }).output()
      .catch(() => null);
    if (found?.success) return program;
  }
  return null;
}
