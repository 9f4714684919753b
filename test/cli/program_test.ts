import assert from "node:assert/strict";
import { TestFolder } from "../support/folder.ts";
import { test } from "../support/tests.ts";

const file = (path: string) => new URL(`../../${path}`, import.meta.url).pathname;

/** Runs a program with Deno. Returns its exit code and output. */
async function deno(...args: string[]): Promise<[number, string]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--config", file("deno.json"), ...args],
    env: { NO_COLOR: "1" },
  }).output();
  return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)];
}

test("a program runs once, also through a link, and not when it is imported", async () => {
  await using folder = await TestFolder.make();
  // As in Node 22, whose `import.meta` does not say if a module is the main one.
  await Deno.writeTextFile(
    folder.at("program.mjs"),
    `import { runAsProgram } from ${JSON.stringify(`file://${file("src/cli/host.ts")}`)};
     await runAsProgram({ url: import.meta.url }, (args) => {
       console.log("ran", ...args);
       return Promise.resolve(7);
     });`,
  );
  await Deno.writeTextFile(
    folder.at("importer.mjs"),
    `import "./program.mjs"; console.log("done");`,
  );
  await Deno.symlink(folder.at("program.mjs"), folder.at("link"));
  assert.deepEqual(await deno(folder.at("program.mjs"), "a", "--b"), [7, "ran a --b\n"]);
  assert.deepEqual(await deno(folder.at("link"), "c"), [7, "ran c\n"]);
  assert.deepEqual(await deno(folder.at("importer.mjs")), [0, "done\n"]);
});

test("./cli returns its exit code to its importer, and does nothing on import", async () => {
  const script = `const { main } = await import("@onecell/auth/cli");
    console.log(await main(["--version"]), await main(["nope"]));`;
  await using folder = await TestFolder.make();
  await Deno.writeTextFile(
    folder.at("importer.mjs"),
    script.replace("@onecell/auth/cli", `file://${file("src/cli.ts")}`),
  );
  const [code, output] = await deno(folder.at("importer.mjs"));
  assert.equal(code, 0);
  assert.match(output, /^onecell \d+\.\d+\.\d+\n0 2\n/);
});
