/** The credentials file is one for Python and TypeScript: each writes it, the other signs in with it. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Sandbox, startSandbox } from "../../examples/sandbox/mod.ts";
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

/** Runs one of the tutorial's steps with a home of its own. */
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
      // authlib refuses plain HTTP otherwise; the sandbox is on loopback.
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
