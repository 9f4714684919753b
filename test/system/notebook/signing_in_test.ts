import assert from "node:assert/strict";
import { startSandbox } from "../../../examples/sandbox/mod.ts";
import { providers } from "../../../src/providers/registry.ts";
import { test } from "../../support/tests.ts";
import { assertNoSecret, secretsOf, textsOf } from "./examples/secrets.ts";
import { findPython, type Output, runNotebook, textOf } from "./run_notebook.ts";

const kernelTest = await findPython() === null ? Deno.test.ignore : test;

const imports =
  `import { createCredentials, getSession, loadCredentials } from "jsr:@onecell/auth";`;

/** Defines the sandbox's OpenID provider in a cell. */
const library = `
  import { defineProvider } from "jsr:@onecell/auth";
  const library = defineProvider({
    name: "library", title: "City Library", grant: "device_code", scope: "openid",
    issuer: Deno.env.get("OIDC_ISSUER"), apiUrl: Deno.env.get("OIDC_API_URL"),
  });`;

kernelTest(
  "a session at the end of a cell shows a card, and no secret in any form",
  async () => {
    await using sandbox = await startSandbox({ systems: ["spatiafi"] });
    const home = await Deno.makeTempDir({ prefix: "onecell-home-" });
    try {
      const { username = "", password = "" } = sandbox.users[0] ?? {};
      const { cells, notebook } = await runNotebook({
        env: { ...sandbox.environment, HOME: home },
        answers: [username, password],
        cells: [
          `${imports} const session = await getSession("spatiafi");`,
          `session`,
          `console.log(session, [session], { session }, await loadCredentials("spatiafi"));
         console.error("%o %O %j", session, session, session);
         console.table([session]); console.dir(session, { depth: Infinity });
         const deep = { depth: Infinity, showHidden: true, getters: true, showProxy: true };
         for (const value of [session, new Map([[session, session]]), session.fetch]) {
           console.log(Deno.inspect(value, deep), String(value), JSON.stringify({ value }));
         }
         console.log(await session.claims(), Object.getOwnPropertyNames(session), session);`,
          `import { inspect } from "node:util"; inspect(session, { depth: null, showHidden: true })`,
          `structuredClone(session)`,
          `await session.fetch("https://example.com/")`,
          `await createCredentials("spatiafi", { username: "nobody", password: "qX7-zr0ng-Tr1ed" })`,
          `throw Object.assign(new Error("mine"), { session, cause: session })`,
          `await loadCredentials("spatiafi")`,
        ],
      });
      const [, card] = cells;
      assert.equal(card?.outputs.length, 1);
      const { data = {} } = card.outputs[0] as Output;
      assert.deepEqual(Object.keys(data).sort(), ["text/html", "text/plain"]);
      assert.match(String(data["text/html"]), /<b>✓ Signed in to SpatiaFi[^<]*<\/b>/);
      assert.match(
        textOf(card.outputs),
        /^✓ Signed in to SpatiaFi[^\n]*\n {2}Access token expires /,
      );
      assert.deepEqual(cells.map(({ status }) => status).slice(0, 4), ["ok", "ok", "ok", "ok"]);
      assert.match(textOf(cells[5]?.outputs ?? []), /AuthError \[foreign_origin\]/);
      assert.match(textOf(cells[6]?.outputs ?? []), /AuthError \[login_refused\]/);

      const secrets = { ...await secretsOf(sandbox, home), wrong: "qX7-zr0ng-Tr1ed" };
      assert(Object.keys(secrets).some((name) => name.endsWith("access_token")));
      assertNoSecret(textsOf(notebook.cells.map(({ outputs }) => outputs)), secrets, "an output");
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
);

kernelTest(
  "without a person every system fails within a second, and says what it needs",
  async () => {
    const { cells } = await runNotebook({
      allowStdin: false,
      cells: [imports, ...providers.map(({ name }) => `await getSession("${name}")`)],
    });
    for (const [index, { environmentPrefix, folder: directory }] of providers.entries()) {
      const { outputs = [], seconds = NaN } = cells[index + 1] ?? {};
      const said = textOf(outputs);
      assert(seconds < 1, `${directory}: ${seconds} s`);
      assert.match(said, /AuthError \[credentials_missing\]/);
      assert.ok(said.includes(`${environmentPrefix}_CLIENT_ID`), said);
      assert.ok(said.includes(`${environmentPrefix}_CLIENT_SECRET`), said);
      assert.ok(said.includes(`/${directory}/app_credentials`), said);
    }
  },
);

kernelTest("the stop button ends the wait for a device, and the kernel stays alive", async () => {
  await using sandbox = await startSandbox({ systems: ["oidc"] });
  let code: string | undefined;
  const { cells, kernelAlive, notebook } = await runNotebook({
    env: sandbox.environment,
    cells: [
      `${imports} ${library} let kept = 7;`,
      `await getSession(library, { credentials: { client_id: "notebook" } })`,
      `kept`,
      `await getSession(library, { credentials: { client_id: "notebook" }, interactive: false })
         .catch((error) => error.code)`,
    ],
    onDisplay({ data, cell }, stop) {
      const shown = /code \(or enter it\): (\w{4}-\w{4})/.exec(data["text/plain"] ?? "")?.[1];
      if (cell !== 1 || shown === undefined || code !== undefined) return;
      code = shown;
      setTimeout(stop, 500);
    },
  });
  assert(code, "a code was shown");
  assert(kernelAlive);
  assert.match(
    textOf(cells[1]?.outputs ?? []),
    /AuthError \[cancelled\]: [^\n]*Run the cell again/,
  );
  assert.deepEqual(cells.slice(2).map(({ outputs }) => textOf(outputs)), [
    "7",
    `"login_required"`,
  ]);
  const saved = textsOf(notebook.cells.map(({ outputs }) => outputs));
  assert(!saved.includes(code), "the code is in the saved notebook");
  assert.doesNotMatch(saved, /user_code|data:image/);
});

kernelTest(
  "a password may be mistyped twice, but not three times, and no attempt is in an output",
  async () => {
    await using sandbox = await startSandbox({ systems: ["spatiafi"] });
    const home = await Deno.makeTempDir({ prefix: "onecell-home-" });
    try {
      const { username = "", password = "" } = sandbox.users[0] ?? {};
      const wrong = ["first-Wr0ng-try", "second-Wr0ng-try", "third-Wr0ng-try"];
      const { cells, prompts, notebook } = await runNotebook({
        env: { ...sandbox.environment, HOME: home },
        cells: [
          `${imports} await getSession("spatiafi")`,
          `await getSession("spatiafi"); "signed in"`,
        ],
        answers: [
          ...wrong.flatMap((password) => [username, password]),
          ...wrong.slice(0, 2).flatMap((password) => [username, password]),
          username,
          password,
        ],
      });
      const [refused, signedIn] = cells.map(({ outputs }) => textOf(outputs));
      assert.match(refused ?? "", /✗ Not signed in to SpatiaFi[^]*AuthError \[login_refused\]/);
      assert.match(signedIn ?? "", /✓ Signed in to SpatiaFi[^]*"signed in"$/);
      assert.doesNotMatch(signedIn ?? "", /✗|did not accept/, "a refusal is left in the notebook");
      assert.deepEqual([0, 1].map((cell) => prompts.filter((one) => one.cell === cell).length), [
        6,
        6,
      ]);
      assert.deepEqual(prompts.map((one) => one.password), Array(6).fill([false, true]).flat());
      const secrets = { ...await secretsOf(sandbox, home), ...Object.fromEntries(wrong.entries()) };
      assertNoSecret(textsOf(notebook.cells.map(({ outputs }) => outputs)), secrets, "an output");
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
);

kernelTest("the stop button ends a request, and the kernel stays alive (row 33)", async () => {
  const slow = `"/api/slow?ms=15000"`;
  await stopEach(`const session = await getSession("plantpredict", { quiet: true });`, [
    `await session.fetch(${slow})`,
    `await session.json(${slow})`,
    `for await (const page of session.pages(${slow})) console.log(page)`,
    `for await (const item of session.items(${slow})) console.log(item)`,
    `await session.verify({ url: ${slow} })`,
    `await session.map([1, 2], (_item, _index, s) => s.fetch(${slow}))`,
  ]);
});

kernelTest("the stop button ends a wait for a token endpoint (row 33)", async () => {
  const hanging = `{ quiet: true, store: "memory", fetch: () => new Promise(() => {}) }`;
  await stopEach(
    `const { doctor } = await import("@onecell/auth"); let hangs = false;
     const own = (input, init) => hangs ? new Promise(() => {}) : fetch(input, init);
     const session = await getSession("plantpredict", { quiet: true, fetch: own });`,
    [
      `await getSession("plantpredict", ${hanging})`,
      `hangs = true; await session.refresh()`,
      `await session.doctor()`,
      `await doctor("plantpredict", ${hanging})`,
    ],
  );
});

/** Presses the stop button in each cell; its variables must live on. */
async function stopEach(begin: string, waits: readonly string[]): Promise<void> {
  await using sandbox = await startSandbox({ systems: ["plantpredict"] });
  const { clientId, clientSecret } = sandbox.client("plantpredict");
  const show = `await Deno.jupyter.display({ "text/plain": "waiting" }, { raw: true });`;
  const stopped = new Set<number>();
  const { cells, kernelAlive } = await runNotebook({
    env: {
      ...sandbox.environment,
      PLANTPREDICT_CLIENT_ID: clientId,
      PLANTPREDICT_CLIENT_SECRET: clientSecret ?? "",
    },
    cells: [
      `${imports} let kept = 7; ${begin}`,
      ...waits.flatMap((wait) => [`${show} ${wait}`, `kept++`]),
    ],
    onDisplay({ data, cell }, stop) {
      if (data["text/plain"] !== "waiting" || stopped.has(cell)) return;
      stopped.add(cell);
      setTimeout(stop, 600);
    },
  });
  assert(kernelAlive);
  for (const [index, wait] of waits.entries()) {
    const { outputs = [], seconds = NaN } = cells[1 + 2 * index] ?? {};
    assert.match(textOf(outputs), /AuthError \[cancelled\]/, wait);
    assert(seconds < 5, `${wait}: ${seconds} s`);
    assert.equal(textOf(cells[2 + 2 * index]?.outputs ?? []), String(7 + index), wait);
  }
}
