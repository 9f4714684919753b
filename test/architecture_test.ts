import assert from "node:assert/strict";

/** The rooms of the house and what they may touch, read from the import graph. */

interface Dependency {
  specifier: string;
  code?: { specifier: string };
  type?: { specifier: string };
  isDynamic?: boolean;
}
interface Module {
  specifier: string;
  dependencies?: Dependency[];
}
interface Edge {
  from: string;
  to: string;
  dynamic: boolean;
  typeOnly: boolean;
}

const root = new URL("../", import.meta.url);
const options = { sanitizeOps: true, sanitizeResources: true, sanitizeExit: true };

async function edges(entryPoint = "mod.ts"): Promise<Edge[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: ["info", "--json", entryPoint],
    stderr: "null",
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Module[] };
  return modules.filter(({ specifier }) => specifier.startsWith(root.href)).flatMap((module) =>
    (module.dependencies ?? []).map((dependency) => ({
      from: module.specifier.slice(root.href.length),
      to: (dependency.code ?? dependency.type)?.specifier.replace(root.href, "") ??
        dependency.specifier,
      dynamic: dependency.isDynamic === true,
      typeOnly: dependency.code === undefined,
    }))
  );
}

/** Paths of all TypeScript files below a folder. */
function* sources(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(new URL(folder, root))) {
    if (entry.isDirectory) yield* sources(`${folder}${entry.name}/`);
    else if (entry.name.endsWith(".ts")) yield `${folder}${entry.name}`;
  }
}

const textOf = (path: string) => Deno.readTextFileSync(new URL(path, root));
const isPackage = (name: string) => (edge: Edge) =>
  edge.to === name || edge.to.startsWith(`npm:${name}`) || edge.to.startsWith(`npm:/${name}`) ||
  edge.to.startsWith(`${name}/`);

Deno.test({
  name: "the import graph: packages stay in their rooms, and lazy",
  ...options,
  async fn() {
    const all = await edges();
    assert(all.length > 50, "the graph was not read");
    const values = all.filter((edge) => !edge.typeOnly);
    const users = (name: string) => values.filter(isPackage(name));

    assert(users("openid-client").length > 0);
    for (const { from } of users("openid-client")) assert.match(from, /^src\/grants\//);
    for (const edge of users("env-paths")) {
      assert.match(edge.from, /^src\/store\//);
      assert(edge.dynamic, `${edge.from} imports env-paths before it is needed`);
    }
    for (const edge of users("jose")) assert(edge.dynamic, `${edge.from} imports jose eagerly`);
    assert(users("p-map").length > 0);
    for (const edge of users("p-map")) {
      assert.equal(edge.from, "src/map.ts");
      assert(edge.dynamic, `${edge.from} imports p-map before it is needed`);
    }
    for (const edge of values.filter(({ to }) => to.startsWith("node:"))) {
      assert.match(edge.from, /^src\/(runtime\/node|store\/sqlite)/, `${edge.from} → ${edge.to}`);
    }
    // Whoever stands outside the grants reaches them only when a token is needed.
    const loaders = new Set(users("openid-client").map(({ from }) => from));
    const doors = values.filter(({ from, to }) =>
      loaders.has(to) && !from.startsWith("src/grants/")
    );
    assert(doors.length > 0);
    for (const edge of doors) assert(edge.dynamic, `${edge.from} imports ${edge.to} eagerly`);
  },
});

Deno.test({
  name: "the import graph: data moves one way, without circles",
  ...options,
  async fn() {
    const all = await edges();
    const values = all.filter((edge) => !edge.typeOnly && !edge.dynamic);
    for (const { from, to } of all.filter((edge) => !edge.typeOnly)) {
      if (from === "src/provider.ts") assert.fail(`a provider is data, and imports ${to}`);
      if (from === "mod.ts") assert.match(to, /^src\//);
      if (from.startsWith("src/providers/")) {
        assert.match(to, /^src\/(providers\/|define_provider|errors)/);
      }
      if (from.startsWith("src/store/")) {
        assert.match(to, /^(src\/(store|runtime|errors|url)|npm:|node:|env-paths)/);
      }
      if (from.startsWith("src/runtime/")) assert.match(to, /^(src\/(runtime|errors)|node:)/);
      if (from.startsWith("src/grants/")) {
        assert.match(to, /^(src\/(grants|http|errors|url|dpop|token)|npm:|openid-client|jose)/);
      }
      assert.doesNotMatch(to, /^(test|examples|scripts)\//, `${from} → ${to}`);
    }
    const next = new Map<string, string[]>();
    for (const { from, to } of values) next.set(from, [...next.get(from) ?? [], to]);
    const visit = (at: string, path: string[]) => {
      assert(!path.includes(at), `a circle: ${[...path, at].join(" → ")}`);
      for (const to of next.get(at) ?? []) visit(to, [...path, at]);
    };
    visit("mod.ts", []);
  },
});

Deno.test({
  name: "the import graph: bulk work, the doctor, the scan and the command are loaded when used",
  ...options,
  async fn() {
    const all = (await edges()).filter((edge) => !edge.typeOnly);
    const loaded = new Set(["mod.ts"]);
    for (const path of loaded) {
      for (const { from, to, dynamic } of all) if (from === path && !dynamic) loaded.add(to);
    }
    assert(loaded.has("src/session.ts") && loaded.size > 10, "the graph was not read");
    // Each costs every start: what few need is loaded by those.
    assert(loaded.size <= 20, `mod.ts loads ${loaded.size} modules`);
    const late =
      /^src\/(map|scan_|local_secrets|doctor\/|cli|store\/list_|notebook\/(scan|doctor|progress))/;
    for (const path of loaded) assert.doesNotMatch(path, late, "loaded by mod.ts");
    for (const { from, to } of all) assert.doesNotMatch(to, /^src\/cli/, `${from} → ${to}`);

    const cli = (await edges("src/cli.ts")).filter((edge) => !edge.typeOnly);
    assert(cli.some(({ from }) => from === "src/cli/commands.ts"), "the graph was not read");
    for (const { from, to } of cli.filter(({ from }) => /^src\/cli/.test(from))) {
      if (to.startsWith("node:")) assert.match(from, /^src\/cli\/(host|parse)\.ts$/, to);
      else assert.match(to, /^src\//, `${from} → ${to}`);
    }
  },
});

Deno.test({
  name: "only the runtime's files name Deno, only the notebook's name Jupyter, nothing is logged",
  ...options,
  fn() {
    const code = (path: string) =>
      textOf(path).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "").replace(/"[^"\n]*"/g, '""');
    for (const path of sources("src/")) {
      const text = code(path);
      if (!/^src\/(runtime\/|notebook\/|store\/sqlite)/.test(path)) {
        assert.doesNotMatch(text, /\bDeno\.(?!customInspect)\w/, path);
        if (path !== "src/cli/host.ts") assert.doesNotMatch(text, /\bprocess\./, path);
      }
      if (!path.startsWith("src/notebook/")) assert.doesNotMatch(text, /\bjupyter\b/, path);
      if (!/^src\/(runtime|store)\//.test(path)) assert.doesNotMatch(text, /\.files\.\w+\(/, path);
      assert.doesNotMatch(text, /\bconsole\./, path);
    }
    assert.doesNotMatch(code("mod.ts"), /\b(const|let|function|class|await)\b/);
  },
});

Deno.test({
  name: "examples use the module as its users do",
  ...options,
  fn() {
    for (const path of sources("examples/")) {
      assert.doesNotMatch(textOf(path), /from "(\.\.\/)+(src|mod)/, path);
    }
  },
});
