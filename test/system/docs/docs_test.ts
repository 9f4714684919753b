import assert from "node:assert/strict";
import { createCredentials, saveCredentials } from "../../../mod.ts";
import { startSandbox } from "../../../examples/sandbox/mod.ts";

/** Documents whose code blocks must run as they are. */
const DOCUMENTS = [
  "mod.ts",
  "src",
  "README.md",
  "examples/README.md",
  "SECURITY.md",
  "CHANGELOG.md",
];

Deno.test({
  name: "every code block in the documents runs unchanged against the sandbox",
  sanitizeOps: true,
  sanitizeResources: true,
  sanitizeExit: true,
  async fn() {
    const root = new URL("../../../", import.meta.url);
    await using sandbox = await startSandbox();
    const config = await Deno.makeTempDir({ prefix: "onecell-docs-" });
    try {
      await prepare(sandbox, config);
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        cwd: root,
        args: [
          "test",
          "--doc",
          "-A",
          "--no-prompt",
          ...DOCUMENTS.filter((name) => exists(root, name)),
        ],
        env: { ...sandbox.environment, XDG_CONFIG_HOME: config, NO_COLOR: "1" },
        stdin: "null",
      }).output();
      const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert(success, output);
      const passed = Number(/(\d+) passed/.exec(output)?.[1]);
      assert(passed >= 5, `only ${passed} blocks ran:\n${output}`);
    } finally {
      await Deno.remove(config, { recursive: true });
    }
  },
});

/** The account of a reader of the documents, with saved credentials for each system. */
async function prepare(
  sandbox: Awaited<ReturnType<typeof startSandbox>>,
  config: string,
): Promise<void> {
  const [user] = sandbox.users;
  assert(user);
  const place = (provider: string) => ({ directory: `${config}/${provider}` });
  await createCredentials("spatiafi", user, {
    ...place("spatiafi"),
    authUrl: sandbox.environment["SPATIAFI_AUTH_URL"] ?? "",
  });
  for (
    const name of ["plantpredict", "plantpredict-okta", "fourinsight", "fourinsight-client", "ocs"]
  ) {
    const client = sandbox.client(name);
    const prefix = name.toUpperCase().replaceAll("-", "_");
    const authUrl = sandbox.environment[`${prefix}_AUTH_URL`];
    await saveCredentials(name, {
      client_id: client.clientId,
      client_secret: client.clientSecret,
      ...(name === "plantpredict-okta" ? user : {}),
      ...(name === "ocs"
        ? { tenant_id: client.extra?.["tenantId"], resource: sandbox.environment["OCS_RESOURCE"] }
        : {}),
    }, { ...place(name), ...(authUrl === undefined ? {} : { authUrl }) });
  }
}

function exists(root: URL, name: string): boolean {
  try {
    Deno.statSync(new URL(name, root));
    return true;
  } catch {
    return false;
  }
}
