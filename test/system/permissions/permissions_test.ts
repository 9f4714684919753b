import assert from "node:assert/strict";
import { denoDir } from "../../../scripts/deno_dir.ts";
import { createCredentials } from "../../../mod.ts";
import { nameOf } from "../../../src/address/saved_address.ts";
import { startSandbox } from "../../../examples/sandbox/mod.ts";

/** The flags in the README are sufficient, and each of them is necessary. */

const root = new URL("../../../", import.meta.url);
const options = { sanitizeOps: true, sanitizeResources: true, sanitizeExit: true };
type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

const apiCall = `
import { getSession } from "jsr:@onecell/auth";
const s = await getSession("spatiafi");
if (s.storeProblem) throw s.storeProblem;
const response = await s.fetch("/api/info");
if (!response.ok) throw new Error("HTTP " + response.status);
await response.body?.cancel();
`;

/** A code flow whose person signs in through the sandbox's control port. */
const codeFlow = (env: Record<string, string>) => `
import { defineProvider, getSession } from "jsr:@onecell/auth";
const provider = defineProvider({
  name: "oidc", issuer: "${env["OIDC_ISSUER"]}", apiUrl: "${env["OIDC_API_URL"]}",
  grant: "authorization_code", scope: "openid offline_access", clientAuthentication: "none",
});
${signsIn(env, "null")}
const s = await getSession(provider, { person });
if (s.storeProblem) throw s.storeProblem;
`;

/** The same by the API's address. */
const addressFlow = (env: Record<string, string>) => `
import { getSession } from "jsr:@onecell/auth";
${signsIn(env, '"yes"')}
const s = await getSession("${env["OIDC_API_URL"]}", { person });
if (s.storeProblem) throw s.storeProblem;
`;

const signsIn = (env: Record<string, string>, answer: string) => `
const person = {
  kind: "notebook" as const, browserIsLocal: true,
  ask: () => Promise.resolve(${answer}), open: () => Promise.resolve(true),
  show: async (state: { kind: string; url?: string }) => {
    if (state.kind !== "link") return;
    const body = JSON.stringify({ url: state.url });
    const signIn = "${env["SANDBOX_CONTROL_URL"]}/sign-in";
    const answer = await (await fetch(signIn, { method: "POST", body })).json();
    fetch(answer.redirect).then((response) => response.body?.cancel());
  },
  interruptible: <T>(wait: (signal: AbortSignal) => Promise<T>) => wait(new AbortController().signal),
};
`;

async function run(
  script: string,
  flags: string[],
  env: Record<string, string>,
): Promise<{ success: boolean; output: string }> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, script);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      cwd: root,
      args: ["run", "--no-prompt", `--config=${root.pathname}deno.json`, ...flags, file],
      // HOME is the test's own, and does not contain the cache.
      env: { XDG_CONFIG_HOME: "", ...env, NO_COLOR: "1", DENO_DIR: await denoDir() },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { success, output: text.decode(stdout) + text.decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

/** Runs with all flags, then without each flag in turn. */
async function needsExactly(
  script: string,
  flags: string[],
  env: Record<string, string>,
  prepare: () => Promise<void>,
): Promise<void> {
  await prepare();
  const all = await run(script, flags, env);
  assert(all.success, `${flags.join(" ")}\n${all.output}`);
  for (const left of flags) {
    await prepare();
    const { success, output } = await run(script, flags.filter((flag) => flag !== left), env);
    assert(!success, `it also works without ${left}`);
    const name = left.split("=")[0] ?? left;
    assert(output.includes("permission_denied") || output.includes(name), output);
    assert.match(output, /AuthError/, output);
    assert(output.includes(name), `the error does not name ${name}:\n${output}`);
  }
}

const hostOf = (sandbox: Sandbox, name: string) => new URL(sandbox.environment[name] ?? "").host;

async function withFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "onecell-permissions-" });
  try {
    await action(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The variables that the README lists, and those that point to the sandbox. */
const variables = "HOME,SPATIAFI_AUTH_URL,SPATIAFI_API_URL";

Deno.test({
  name: "permissions: a saved session needs to read its folder and to call the API",
  ...options,
  fn: () =>
    withFolder(async (home) => {
      await using sandbox = await startSandbox({ systems: ["spatiafi"] });
      const directory = `${home}/.config/spatiafi`;
      const [user] = sandbox.users;
      assert(user);
      await createCredentials("spatiafi", user, {
        directory,
        authUrl: sandbox.environment["SPATIAFI_AUTH_URL"] ?? "",
      });
      const env = { ...sandbox.environment, HOME: home };
      const first = await run(apiCall, ["-A"], env);
      assert(first.success, first.output);
      await needsExactly(
        apiCall,
        [
          `--allow-env=${variables}`,
          `--allow-read=${directory}`,
          `--allow-net=${hostOf(sandbox, "SPATIAFI_API_URL")}`,
        ],
        env,
        () => Promise.resolve(),
      );
      assert.equal(sandbox.count("spatiafi.token"), 1);
    }),
});

Deno.test({
  name: "permissions: a first sign-in with client credentials also writes its folder",
  ...options,
  fn: () =>
    withFolder(async (home) => {
      await using sandbox = await startSandbox({ systems: ["spatiafi"] });
      const directory = `${home}/.config/spatiafi`;
      const [user] = sandbox.users;
      assert(user);
      const prepare = async () => {
        await Deno.remove(directory, { recursive: true }).catch(() => {});
        await createCredentials("spatiafi", user, {
          directory,
          authUrl: sandbox.environment["SPATIAFI_AUTH_URL"] ?? "",
        });
      };
      const hosts = ["SPATIAFI_AUTH_URL", "SPATIAFI_API_URL"].map((name) => hostOf(sandbox, name));
      await needsExactly(
        apiCall,
        [
          `--allow-env=${variables}`,
          `--allow-read=${directory}`,
          `--allow-write=${directory}`,
          `--allow-net=${hosts.join(",")}`,
        ],
        { ...sandbox.environment, HOME: home },
        prepare,
      );
    }),
});

Deno.test({
  name: "permissions: a system from a definition file also reads the folder of definitions",
  ...options,
  fn: () =>
    withFolder(async (home) => {
      await using sandbox = await startSandbox({ systems: ["oidc"] });
      const { OIDC_ISSUER: issuer = "", OIDC_API_URL: apiUrl = "" } = sandbox.environment;
      const definitions = `${home}/.config/onecell/providers`;
      await Deno.mkdir(definitions, { recursive: true, mode: 0o700 });
      const definition = { name: "weather", issuer, apiUrl };
      const file = `${definitions}/weather.json`;
      await Deno.writeTextFile(file, JSON.stringify(definition), { mode: 0o600 });
      const { clientId, clientSecret = "" } = sandbox.client("oidc.client_secret_post");
      const env = {
        HOME: home,
        WEATHER_CLIENT_ID: clientId,
        WEATHER_CLIENT_SECRET: clientSecret,
      };
      const directory = `${home}/.config/weather`;
      await needsExactly(
        `
          import { getSession } from "jsr:@onecell/auth";
          const s = await getSession("weather");
          if (s.storeProblem) throw s.storeProblem;
        `,
        [
          `--allow-env=${Object.keys(env).join(",")}`,
          `--allow-read=${home}/.config/onecell,${directory}`,
          `--allow-write=${directory}`,
          `--allow-net=${hostOf(sandbox, "OIDC_ISSUER")}`,
        ],
        env,
        async () => {
          await Deno.remove(directory, { recursive: true }).catch(() => {});
        },
      );
    }),
});

Deno.test({
  name: "permissions: the code flow also listens on loopback",
  ...options,
  fn: () =>
    withFolder(async (home) => {
      await using sandbox = await startSandbox({ systems: ["oidc"] });
      const directory = `${home}/.config/oidc`;
      await needsExactly(codeFlow(sandbox.environment), [
        "--allow-env=HOME,OIDC_CLIENT_ID",
        `--allow-read=${directory}`,
        `--allow-write=${directory}`,
        `--allow-net=127.0.0.1,${hostOf(sandbox, "OIDC_ISSUER")}`,
      ], {
        ...sandbox.environment,
        HOME: home,
        OIDC_CLIENT_ID: sandbox.client("oidc").clientId,
      }, async () => {
        await Deno.remove(directory, { recursive: true }).catch(() => {});
      });
    }),
});

Deno.test({
  name: "permissions: an API's address needs its own folder, and loopback for the code flow",
  ...options,
  fn: () =>
    withFolder(async (home) => {
      await using sandbox = await startSandbox({ systems: ["oidc"] });
      const api = sandbox.environment["OIDC_API_URL"] ?? "";
      const directory = `${home}/.config/${await nameOf(new URL(api))}`;
      await needsExactly(
        addressFlow(sandbox.environment),
        [
          "--allow-env=HOME",
          `--allow-read=${directory}`,
          `--allow-write=${directory}`,
          `--allow-net=127.0.0.1,${hostOf(sandbox, "OIDC_ISSUER")}`,
        ],
        { ...sandbox.environment, HOME: home },
        async () => {
          await Deno.remove(directory, { recursive: true }).catch(() => {});
        },
      );
    }),
});

/** An API that accepts any token, and a server that exchanges any. */
function startServer(): { host: string; stop(): Promise<void> } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    await request.body?.cancel();
    return Response.json({ access_token: "t", token_type: "Bearer", expires_in: 600, value: "id" });
  });
  return { host: `127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}

const withToken = (definition: string) => `
import { defineProvider, getSession } from "jsr:@onecell/auth";
const s = await getSession(defineProvider({ name: "weather", ${definition} }));
await s.json("/x");
`;

Deno.test({
  name: "permissions: an external token needs its source, and the API",
  ...options,
  fn: () =>
    withFolder(async (folder) => {
      const { host, stop } = startServer();
      const file = `${folder}/token`;
      await Deno.writeTextFile(file, "a.token.here", { mode: 0o600 });
      const apiUrl = `apiUrl: "http://${host}"`;
      const endpoints = `endpoints: { token: "http://${host}/token" }, ${apiUrl}`;
      const exchange = `grant: "token_exchange", ${endpoints}`;
      const net = `--allow-net=${host}`;
      const rows: { definition: string; flags: string[]; env?: Record<string, string> }[] = [
        {
          definition: `${apiUrl}, tokenCommand: ["echo", "a.token.here"]`,
          flags: ["--allow-run=echo", net],
        },
        {
          definition: endpoints,
          flags: ["--allow-env=WEATHER_ACCESS_TOKEN", net],
          env: { WEATHER_ACCESS_TOKEN: "a.token.here" },
        },
        {
          definition: endpoints,
          flags: ["--allow-env=WEATHER_ACCESS_TOKEN_FILE", `--allow-read=${file}`, net],
          env: { WEATHER_ACCESS_TOKEN_FILE: file },
        },
        {
          definition: `${exchange}, subjectToken: { kubernetes: "${file}" }`,
          flags: [`--allow-read=${file}`, net],
        },
        {
          definition: `${exchange}, subjectToken: { environment: "CI_TOKEN" }`,
          flags: ["--allow-env=CI_TOKEN", net],
          env: { CI_TOKEN: "a.token.here" },
        },
        {
          definition: `${exchange}, subjectToken: { githubActions: "x" }`,
          flags: [
            "--allow-env=ACTIONS_ID_TOKEN_REQUEST_URL,ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            net,
          ],
          env: {
            ACTIONS_ID_TOKEN_REQUEST_URL: `http://${host}/id`,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: "r",
          },
        },
      ];
      try {
        for (const { definition, flags, env = {} } of rows) {
          await needsExactly(
            withToken(definition),
            flags,
            { HOME: folder, ...env },
            async () => {},
          );
        }
      } finally {
        await stop();
      }
    }),
});
