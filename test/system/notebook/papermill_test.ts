/** The recipe for papermill: a notebook with parameters, in a real kernel, without a person. */
import assert from "node:assert/strict";
import { createCredentials } from "../../../mod.ts";
import { createWorld } from "../../support/world.ts";
import { findPython, type Notebook, textOf } from "./run_notebook.ts";

const root = decodeURIComponent(new URL("../../../", import.meta.url).pathname).replace(/\/$/, "");

const python = await findPython();
const hasPapermill = python !== null &&
  (await new Deno.Command(python, { args: ["-c", "import papermill"], stderr: "null" }).output())
    .success;
if (!hasPapermill) {
  const why = "the recipe for papermill needs a Python with papermill (pip install papermill)";
  if (Deno.env.get("CI") === "true") throw new Error(why);
  Deno.stderr.writeSync(new TextEncoder().encode(`skipped: ${why}\n`));
}

Deno.test({
  name: "papermill passes parameters to a notebook in TypeScript, which finds the saved session",
  ignore: !hasPapermill,
  async fn() {
    await using world = await createWorld("spatiafi");
    const { sandbox, directory, options, user } = world;
    await createCredentials("spatiafi", user, {
      directory: `${directory}/config/spatiafi`,
      authUrl: options.authUrl ?? "",
    });
    const kernel = `${directory}/jupyter/kernels/deno`;
    const project = `${directory}/project`;
    await Deno.mkdir(kernel, { recursive: true });
    await Deno.mkdir(project);
    const write = (path: string, value: unknown) => Deno.writeTextFile(path, JSON.stringify(value));
    await write(`${kernel}/kernel.json`, {
      argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
      display_name: "Deno",
      language: "typescript",
    });
    // So `jsr:@onecell/auth` is this working tree.
    await write(`${project}/deno.json`, { links: [root], lock: false });
    const run = async (args: string[]) => {
      const { success, stderr } = await new Deno.Command(python ?? "", {
        args: [
          `${root}/examples/recipes/run_papermill.py`,
          `${root}/examples/recipes/papermill.ipynb`,
          `${directory}/out.ipynb`,
          `--cwd=${project}`,
          "--no-progress-bar",
          ...args,
        ],
        env: {
          ...sandbox.environment,
          XDG_CONFIG_HOME: `${directory}/config`,
          JUPYTER_PATH: `${directory}/jupyter`,
          JUPYTER_RUNTIME_DIR: `${directory}/runtime`,
          PYTHONDONTWRITEBYTECODE: "1",
        },
        stdout: "null",
        stderr: "piped",
      }).output();
      const saved = await Deno.readTextFile(`${directory}/out.ipynb`);
      assert(success, new TextDecoder().decode(stderr));
      const { cells } = JSON.parse(saved) as Notebook;
      return { saved, shown: textOf(cells.at(-1)?.outputs ?? []) };
    };
    const item = 'a "quoted" ü \\ item';
    const { saved, shown } = await run(["-p", "item", item]);
    assert.equal(shown, Deno.inspect(`About ${item}`));
    assert.match(saved, /Parameters/);
    assert.match((await run([])).shown, /About wildfire-risk-current-global-v1\.0/);
    assert.equal(sandbox.count("spatiafi.token"), 1);
  },
});
