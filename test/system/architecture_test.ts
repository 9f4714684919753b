import assert from "node:assert/strict";
import { listsOfModules, roomTable } from "../../scripts/architecture.ts";
import { doors, type Edge, edgesOf, floorOf, roomOf, textOf, tsFiles } from "../support/imports.ts";

const options = { sanitizeOps: true, sanitizeResources: true, sanitizeExit: true };
const shown = ({ from, to, kind }: Edge) => `${from} → ${to} (${kind})`;
const ours = ({ to }: Edge) => to.startsWith("src/");

Deno.test({
  name: "rooms and floors: imports go downwards, including type and dynamic imports",
  ...options,
  async fn() {
    const all = (await edgesOf()).filter(ours);
    assert(all.length > 200, "the graph was not read");
    for (const path of tsFiles("src/")) {
      assert(
        floorOf(path) >= 0,
        `${path} stands on no floor: see FLOORS of test/support/imports.ts`,
      );
    }
    const upward = all.filter(({ from, to }) => floorOf(from) < floorOf(to)).map(shown);
    const across = all.filter(({ from, to }) =>
      floorOf(from) === floorOf(to) && roomOf(from) !== roomOf(to)
    ).map(shown);
    assert.deepEqual([...upward, ...across], []);
  },
});

Deno.test({
  name: "rooms and floors: no import cycles between files, counting every import",
  ...options,
  async fn() {
    const next = new Map<string, string[]>();
    for (const { from, to } of (await edgesOf()).filter(ours)) {
      next.set(from, [...next.get(from) ?? [], to]);
    }
    const circles = circlesOf(next);
    assert.deepEqual(circles, []);
  },
});

/** Groups of files that reach each other (Tarjan's strongly connected components). */
function circlesOf(next: Map<string, string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (at: string) => {
    index.set(at, index.size);
    low.set(at, index.size - 1);
    open.push(at);
    for (const to of next.get(at) ?? []) {
      if (!index.has(to)) visit(to);
      if (open.includes(to)) low.set(at, Math.min(low.get(at) ?? 0, low.get(to) ?? 0));
    }
    if (low.get(at) !== index.get(at)) return;
    const group = open.splice(open.indexOf(at));
    if (group.length > 1 || next.get(at)?.includes(at)) found.push(group.sort());
  };
  for (const at of next.keys()) if (!index.has(at)) visit(at);
  return found;
}

Deno.test({
  name:
    "rooms and floors: only lazy.ts, the command table and the choice of runtime load our modules late",
  ...options,
  async fn() {
    const late = (await edgesOf()).filter((edge) => edge.kind === "dynamic" && ours(edge));
    assert(late.length > 5, "the graph was not read");
    const wrong = late.filter(({ from }) => !doors.includes(from)).map(shown);
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "packages stay in their rooms, and a start loads no package",
  ...options,
  async fn() {
    const edges = await edgesOf();
    const values = edges.filter(({ kind }) => kind !== "type");
    const rooms: Record<string, RegExp> = {
      // Each further file that names it costs every start 0.7 million instructions.
      "openid-client": /^src\/grants\/openid\.ts$/,
      "@napi-rs/keyring": /^src\/store\//,
      "@redis/client": /^src\/store\//,
      "env-paths": /^src\/store\//,
      "jose": /^src\/(grants|token|store)\//,
      "p-map": /^src\/bulk\//,
      "uqr": /^src\/person\//,
    };
    const packages = edges.filter(({ to }) => !/^(src\/|node:|mod\.ts)/.test(to));
    for (const edge of packages) {
      const name = Object.keys(rooms).find((name) =>
        edge.to === name || edge.to.startsWith(`${name}/`)
      );
      assert(name, `${shown(edge)}: no room is named for this package`);
      assert.match(edge.from, rooms[name] as RegExp, shown(edge));
    }
    for (const name of Object.keys(rooms)) {
      assert(packages.some(({ to }) => to.startsWith(name)), `nothing imports ${name}`);
    }
    for (const edge of values.filter(({ to }) => to.startsWith("node:"))) {
      assert.match(edge.from, /^src\/(runtime\/node|store\/sqlite|cli\/(host|parse))/, shown(edge));
    }
    const start = loadedBy("mod.ts", values);
    for (const edge of values.filter(({ from, kind }) => start.has(from) && kind === "static")) {
      assert.match(edge.to, /^src\//, `a start loads ${edge.to}`);
    }
  },
});

Deno.test({
  name: "mod.ts loads few modules before anything is called, and no room that few starts need",
  ...options,
  async fn() {
    const loaded = loadedBy("mod.ts", (await edgesOf()).filter(({ kind }) => kind !== "type"));
    assert(loaded.has("src/session.ts"), "the graph was not read");
    assert(loaded.size <= 32, `mod.ts loads ${loaded.size} modules`);
    for (const path of loaded) {
      assert.doesNotMatch(path, /^src\/(bulk|cli|doctor|grants|manage|person|scan|sign_in)\//);
    }
  },
});

/** Everything that loads with a module. */
function loadedBy(entry: string, edges: Edge[]): Set<string> {
  const loaded = new Set([entry]);
  for (const path of loaded) {
    for (const { from, to, kind } of edges) if (from === path && kind === "static") loaded.add(to);
  }
  return loaded;
}

Deno.test({
  name:
    "only the runtime's files name Deno, only they and the person's name Jupyter, and nothing is logged",
  ...options,
  fn() {
    const code = (path: string) =>
      textOf(path).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "").replace(/"[^"\n]*"/g, '""');
    for (const path of tsFiles("src/")) {
      const text = code(path);
      if (!/^src\/(runtime\/|person\/|store\/sqlite)/.test(path)) {
        assert.doesNotMatch(text, /\bDeno\.(?!customInspect)\w/, path);
        if (path !== "src/cli/host.ts") assert.doesNotMatch(text, /\bprocess\./, path);
      }
      if (!/^src\/(person|runtime)\//.test(path)) assert.doesNotMatch(text, /\bjupyter\b/, path);
      if (!/^src\/(runtime|store)\//.test(path)) assert.doesNotMatch(text, /\.files\.\w+\(/, path);
      assert.doesNotMatch(text, /\bconsole\./, path);
    }
    assert.doesNotMatch(code("mod.ts"), /\b(const|let|function|class|await)\b/);
  },
});

Deno.test({
  name: "examples import the module as its users do",
  ...options,
  fn() {
    for (const path of tsFiles("examples/")) {
      assert.doesNotMatch(textOf(path), /from "(\.\.\/)+(src|mod)/, path);
    }
  },
});

Deno.test({
  name: "src/start.ts and src/start_renewal.ts list all modules that load together",
  ...options,
  async fn() {
    for (const [path, list] of Object.entries(await listsOfModules())) {
      assert(list.split("\n").length > 20, `${path} names few modules`);
      assert.equal(textOf(path), list, "run: deno task architecture");
    }
  },
});

Deno.test({
  name: "the table of rooms in CONTRIBUTING.md is up to date",
  ...options,
  async fn() {
    const cells = (text: string) =>
      text.split("\n").filter((line) => line.startsWith("| `")).map((line) =>
        line.split("|").map((cell) => cell.trim()).join("|")
      );
    const [, shown = ""] = /<!-- rooms -->([^]*)<!-- \/rooms -->/.exec(textOf("CONTRIBUTING.md")) ??
      [];
    assert.deepEqual(cells(shown), cells(await roomTable()), "run: deno task architecture");
  },
});
