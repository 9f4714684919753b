/** The imports of the module, read from Deno's own graph. */

/** One room: a folder, or a file that stands alone. */
export interface Room {
  readonly path: string;
  /** What it is for, in a few words. */
  readonly about: string;
}

const room = (path: string, about: string): Room => ({ path, about });

/**
 * The floors of the house, lowest first. A file imports from its own room and from floors below it;
 * rooms on the same floor do not know each other.
 */
export const FLOORS: readonly (readonly Room[])[] = [
  [room("src/errors.ts", "AuthError, the one error, and its codes")],
  [room("src/base/", "URLs, text, waiting, JSON: helpers that know nothing of signing in")],
  [room("src/trust.ts", "who may receive a secret, a password or a token")],
  [room("src/runtime/", "what differs between Deno, Node and Bun")],
  [room("src/providers/", "the systems, as data; defineProvider; their URLs filled in")],
  [room("src/interface/", "what users see: the types of options, sessions, persons and reports")],
  [room("src/credentials/", "credential values: the class, the choice, what is missing")],
  [room("src/token/", "a token: its key, its freshness, its JSON, its proofs")],
  [room("src/person/", "asking and showing: kernel, terminal, cards, words")],
  [room("src/options/", "the options and their one check")],
  [
    room("src/store/", "files, the lock, and other places to keep tokens in"),
    room("src/bulk/", "many requests at a time, with a progress bar"),
  ],
  [room("src/profile/", "what one call stands on; where its credentials are")],
  [room("src/http/", "API requests, redirects, retries, pages; requests that run once")],
  [
    room("src/grants/", "openid-client, and what a token endpoint's answer means"),
    room("src/scan/", "this machine's secrets in notebooks"),
  ],
  [room("src/manage/", "load, save, create, import and forget credentials")],
  [room("src/renewal/", "a connection, its token kept fresh, its end")],
  [room("src/sign_in/", "how a person signs in, or gives credentials")],
  [room("src/address/", "signing in to an API by its address")],
  [room("src/doctor/", "why a sign-in does not work")],
  [room("src/start_renewal.ts", "what a renewal loads, named at once (made by a script)")],
  [room("src/lazy.ts", "the doors: everything that is loaded late")],
  [room("src/session.ts", "the public face of a connection")],
  [room("src/connect.ts", "puts a connection together")],
  [
    room("src/get_session.ts", "the story"),
    room("src/verbs.ts", "the other documented verbs"),
  ],
  [room("src/start.ts", "what every start loads, named at once (made by a script)")],
  [room("src/cli/", "the command: parse, print, exit code")],
  [
    room("src/cli.ts", "its entry"),
    room("mod.ts", "the public names"),
    room("src/testing.ts", "the public names for tests"),
    room("src/testing/", "a session and a person that are played; the sandbox"),
  ],
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
  return FLOORS.findIndex((rooms) => rooms.some((room) => path.startsWith(room.path)));
}

/** The room a file is in. */
export function roomOf(path: string): Room | undefined {
  return FLOORS.flat().find((room) => path.startsWith(room.path));
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

/** The modules of ours that a module loads with itself, each after those that it needs. */
export function loadedWith(entry: string, edges: readonly Edge[]): string[] {
  const loaded = new Set<string>();
  const visit = (path: string) => {
    if (loaded.has(path)) return;
    for (const { from, to, kind } of edges) {
      if (from === path && kind === "static" && to.startsWith("src/")) visit(to);
    }
    loaded.add(path);
  };
  visit(entry);
  return [...loaded];
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
