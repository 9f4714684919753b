/** Every recipe that needs only Deno, run as its users do, against the sandbox. */
import assert from "node:assert/strict";
import { createCredentials } from "../../../mod.ts";
import { textOf, tsFiles } from "../../support/imports.ts";
import { eachRow, test } from "../../support/tests.ts";
import { createWorld, type World } from "../../support/world.ts";
import { startGateway } from "./gateway.ts";
import { run, start } from "./run_recipe.ts";

/** SpatiaFi's credentials, saved where a recipe finds them. */
async function prepared({ sandbox, directory, options, user }: World, api: string) {
  await createCredentials("spatiafi", user, {
    directory: `${directory}/spatiafi`,
    authUrl: options.authUrl ?? "",
  });
  return { ...sandbox.environment, SPATIAFI_API_URL: api, XDG_CONFIG_HOME: directory };
}

const PRINTS: { name: string; prints: string; args?: string[] }[] = [
  { name: "openapi_fetch", prints: "About flood\n" },
  { name: "ky", prints: "About flood\n" },
  { name: "ofetch", prints: "About flood\n" },
  { name: "axios", prints: "About flood\n" },
  { name: "octokit", prints: "About flood\n" },
  { name: "event_source", prints: "first\nsecond\ndone\n" },
  { name: "web_socket", prints: "About flood\n" },
];

test("recipes: clients of HTTP, events and sockets use the session's token", async () => {
  await using world = await createWorld("spatiafi");
  await using gateway = startGateway(world.api);
  const env = await prepared(world, gateway.url);
  await eachRow(PRINTS, async ({ name, prints, args = [] }) => {
    const { code, output, problems } = await run(name, args, env);
    assert.equal(code, 0, problems);
    assert.equal(output, prints);
  }, 3);
  assert.equal(world.sandbox.count("spatiafi.token"), 1, "they share one session");
  assert.deepEqual(world.sandbox.errors, []);
});

test("recipes: an MCP client gets a new token after a 401, and sends its request again", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox } = world;
  await using gateway = startGateway(world.api, () => sandbox.revokeAccessTokens());
  const { code, output, problems } = await run("mcp", [], await prepared(world, gateway.url));
  assert.equal(code, 0, problems);
  assert.equal(output, 'info\n[{"type":"text","text":"About flood"}]\n');
  const { asked } = gateway;
  assert.deepEqual(asked.slice(asked.indexOf("401")), ["401", "tools/list", "tools/call"]);
  assert.equal(sandbox.count("spatiafi.token"), 2);
});

test("recipes: a server has one session for all requests, and passes on the API's response", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox } = world;
  const env = await prepared(world, world.api);
  const port = freePort();
  await using server = start("serve", [String(port)], env);
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await server.answers(() => ask("/info"));
  const before = sandbox.count("spatiafi.token");
  sandbox.revokeAccessTokens();
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => (await ask(`/info?item=${at}`)).json()),
  );
  assert.deepEqual(answers.map(({ title }) => title), answers.map((_, at) => `About ${at}`));
  assert.equal(sandbox.count("spatiafi.token"), before + 1, "they share the new token");
  sandbox.fault("spatiafi.api", { kind: "status", status: 404, body: "{}" }, 1);
  const refused = await ask("/info");
  assert.equal(refused.status, 502);
  assert.deepEqual(await refused.json(), { error: "api_error" });
});

test("recipes: DuckDB gets its secret as SQL on standard input, for this API only", async () => {
  await using world = await createWorld("spatiafi");
  const env = await prepared(world, world.api);
  const query = "SELECT 'it''s' FROM '/files/points.csv'";
  const { code, output, problems } = await run("duckdb", [query], env);
  assert.equal(code, 0, problems);
  const [, scope, token] = /SCOPE '([^']*)',\n {2}BEARER_TOKEN '([\w.-]+)'\n\);/.exec(output) ?? [];
  assert.equal(scope, `${world.api}/`);
  assert.equal(token?.split(".").length, 3);
  assert(output.includes("CREATE TEMPORARY SECRET onecell (\n  TYPE http,"), output);
  assert(output.endsWith(`SELECT 'it''s' FROM '${world.api}/files/points.csv';\n`), output);
});

test("recipes: each has a line in the README and at most 60 lines, and imports exact versions", async () => {
  const readme = textOf("examples/recipes/README.md");
  const names: string[] = [];
  for await (
    const { name, isFile } of Deno.readDir(new URL("../../../examples/recipes/", import.meta.url))
  ) {
    if (isFile && !["README.md", "deno.json", "deno.lock"].includes(name)) names.push(name);
  }
  assert(names.length >= 13, names.join(" "));
  for (const name of names) assert(readme.includes(`(${name})`), `README.md does not name ${name}`);
  for (const path of tsFiles("examples/recipes/")) {
    const text = textOf(path);
    assert(text.split("\n").length <= 60, path);
    for (const [specifier] of text.matchAll(/"npm:[^"]*"/g)) {
      assert.match(specifier, /@\d+\.\d+\.\d+"$/, path);
    }
  }
});

test("recipes: types, format and lint are correct, with a separate lock file", async () => {
  // The module's own lock has none of these packages, because each would slow down every start.
  const lock = textOf("deno.lock");
  const own = textOf("examples/recipes/deno.lock");
  for (const name of ["ofetch", "eventsource", "@octokit/core", "@modelcontextprotocol/client"]) {
    assert(own.includes(`"npm:${name}@`), name);
    assert(!lock.includes(`"npm:${name}@`), name);
  }
  const recipes = new URL("../../../examples/recipes/", import.meta.url);
  for (const args of [["fmt", "--check"], ["lint"], ["check", "--frozen", "."]]) {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      cwd: recipes,
      args: [...args, "--quiet"],
      env: { NO_COLOR: "1" },
    }).output();
    assert(success, `${args[0]}: ${new TextDecoder().decode(stderr)}`);
  }
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
