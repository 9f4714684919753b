import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import { works } from "../support/call.ts";
import { scriptedPerson } from "../support/person.ts";
import { answerOf } from "../support/program.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";

/** The sources of credentials, in the order they are read. */
const PLACES = ["options", "environment", "file", "person"] as const;

test("credentials: options, then environment, then file, then the person", () =>
  eachRow(
    PLACES.map((first, at) => ({ name: first, present: PLACES.slice(at) })),
    async ({ name: expected, present }) => {
      await using world = await createWorld("plantpredict");
      const { credentials, directory, sandbox, options: { interactive: _, ...options } } = world;
      const has = (place: typeof PLACES[number]) => present.includes(place);
      // Only the first source has credentials that work, so using any other one fails.
      const from = (place: string) =>
        place === expected ? credentials : { client_id: `of-the-${place}`, client_secret: "wrong" };
      if (has("file")) {
        await Deno.writeTextFile(`${directory}/app_credentials`, JSON.stringify(from("file")));
      }
      const { client_id: id = "", client_secret: secret = "" } = from("environment");
      const { client_id: typedId, client_secret: typedSecret } = from("person");
      const { source, account, asked } = await answerOf<Record<string, unknown>>(
        `
        const asked = [];
        const answers = [...data.answers];
        const person = {
          kind: "notebook", browserIsLocal: false, show: async () => {}, open: async () => false,
          ask: async (text) => (asked.push(text), answers.shift() ?? null),
          interruptible: (wait) => wait(new AbortController().signal),
        };
        const session = await auth.getSession("plantpredict", { ...data.options, person });
        console.log(JSON.stringify({ source: session.source, account: session.account, asked }));
        `,
        {
          data: {
            options: { ...options, ...(has("options") ? { credentials: from("options") } : {}) },
            answers: [typedId, typedSecret],
          },
          env: {
            HOME: directory,
            ...(has("environment")
              ? { PLANTPREDICT_CLIENT_ID: id, PLANTPREDICT_CLIENT_SECRET: secret }
              : {}),
          },
        },
      );
      assert.equal(account, credentials["client_id"]);
      assert.equal((asked as string[]).length, expected === "person" ? 2 : 0);
      const path = "~/app_credentials";
      assert.equal(
        source,
        {
          options: "passed in code",
          environment: "environment (PLANTPREDICT_CLIENT_ID, PLANTPREDICT_CLIENT_SECRET)",
          file: path,
          person: path,
        }[expected],
      );
      assert.equal(sandbox.count("plantpredict.token"), 1);
    },
  ));

test("credentials: only missing values are prompted for, and only once", async () => {
  await using world = await createWorld("plantpredict-okta");
  const { options, credentials, user } = world;
  const person = scriptedPerson({ answers: [user.password] });
  const known = { ...credentials, username: user.username };
  const asking = { ...options, interactive: true, person, credentials: known };
  await works(await getSession("plantpredict-okta", asking));
  assert.deepEqual(person.asked, [{
    text: `PlantPredict (Okta) password (for ${new URL(options.authUrl ?? "").host})`,
    secret: true,
  }]);
  await rejects(
    getSession("plantpredict-okta", { ...options, credentials: known, forceLogin: true }),
    "credentials_missing",
    /PLANTPREDICT_OKTA_PASSWORD/,
  );
});

test("cells that start at the same time share one sign-in", () =>
  eachRow([{ name: "plantpredict" }, { name: "ocs" }] as const, async ({ name }) => {
    await using world = await createWorld(name);
    const { options, credentials, sandbox } = world;
    const sessions = await Promise.all(
      Array.from({ length: 10 }, () => getSession(name, { ...options, credentials })),
    );
    const tokens = await Promise.all(sessions.map((session) => session.token()));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(sandbox.count(`${name}.token`), 1);
  }));
