import assert from "node:assert/strict";
import { TestFolder } from "../../support/folder.ts";
import { textOf } from "../../support/imports.ts";
import { test } from "../../support/tests.ts";

const root = new URL("../../../", import.meta.url);

/** The extra arguments of a kernel's `prompt`. */
const KERNEL = `declare global {
  function prompt(text: string, usual: string, how: { password: boolean }): string | null;
}
`;

/** The code cells of a notebook, as one module. */
function moduleOf(json: string): string {
  const { cells } = JSON.parse(json) as { cells: { cell_type: string; source: string[] }[] };
  const code = cells.filter(({ cell_type }) => cell_type === "code");
  return KERNEL + code.map(({ source }) => source.join("")).join("\n;\n") + "\nexport {};\n";
}

test("every notebook and every example type-checks as one module", async () => {
  await using folder = await TestFolder.make();
  const files: string[] = [];
  for await (const { name } of Deno.readDir(new URL("examples/", root))) {
    if (name.endsWith(".ts")) files.push(`examples/${name}`);
    if (!name.endsWith(".ipynb")) continue;
    const path = folder.at(name.replace(".ipynb", ".ts"));
    await Deno.writeTextFile(path, moduleOf(textOf(`examples/${name}`)));
    files.push(path);
  }
  assert(files.length > 10, "the examples were not found");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: ["check", "--config", "deno.json", ...files],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});

test("the example of a user's tests passes", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: ["test", "-A", "--no-check", "examples/testing_test.ts"],
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
});
