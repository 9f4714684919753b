/** The imports of the module, read from Deno's own graph. */

/**
 * The floors of the house, lowest first. A file imports from its own room and from floors below it;
 * rooms on the same floor do not know each other.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ["src/errors.ts"],
  ["src/base/"],
  ["src/runtime/"],
  ["src/trust.ts"],
  ["src/providers/"],
  ["src/credentials/"],
  ["src/token/"],
  ["src/person/"],
  ["src/options/"],
  ["src/store/", "src/bulk/"],
  ["src/profile/"],
  ["src/http/"],
  ["src/grants/", "src/scan/"],
  ["src/manage/"],
  ["src/renewal/"],
  ["src/sign_in/"],
  ["src/doctor/"],
  ["src/lazy.ts"],
  ["src/session.ts"],
  ["src/connect.ts"],
  ["src/get_session.ts", "src/verbs.ts"],
  ["src/cli/"],
  ["src/cli.ts", "mod.ts"],
];

/** The files that may load a module of ours late. */
export const doors: readonly string[] = [
  "src/lazy.ts",
  "src/cli/commands.ts",
  "src/runtime/current.ts",
];

/** One import. */
export interface Edge {
  /** Paths below the root; a package or a `node:` module by its name. */
  from: string;
  to: string;
  kind: "static" | "dynamic" | "type";
}

interface Dependency {
  specifier: string;
  code?: { specifier: string };
  type?: { specifier: string };
  isDynamic?: boolean;
}

const root = new URL("../../", import.meta.url);

/** The floor a file stands on, 0 for the lowest; -1 for none. */
export function floorOf(path: string): number {
  return FLOORS.findIndex((rooms) => rooms.some((room) => path.startsWith(room)));
}

/** Every import of the module and of the command. */
export async function edgesOf(): Promise<Edge[]> {
  const all = new Map<string, Edge>();
  for (const entry of ["mod.ts", "src/cli.ts"]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      cwd: root,
      args: ["info", "--json", entry],
      stderr: "null",
    }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
      modules: { specifier: string; dependencies?: Dependency[] }[];
    };
    for (const { specifier, dependencies = [] } of modules) {
      if (!specifier.startsWith(root.href)) continue;
      const from = specifier.slice(root.href.length);
      for (const { specifier: name, code, type, isDynamic } of dependencies) {
        const target = (code ?? type)?.specifier ?? name;
        const to = target.startsWith(root.href) ? target.slice(root.href.length) : name;
        const kind = code === undefined && type !== undefined
          ? "type"
          : isDynamic
          ? "dynamic"
          : "static";
        all.set(`${from} ${to} ${kind}`, { from, to, kind });
      }
    }
  }
  return [...all.values()];
}

/** The modules a program has really loaded: Deno's log names each one that it compiles. */
export async function loadedModules(program: string, args: string[] = []): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--log-level=debug", "--ext=ts", "-", ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { success, stderr } = await child.output();
  const log = new TextDecoder().decode(stderr);
  if (!success) throw new Error(log.slice(-2000));
  return [...log.matchAll(/for ES module: ([^\s,]+)/g)].map(([, name = ""]) => name);
}

/** Paths of all TypeScript files below a folder. */
export function* tsFiles(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(new URL(folder, root))) {
    if (entry.isDirectory) yield* tsFiles(`${folder}${entry.name}/`);
    else if (entry.name.endsWith(".ts")) yield `${folder}${entry.name}`;
  }
}

/** A file's text. */
export const textOf = (path: string): string => Deno.readTextFileSync(new URL(path, root));
