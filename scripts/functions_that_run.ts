import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startSandbox } from "../src/testing.ts";
import { run } from "./compile.ts";
import { denoDir } from "./deno_dir.ts";

/** What V8 says about a script: its functions, each with where it is and how often it ran. */
interface Coverage {
  url: string;
  functions: { ranges: { endOffset: number; count: number }[] }[];
}

/**
 * Signs in with a built package and starts again with the saved token, and sees which functions run.
 *
 * @param directory the package, which has `mod.js`
 * @returns by the URL of a module, where those functions end in its code
 */
export async function functionsThatRun(directory: string): Promise<Map<string, Set<number>>> {
  const work = await mkdtemp(join(tmpdir(), "onecell-run-"));
  try {
    await using sandbox = await startSandbox({ systems: ["spatiafi"] });
    const { clientId, clientSecret } = sandbox.client("spatiafi");
    const onecell_server = new URL(sandbox.environment["SPATIAFI_AUTH_URL"] ?? "").origin;
    const credentials = { client_id: clientId, client_secret: clientSecret, onecell_server };
    await mkdir(join(work, "spatiafi"), { mode: 0o700 });
    await writeFile(join(work, "spatiafi", "app_credentials"), JSON.stringify(credentials), {
      mode: 0o600,
    });
    const program = join(work, "program.js");
    const mod = JSON.stringify(pathToFileURL(join(directory, "mod.js")));
    await writeFile(
      program,
      `import { getSession } from ${mod};
       await (await (await getSession("spatiafi")).fetch("/api/info?item_id=x")).json();`,
    );
    const seen = join(work, "coverage");
    const args = [
      "run",
      "-A",
      "--quiet",
      "--no-config",
      "--no-lock",
      `--coverage=${seen}`,
      program,
    ];
    const env = {
      ...sandbox.environment,
      HOME: work,
      XDG_CONFIG_HOME: work,
      DENO_DIR: await denoDir(),
    };
    for (let start = 0; start < 2; start++) await run(Deno.execPath(), args, work, env);
    return await endsIn(seen);
  } finally {
    await rm(work, { recursive: true });
  }
}

async function endsIn(folder: string): Promise<Map<string, Set<number>>> {
  const ends = new Map<string, Set<number>>();
  for (const name of await readdir(folder)) {
    const { url, functions } = JSON.parse(await readFile(join(folder, name), "utf8")) as Coverage;
    const some = ends.get(url) ?? new Set();
    ends.set(url, some);
    for (const { ranges: [whole] } of functions) {
      if (whole !== undefined && whole.count > 0) some.add(whole.endOffset);
    }
  }
  return ends;
}
