/** The imports of the module, read from Deno's own graph. */

/** One room: a folder, or a single file. */
export interface Room {
  readonly path: string;
  /** What it does, in a few words. */
  readonly about: string;
}

const room = (path: string, about: string): Room => ({ path, about });

/**
 * The floors, lowest first. A file imports from its own room and from the floors below; rooms on the
 * same floor do not import from each other.
 */
export const FLOORS: readonly (readonly Room[])[] = [
  [room("src/errors.ts", "`AuthError` and its codes")],
  [room("src/base/", "helpers for URLs, text, waiting and JSON")],
  [room("src/trust.ts", "decides who may receive a secret, a password or a token")],
  [room("src/runtime/", "the differences between Deno, Node and Bun")],
  [room("src/providers/", "the built-in systems, as data; `defineProvider`; their URLs")],
  [room("src/interface/", "public types: options, sessions, persons, reports")],
  [room("src/credentials/", "credential values: which ones are used, which are missing")],
  [room("src/token/", "a token: its key, expiry, JSON and DPoP proofs")],
  [room("src/person/", "prompts and cards, in a notebook or at a terminal")],
  [room("src/options/", "the options, and the one check of them")],
  [
    room("src/store/", "saves sessions: files and their lock, Redis, the keyring"),
    room("src/bulk/", "`map`: many requests at a time, with a progress bar"),
  ],
  [room("src/profile/", "what one call needs: system, account, files, credentials")],
  [room("src/http/", "API requests, redirects, retries, pages; requests that are sent once")],
  [
    room("src/grants/", "token requests (openid-client), and what their responses mean"),
    room("src/scan/", "finds this machine's secrets in notebooks"),
  ],
  [room("src/manage/", "loads, saves, creates, imports and removes credentials; `status`")],
  [room("src/renewal/", "a connection: renews its token, signs out")],
  [room("src/sign_in/", "signs a person in: browser, device code, pasted code, prompts")],
  [room("src/address/", "signs in to an API by its address")],
  [room("src/doctor/", "finds out why a sign-in fails")],
  [room("src/start_renewal.ts", "lists what a renewal loads (made by `deno task architecture`)")],
  [room("src/lazy.ts", "loads rooms when they are needed")],
  [room("src/session.ts", "the session that users hold")],
  [room("src/connect.ts", "builds a connection")],
  [
    room("src/get_session.ts", "`getSession`, from profile to session"),
    room("src/verbs.ts", "the other public functions"),
  ],
  [room("src/start.ts", "lists what every start loads (made by `deno task architecture`)")],
  [room("src/cli/", "the command `onecell`: options, output, exit codes")],
  [
    room("src/cli.ts", "starts the command"),
    room("mod.ts", "the public API"),
    room("src/testing.ts", "the public API for tests"),
    room("src/testing/", "a fake session, a fake person, the sandbox"),
  ],
];

/** The files that may load our own modules late. */
export const doors: readonly string[] = [
  "src/lazy.ts",
  "src/cli/commands.ts",
  "src/runtime/current.ts",
];

/** One import. */
export interface Edge {
  /** Paths below the root, or the name of a package or a `node:` module. */
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

/** The floor of a file, 0 for the lowest; -1 for none. */
export function floorOf(path: string): number {
  return FLOORS.findIndex((rooms) => rooms.some((room) => path.startsWith(room.path)));
}

/** The room of a file. */
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

/** Our modules that load with a module, each after those that it needs. */
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

/** The modules that a program has really loaded: Deno's log names each one that it compiles. */
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
