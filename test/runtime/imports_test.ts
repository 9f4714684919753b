import assert from "node:assert/strict";

const SOURCE = new URL("../../src/", import.meta.url);

/** The output of `deno info --json` about a module's imports. */
interface Graph {
  modules: {
    specifier: string;
    dependencies?: { code?: { specifier?: string }; isDynamic?: boolean; specifier: string }[];
  }[];
}

/** Everything that loads with a module. Dynamic imports are not followed. */
async function loaded(module: string): Promise<Set<string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", new URL(module, SOURCE).href],
  }).output();
  const graph: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const found = new Set<string>();
  const visit = (specifier: string) => {
    if (found.has(specifier)) return;
    found.add(specifier);
    const { dependencies = [] } = graph.modules.find((one) => one.specifier === specifier) ?? {};
    for (const { code, isDynamic, specifier: written } of dependencies) {
      if (code && !isDynamic) visit(code.specifier ?? written);
    }
  };
  visit(new URL(module, SOURCE).href);
  return found;
}

Deno.test("a cached start under Deno imports neither node: modules nor packages", async () => {
  for (
    const module of ["runtime/deno.ts", "store/open_store.ts", "store/credentials_file.ts"]
  ) {
    const found = await loaded(module);
    assert.ok(found.size > 1);
    for (const specifier of found) {
      assert.ok(specifier.startsWith(SOURCE.href), `${module} imports ${specifier}`);
      assert.ok(!specifier.includes("/node"), `${module} imports ${specifier}`);
    }
  }
});
