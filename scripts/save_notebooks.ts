// deno-lint-ignore-file no-console -- this script prints
/**
 * Runs the example notebooks in a real kernel against the sandbox, and saves their outputs:
 * `deno run -A scripts/save_notebooks.ts [--all] [NAME…]`
 *
 * Names, times and IDs are new in every run. If nothing else has changed, the file stays as it is. With
 * `--all` it is saved anyway.
 *
 * @module
 */
import { startSandbox } from "../examples/sandbox/mod.ts";
import { scanNotebookJson } from "../src/scan/scan_notebook.ts";
import { type Example, examples } from "../test/system/notebook/examples/example.ts";
import {
  lastingOutputs,
  pathOf,
  runExample,
  toJson,
} from "../test/system/notebook/examples/run_example.ts";
import { assertNoSecret, secretsOf, textsOf } from "../test/system/notebook/examples/secrets.ts";
import { type Notebook, textOf } from "../test/system/notebook/run_notebook.ts";

/** A fixed port, so that every notebook shows the same addresses. */
const PORT = 9400;
/** The lifetime of tokens in seconds, unless a notebook sets its own. */
const LIFETIME = 900;

const all = Deno.args.includes("--all");
const names = Deno.args.filter((argument) => argument !== "--all");
const unknown = names.find((name) => !examples.some((example) => example.name === name));
if (unknown !== undefined) throw new Error(`There is no notebook "${unknown}".`);

for (const example of examples) {
  if (names.length > 0 && !names.includes(example.name)) continue;
  console.log(`${example.name}: ${await save(example) ? "saved" : "unchanged"}`);
}

/** Runs a notebook and saves it. Returns false if nothing has changed. */
async function save(example: Example): Promise<boolean> {
  await using sandbox = await startSandbox({
    port: PORT,
    tokenLifetime: example.tokenLifetime ?? LIFETIME,
  });
  const home = await Deno.makeTempDir({ prefix: "onecell-home-" });
  try {
    const { cells, notebook } = await runExample(example, { sandbox, home, person: true });
    const failed = cells.find(({ status }) => status !== "ok");
    if (failed) {
      throw new Error(`Cell ${failed.cell} of ${example.name} failed:\n${textOf(failed.outputs)}`);
    }
    const json = toJson(notebook);
    const secrets = await secretsOf(sandbox, home);
    assertNoSecret(textsOf(notebook), secrets, example.name);
    const [finding] = scanNotebookJson(json, secrets);
    if (finding) throw new Error(`${example.name} would show a part of ${finding.name}.`);

    const path = pathOf(example.name);
    const before: Notebook = JSON.parse(await Deno.readTextFile(path));
    const same = lastingOutputs(before).join("\n") === lastingOutputs(notebook).join("\n");
    if (same && !all) return false;
    await Deno.writeTextFile(path, json);
    return true;
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
