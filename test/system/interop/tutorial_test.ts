/** Python and TypeScript share the credentials file: each writes it, and the other signs in with it. */
import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Sandbox, startSandbox } from "../../../examples/sandbox/mod.ts";
import { createCredentials, getSession, saveCredentials } from "../../../mod.ts";
import { findPython } from "./authlib_server.ts";

const python = await findPython();

interface Created {
  saved: string;
  keys: string[];
}

interface Called {
  client_id: string;
  status: number;
}

/** Runs one step of the tutorial with its own home. */
async function tutorial<T>(
  command: "create" | "load-and-call",
  home: string,
  sandbox: Sandbox,
  input: string[] = [],
): Promise<T> {
  const script = fileURLToPath(new URL("./tutorial.py", import.meta.url));
  const process = new Deno.Command(python!, {
    args: ["-B", script, command],
    clearEnv: true,
    env: {
      HOME: home,
      // Otherwise authlib refuses plain HTTP; the sandbox is on loopback.
      AUTHLIB_INSECURE_TRANSPORT: "1",
      SPATIAFI_AUTH_URL: sandbox.environment["SPATIAFI_AUTH_URL"]!,
      SPATIAFI_API_URL: sandbox.environment["SPATIAFI_API_URL"]!,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input.map((line) => line + "\n").join("")));
  await writer.close();
  const output = await process.output();
  const decoder = new TextDecoder();
  assert.ok(output.success, decoder.decode(output.stderr));
  return JSON.parse(decoder.decode(output.stdout)) as T;
}

function interopTest(name: string, test: (sandbox: Sandbox, home: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: python === null,
    fn: async () => {
      const home = await mkdtemp(join(tmpdir(), "onecell-interop-"));
      try {
        await using sandbox = await startSandbox({ systems: ["spatiafi"] });
        await test(sandbox, home);
        assert.deepEqual(sandbox.errors, []);
      } finally {
        await rm(home, { recursive: true });
      }
    },
  });
}

interopTest("the tutorial's own steps work against the sandbox", async (sandbox, home) => {
  for (const { username, password } of sandbox.users) {
    const created = await tutorial<Created>("create", home, sandbox, [username, password]);
    assert.equal(created.saved, join(home, ".config", "spatiafi", "app_credentials"));
    assert.ok(created.keys.includes("client_secret"));
    assert.equal((await tutorial<Called>("load-and-call", home, sandbox)).status, 200);
  }
});

/** The TypeScript side, with the tutorial's folder and the sandbox's URLs. */
function options(sandbox: Sandbox, home: string) {
  return {
    authUrl: sandbox.environment["SPATIAFI_AUTH_URL"]!,
    apiUrl: sandbox.environment["SPATIAFI_API_URL"]!,
    directory: join(home, ".config", "spatiafi"),
    interactive: false,
  };
}

interopTest("TypeScript signs in with a file that Python wrote", async (sandbox, home) => {
  const { username, password } = sandbox.users[0]!;
  const { saved } = await tutorial<Created>("create", home, sandbox, [username, password]);
  const before = await Deno.readTextFile(saved);
  const session = await getSession("spatiafi", options(sandbox, home));
  assert.equal(session.source, saved);
  const response = await session.fetch("/api/info?item_id=x");
  assert.equal(response.status, 200);
  await response.body?.cancel();
  assert.equal(await Deno.readTextFile(saved), before, "the file stays as Python wrote it");
  assert.equal((await tutorial<Called>("load-and-call", home, sandbox)).status, 200);
});

interopTest(
  "Python signs in with app credentials that TypeScript created",
  async (sandbox, home) => {
    const { interactive: _, ...servers } = options(sandbox, home);
    for (const { username, password } of sandbox.users) {
      const created = await createCredentials("spatiafi", { username, password }, servers);
      assert.equal(created.path, join(home, ".config", "spatiafi", "app_credentials"));
      const called = await tutorial<Called>("load-and-call", home, sandbox);
      assert.deepEqual([called.client_id, called.status], [created.clientId, 200]);
    }
  },
);

interopTest("Python signs in with a file that TypeScript wrote", async (sandbox, home) => {
  const { clientId, clientSecret } = sandbox.client("spatiafi");
  const { directory } = options(sandbox, home);
  const values = { client_id: clientId, client_secret: clientSecret, note: "kept" };
  await saveCredentials("spatiafi", values, { directory });
  const path = join(directory, "app_credentials");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  // The tutorial exports every member and reads its own, so one more does no harm.
  const expected = { ...values, onecell_server: "https://auth.spatiafi.com" };
  assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), expected);
  const called = await tutorial<Called>("load-and-call", home, sandbox);
  assert.deepEqual([called.client_id, called.status], [clientId, 200]);
});
