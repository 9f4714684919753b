import assert from "node:assert/strict";
import { createCredentials, getSession } from "../../mod.ts";
import { cardText, works } from "../support/call.ts";
import { scriptedPerson } from "../support/person.ts";
import { elapsed, rejects } from "../support/rejects.ts";
import { skip } from "../support/runtimes.ts";
import { test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

/** A folder that nobody can create, not even root. */
const NOWHERE = "/proc/onecell";

/** Only Linux has such a folder. */
function onLinux(name: string, check: () => Promise<void>): void {
  test(name, async () => {
    if (Deno.build.os === "linux") await check();
    else skip(name, "this is not Linux");
  });
}

onLinux("without a place to save, a session works from memory and says so", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, sandbox } = world;
  const place = { ...options, directory: NOWHERE };
  const session = await getSession("plantpredict", { ...place, credentials });
  await works(session);
  assert.equal(session.storeProblem?.code, "store_unavailable");
  assert(session.storeProblem.message.includes(NOWHERE), session.storeProblem.message);
  // The next cell of the same process finds the token.
  await works(await getSession("plantpredict", { ...place, credentials }));
  assert.equal(sandbox.count("plantpredict.token"), 1);
  assert.match(await cardText(session), /memory only/);
});

onLinux(
  "without a place to save, typed values serve this process, and nothing is created",
  async () => {
    await using world = await createWorld("plantpredict");
    const { options, credentials: { client_id = "", client_secret = "" } } = world;
    const person = scriptedPerson({ answers: [client_id, client_secret] });
    const place = { ...options, directory: NOWHERE, interactive: true, person };
    const typed = await getSession("plantpredict", place);
    await works(typed);
    assert.equal(typed.source, "typed in, not saved");
    assert.equal(typed.storeProblem?.code, "store_unavailable");

    await using spatiafi = await createWorld("spatiafi");
    const { username, password } = spatiafi.user;
    const asked = scriptedPerson({ answers: [username, password] });
    const elsewhere = { ...spatiafi.options, directory: NOWHERE, interactive: true, person: asked };
    // wild.md G: app credentials that cannot be saved are not created, because their secret is shown once.
    await rejects(
      getSession("spatiafi", elsewhere),
      "store_unavailable",
      /No app credentials were/,
    );
    assert.equal(asked.shown.at(-1)?.kind, "failed");
    assert.equal(spatiafi.sandbox.count("spatiafi.clients"), 0);
  },
);

onLinux("without a place to save, createCredentials creates nothing", async () => {
  await using world = await createWorld("spatiafi");
  const { interactive: _, ...options } = world.options;
  const creation = createCredentials("spatiafi", world.user, {
    ...options,
    directory: NOWHERE,
  });
  await rejects(creation, "store_unavailable", /No app credentials were created/);
  assert.equal(world.sandbox.count("spatiafi.clients"), 0);
});

onLinux("without a place to save, a failure is quick", async () => {
  await using world = await createWorld("plantpredict");
  const time = await elapsed(() =>
    rejects(
      getSession("plantpredict", { ...world.options, directory: NOWHERE }),
      "credentials_missing",
    )
  );
  assert(time < 1_000, `${time} ms`);
});
