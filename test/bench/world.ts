import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getSession } from "@onecell/auth";
import { denoDir } from "../../scripts/deno_dir.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A sandbox and a plain API, each in its own process, and homes to sign in from. */
export interface World extends AsyncDisposable {
  /** The environment of a user with this home folder. */
  environment(home: string): Record<string, string>;
  /** The same with the API that costs almost nothing. */
  plainEnvironment(home: string): Record<string, string>;
  /** Removes every token of a home and keeps the credentials. */
  forgetTokens(home: string): Promise<void>;
  /** Signs in from a home, so that it has a token on disk. Returns the token. */
  signIn(home: string): Promise<string>;
}

/** The sandbox's output. */
interface SandboxReport {
  environment: Record<string, string>;
  clients: { spatiafi: { clientId: string; clientSecret: string } };
}

/** Starts the servers and makes homes, each with saved app credentials and no token. */
export async function createWorld(homes: string[]): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "onecell-bench-"));
  const servers: Server[] = [];
  const stop = async () => {
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true });
  };
  try {
    const sandboxArgs = ["--json", "--systems", "spatiafi", "--lifetime", "7200"];
    servers.push(await serve("examples/sandbox/main.ts", sandboxArgs));
    servers.push(await serve("test/bench/cases/plain_api.ts", []));
    const [sandbox, plainApi] = servers.map(({ line }) => line);
    const { environment, clients } = JSON.parse(sandbox ?? "") as SandboxReport;
    const { clientId, clientSecret } = clients.spatiafi;
    // Credentials belong to a server: these belong to the sandbox.
    const onecell_server = new URL(environment["SPATIAFI_AUTH_URL"] ?? "").origin;
    for (const home of homes) {
      await mkdir(join(folder, home, "spatiafi"), { recursive: true, mode: 0o700 });
      await writeFile(
        join(folder, home, "spatiafi", "app_credentials"),
        JSON.stringify({ client_id: clientId, client_secret: clientSecret, onecell_server }),
        { mode: 0o600 },
      );
    }
    const inherited = await inheritedEnvironment();
    const environmentOf = (home: string) => ({
      ...inherited,
      ...environment,
      HOME: join(folder, home),
      XDG_CONFIG_HOME: join(folder, home),
    });
    return {
      environment: environmentOf,
      plainEnvironment: (home) => ({ ...environmentOf(home), SPATIAFI_API_URL: plainApi ?? "" }),
      async forgetTokens(home) {
        await rm(join(folder, home, "spatiafi", "onecell"), { recursive: true, force: true });
      },
      async signIn(home) {
        const session = await getSession("spatiafi", {
          directory: join(folder, home, "spatiafi"),
          authUrl: environment["SPATIAFI_AUTH_URL"] ?? "",
          apiUrl: environment["SPATIAFI_API_URL"] ?? "",
        });
        return await session.token();
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A server in its own process, and its first line of output. */
interface Server {
  line: string;
  stop(): Promise<void>;
}

async function serve(script: string, args: string[]): Promise<Server> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", join(root, script), ...args],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const stop = async () => {
    child.kill("SIGTERM");
    await child.status;
    await child.stdout.cancel().catch(() => {});
  };
  let line = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (!line.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${script} ended before it was ready`);
    line += value;
  }
  reader.releaseLock();
  return { line: line.trim(), stop };
}

/** The variables of this process that programs need. It passes on none of the user's own. */
async function inheritedEnvironment(): Promise<Record<string, string>> {
  return {
    PATH: Deno.env.get("PATH") ?? "",
    NO_COLOR: "1",
    DENO_DIR: await denoDir(),
    DENO_NO_UPDATE_CHECK: "1",
  };
}
