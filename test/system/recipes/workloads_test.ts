/** The recipes for jobs and hubs, with stand-ins for GitHub, the hub and the authorization server. */
import assert from "node:assert/strict";
import { TestFolder } from "../../support/folder.ts";
import { textOf } from "../../support/imports.ts";
import { test } from "../../support/tests.ts";
import { run } from "./run_recipe.ts";

/** The requests to the stand-in. */
interface Asked {
  readonly path: string;
  readonly authorization: string | null;
  readonly form: URLSearchParams;
}

/** GitHub's endpoint for identity tokens, a hub's API, an authorization server and its API, in one. */
function standIn() {
  const asked: Asked[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { origin, pathname, searchParams } = new URL(request.url);
    const form = request.method === "POST"
      ? new URLSearchParams(await request.text())
      : searchParams;
    const authorization = request.headers.get("authorization");
    asked.push({ path: pathname, authorization, form });
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return Response.json({ issuer: origin, token_endpoint: `${origin}/token` });
      case "/github":
        return Response.json({ value: "token-of-the-job" });
      case "/hub/api/users/ada":
        return Response.json({ name: "ada", auth_state: { access_token: "token-of-the-hub" } });
      case "/token":
        return Response.json({
          access_token: `for-${form.get("subject_token")}`,
          issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
          token_type: "Bearer",
          expires_in: 300,
        });
      case "/api/info":
        return authorization?.startsWith("Bearer for-token-of-")
          ? Response.json({ title: `About ${searchParams.get("item_id")}` })
          : new Response(null, { status: 401 });
      default:
        return new Response(null, { status: 404 });
    }
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return {
    asked,
    url,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/**
 * Runs a copy of a recipe that names the stand-in, because a variable cannot send a job's token to another
 * server.
 *
 * @param flags Deno's permissions in addition to reaching the stand-in
 */
async function runAt(url: string, name: string, env: Record<string, string>, flags: string[]) {
  await using folder = await TestFolder.make();
  const text = textOf(`examples/recipes/${name}.ts`);
  const copy = text.replaceAll(/https:\/\/(api|login)\.weather\.example/g, url);
  assert.notEqual(copy, text);
  await Deno.writeTextFile(folder.at("recipe.ts"), copy);
  return await run(folder.at("recipe.ts"), [], env, [
    `--allow-net=${new URL(url).host}`,
    ...flags,
  ]);
}

/** The permissions in the workflow, except the hosts. */
const JOB = [/--allow-env=\S+/.exec(textOf("examples/recipes/github_actions.yml"))?.[0] ?? ""];
const HUB = ["--allow-env=JUPYTERHUB_API_URL,JUPYTERHUB_API_TOKEN,JUPYTERHUB_USER"];

test("recipes: a job of GitHub Actions exchanges its identity token, and stores nothing", async () => {
  await using world = standIn();
  const { code, output, problems } = await runAt(world.url, "github_actions", {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${world.url}/github?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "of-the-runner",
  }, JOB);
  assert.equal(code, 0, problems);
  assert.equal(output, "About flood\n");
  const github = world.asked.find(({ path }) => path === "/github");
  assert.equal(github?.authorization, "Bearer of-the-runner");
  assert.equal(github?.form.get("audience"), world.url);
  assert.equal(github?.form.get("api-version"), "2.0");
  const token = world.asked.find(({ path }) => path === "/token");
  assert.equal(token?.form.get("grant_type"), "urn:ietf:params:oauth:grant-type:token-exchange");
  assert.equal(token?.form.get("subject_token"), "token-of-the-job");
  assert(
    world.asked.every(({ path, authorization }) =>
      path === "/github" || authorization !== "Bearer of-the-runner"
    ),
  );

  const outside = await runAt(world.url, "github_actions", {}, JOB);
  assert.equal(outside.code, 1);
  assert.match(outside.problems, /id-token: write/);
});

test("recipes: the workflow grants the permissions that the script needs, and pins its actions", () => {
  const workflow = textOf("examples/recipes/github_actions.yml");
  assert.match(workflow, /^permissions: \{\}$/m);
  assert.match(workflow, /^ {6}id-token: write$/m);
  for (const [, action = ""] of workflow.matchAll(/uses: (\S+)/g)) {
    assert.match(action, /@[0-9a-f]{40}$/);
  }
});

test("recipes: a hub's server exchanges its user's token from the hub", async () => {
  await using world = standIn();
  const { code, output, problems } = await runAt(world.url, "hub", {
    JUPYTERHUB_API_URL: `${world.url}/hub/api`,
    JUPYTERHUB_API_TOKEN: "of-the-server",
    JUPYTERHUB_USER: "ada",
  }, HUB);
  assert.equal(code, 0, problems);
  assert.equal(output, "About flood\n");
  const hub = world.asked.find(({ path }) => path === "/hub/api/users/ada");
  assert.equal(hub?.authorization, "token of-the-server");
  const token = world.asked.find(({ path }) => path === "/token");
  assert.equal(token?.form.get("subject_token"), "token-of-the-hub");
  const outside = await runAt(world.url, "hub", {}, HUB);
  assert.match(outside.problems, /not a JupyterHub server/);
});
