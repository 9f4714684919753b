import { fileURLToPath } from "node:url";

/** A client of the server, as its owner receives it. */
export interface AuthlibClient {
  client_id: string;
  /** The client authentication method that it is registered with. */
  method: string;
  client_secret?: string;
  /** PKCS #8 PEM. */
  private_key?: string;
  private_jwk?: JsonWebKey;
}

/** Settings that can change while the server runs. */
export interface AuthlibSettings {
  /** Lifetime of access tokens, in seconds. */
  lifetime: number;
  /** JWT access tokens (RFC 9068) instead of opaque ones. */
  jwt: boolean;
  /** True if a refresh returns a new refresh token and ends the old one. */
  rotate: boolean;
  /** Polling interval of the device grant, in seconds. */
  interval: number;
  /** Lifetime of a device code, in seconds. */
  device_lifetime: number;
}

/** Registered clients; `basic+raw` has a secret that form-encoding would change. */
export type AuthlibClientName =
  | "post"
  | "basic"
  | "basic+raw"
  | "jwt"
  | "rsa"
  | "ec"
  | "password"
  | "code"
  | "code-secret"
  | "device";

/** A running server, and everything that a test may know about it. */
export interface AuthlibServer extends AsyncDisposable {
  url: string;
  clients: Record<AuthlibClientName, AuthlibClient>;
  /** Passwords by username. */
  users: Record<"ada" | "grace@example.com", string>;
  /** How often something happened, such as `issued refresh_token` or `POST /token`. */
  counters(): Promise<Record<string, number>>;
  /** Changes the settings for later responses. */
  configure(settings: Partial<AuthlibSettings>): Promise<void>;
}

const WANTED = "authlib, flask and requests";
let found: Promise<string | null> | undefined;

/**
 * Finds a Python that has the libraries, or says in one line that there is none.
 *
 * @throws if `CI` is `true`: then a skipped test is a failed one
 */
export function findPython(): Promise<string | null> {
  return found ??= search();
}

async function search(): Promise<string | null> {
  const named = Deno.env.get("ONECELL_PYTHON_AUTHLIB");
  for (const python of named ? [named] : ["/usr/bin/python3", "python3"]) {
    const script = "import authlib, flask, requests, platformdirs";
    const command = new Deno.Command(python, { args: ["-c", script], stderr: "null" });
    const output = await command.output().catch(() => null);
    if (output?.success) return python;
  }
  const message = `no Python with ${WANTED}: interop tests need one (set ONECELL_PYTHON_AUTHLIB)`;
  if (Deno.env.get("CI") === "true") throw new Error(message);
  Deno.stderr.writeSync(new TextEncoder().encode(`skipped: ${message}\n`));
  return null;
}

/** Registers a test with its own server, if there is a Python to run it. */
export async function authlibTest(
  name: string,
  test: (server: AuthlibServer, step: Deno.TestContext) => Promise<void>,
): Promise<void> {
  const missing = await findPython() === null;
  Deno.test({
    name,
    ignore: missing,
    fn: async (context) => {
      await using server = await startAuthlibServer();
      await test(server, context);
    },
  });
}

/** Starts the server on a free loopback port. Disposing of it closes its input, which ends it. */
export async function startAuthlibServer(): Promise<AuthlibServer> {
  const python = await findPython();
  if (python === null) throw new Error(`install a Python with ${WANTED}`);
  const process = new Deno.Command(python, {
    args: ["-B", fileURLToPath(new URL("./authlib_server.py", import.meta.url))],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const problems = new Response(process.stderr).text();
  const ready = await firstLine(process.stdout);
  const stop = async () => {
    await process.stdin.close();
    await process.status;
    await problems;
  };
  if (ready === null) {
    await stop();
    throw new Error(`the authorization server did not start:\n${await problems}`);
  }
  const { url, clients, users } = JSON.parse(ready) as AuthlibServer;
  return {
    url,
    clients,
    users,
    counters: async () => await (await fetch(`${url}/counters`)).json(),
    configure: async (settings) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(settings);
      const response = await fetch(`${url}/settings`, { method: "POST", headers, body });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the settings were refused: ${response.status}`);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Reads the first line and ignores the rest; `null` if the stream ends first. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string | null> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  return null;
}
