import assert from "node:assert/strict";
import { startSandbox } from "../../../examples/sandbox/mod.ts";
import { scanNotebookJson } from "../../../src/scan/scan_notebook.ts";
import { eachRow, test } from "../../support/tests.ts";
import { type Example, examples } from "./examples/example.ts";
import { lastingOutputs, pathOf, runExample } from "./examples/run_example.ts";
import { assertNoSecret, secretsOf, textsOf } from "./examples/secrets.ts";
import { findPython, type Notebook, type RunResult, textOf } from "./run_notebook.ts";

const kernelTest = await findPython() === null ? Deno.test.ignore : test;

test("this test runs every notebook of the examples folder", async () => {
  const files = await Array.fromAsync(Deno.readDir(new URL("../../../examples/", import.meta.url)));
  assert.deepEqual(
    files.filter(({ name }) => name.endsWith(".ipynb")).map(({ name }) => name).sort(),
    examples.map(({ name }) => `${name}.ipynb`).sort(),
  );
});

test("saved outputs show no path, no token and no link with a code", async () => {
  for (const { name } of examples) {
    const notebook: Notebook = JSON.parse(await Deno.readTextFile(pathOf(name)));
    const shown = textsOf(notebook.cells.map(({ outputs }) => outputs));
    assert.doesNotMatch(
      shown,
      /eyJ|\/tmp\/|\/home\/|\/Users\/|\/root\/|file:\/\/|user_code|data:/,
      name,
    );
    for (const [host] of shown.matchAll(/127\.0\.0\.1:\d+/g)) assert.match(host, /:94\d\d$/, name);
  }
});

kernelTest("each notebook runs with a person, then without one, and shows no secret", async () => {
  await eachRow(examples, check, 2);
});

/** The two runs of one notebook: today by a person, tomorrow by a scheduler. */
async function check(example: Example): Promise<void> {
  const { name, system, questions, tokenLifetime, laterTokens = 0 } = example;
  await using sandbox = await startSandbox({
    systems: [system],
    ...(tokenLifetime === undefined ? {} : { tokenLifetime }),
  });
  const home = await Deno.makeTempDir({ prefix: "onecell-home-" });
  try {
    const first = await runExample(example, { sandbox, home, person: true });
    assertRan(first);
    assert.deepEqual(
      first.prompts.map(({ prompt, password }) => ({
        // Every prompt for a credential names the host, and a sandbox has its own.
        prompt: prompt.replace(/ \(for 127\.0\.0\.1:\d+\): $/, ": "),
        masked: password,
      })),
      questions.map(({ prompt, masked }) => ({ prompt, masked })),
    );
    const saved: Notebook = JSON.parse(await Deno.readTextFile(pathOf(name)));
    assert.deepEqual(
      lastingOutputs(first.notebook),
      lastingOutputs(saved),
      "the saved outputs are not what the sandbox gives: run scripts/save_notebooks.ts",
    );

    sandbox.reset();
    const second = await runExample(example, { sandbox, home, person: false });
    assertRan(second);
    assert.deepEqual(second.prompts, []);
    // Without the doctor's requests, which get no token.
    const tokens = sandbox.count(`${system}.token.200`);
    assert(tokens <= laterTokens, `${tokens} tokens were requested though one is saved`);
    assert.deepEqual(sandbox.errors, []);

    const secrets = await secretsOf(sandbox, home);
    for (const { notebook, cells } of [first, second]) {
      assertNoSecret(textsOf(notebook), secrets, name);
      assert.deepEqual(scanNotebookJson(JSON.stringify(notebook), secrets), []);
      // A final card has no code, no link parameters and no QR code.
      const shown = textsOf(cells.map(({ outputs }) => outputs));
      assert.doesNotMatch(shown, /user_code|code_challenge|state=|data:image/);
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

function assertRan({ cells, kernelAlive }: RunResult): void {
  assert(kernelAlive, "the kernel died");
  for (const { cell, status, outputs } of cells) {
    assert.equal(status, "ok", `cell ${cell}: ${textOf(outputs)}`);
  }
}
