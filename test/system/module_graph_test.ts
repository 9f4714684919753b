import assert from "node:assert/strict";
import { createCredentials } from "../../mod.ts";
import { loadedModules } from "../support/imports.ts";
import { test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

const PROGRAM = `
import { getSession } from "@onecell/auth";
const s = await getSession("spatiafi", JSON.parse(Deno.args[0]!));
const response = await s.fetch("/api/info");
await response.body?.cancel();
if (!response.ok) throw new Error("HTTP " + response.status);
`;

const loadedBy = (options: Record<string, unknown>) =>
  loadedModules(PROGRAM, [JSON.stringify(options)]);

const LAZY = ["openid-client", "oauth4webapi", "jose", "env-paths", "node:"];

test("a start with a saved token requests none, and loads no package and no node: module", async () => {
  await using world = await createWorld("spatiafi");
  const { sandbox, options, user } = world;
  const { interactive: _, ...place } = options;
  await createCredentials("spatiafi", user, place);

  const first = await loadedBy(place);
  assert.equal(sandbox.count("spatiafi.token"), 1);
  // The first sign-in needs them, so the log is read correctly.
  for (const name of ["openid-client", "node:sqlite", "/src/get_session.ts"]) {
    assert(first.some((one) => one.includes(name)), `${name} is not in the log`);
  }

  const second = await loadedBy(place);
  assert.equal(sandbox.count("spatiafi.token"), 1);
  assert(second.some((one) => one.includes("/src/get_session.ts")));
  for (const name of LAZY) {
    assert.deepEqual(
      second.filter((one) => one.includes(name)),
      [],
      `a cached start loads ${name}`,
    );
  }
});
