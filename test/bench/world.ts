import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getSession } from "@onecell/auth";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A sandbox in its own process, a plain API in another, and homes to sign in from. */
export interface World extends AsyncDisposable {
  /** The environment of a user, with a home folder of that name. */
  environment(home: string): Record<string, string>;
  /** The same with the API that costs next to nothing. */
  plainEnvironment(home: string): Record<string, string>;
  /** Takes every token of a home away, and leaves the credentials. */
  forgetTokens(home: string): Promise<void>;
  /** Signs in from a home, so that it has a token on disk; returns the token. */
  signIn(home: string): Promise<string>;
}

/** What the sandbox prints. */
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
    // Credentials belong to a server: these to the sandbox.
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

/** A server in a process of its own, and the first line it printed. */
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

/** What programs need of this process's own environment; nothing of a person's own is in it. */
async function inheritedEnvironment(): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string };
  return {
    PATH: Deno.env.get("PATH") ?? "",
    NO_COLOR: "1",
    // Its default is below the home folder, and every contestant has a home of its own.
    DENO_DIR: denoDir,
    DENO_NO_UPDATE_CHECK: "1",
  };
}
