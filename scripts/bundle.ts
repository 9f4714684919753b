import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
// Full names, because dnt runs with its own import map, which does not have these.
// deno-lint-ignore no-import-prefix
import { type GetManualChunk, type Plugin, rollup } from "npm:@rollup/wasm-node@^4.68.0";
// deno-lint-ignore no-import-prefix
import { minify } from "npm:terser@^5.51.0";

/** The folder for chunks in a package. */
export const FOLDER = "chunks";

/** The entry points of a package, without `.js`. */
export const ENTRY_POINTS = ["mod", "src/cli", "src/testing"];

/** The chunks that this script defines. Rollup makes the others. */
export const CHUNKS = {
  /** The modules that every start loads. */
  start: "start",
  /** The modules that a sign-in without prompts loads. */
  silentSignIn: "silent_sign_in",
};

/** Where a package is published. Both get the same modules, in other chunks. */
export type Registry = "npm" | "jsr";

/** A chunk: some modules and all that they import, except what an earlier chunk has. */
interface Chunk {
  name: string;
  modules: RegExp;
  /** Which of the modules that they load later are in it, too. */
  later?: RegExp;
}

const SILENT_SIGN_IN: Chunk = {
  name: CHUNKS.silentSignIn,
  modules: /\/src\/(start_renewal|store\/writing)\.js$/,
};

/** The most common calls, and a sign-in with prompts. */
const SIGN_IN: Chunk = {
  name: "sign_in",
  modules:
    /\/src\/(sign_in\/(sign_in|ask_credentials)|renewal\/session_card|person\/person_for|http\/(api_call|json|pages))\.js$/,
};

const CHUNKS_OF: Record<Registry, readonly Chunk[]> = {
  npm: [{ name: CHUNKS.start, modules: /\/(mod|src\/runtime\/node)\.js$/ }, SILENT_SIGN_IN],
  // Deno reads all chunks and their imports before a program starts, so it gets few of them.
  jsr: [
    { name: CHUNKS.start, modules: /\/(mod|src\/runtime\/deno)\.js$/ },
    SILENT_SIGN_IN,
    SIGN_IN,
    { name: "more", modules: /\/mod\.js$/, later: /\/src\/(?!runtime\/node|testing)/ },
  ],
};

/**
 * Joins the modules of a built package into a few files, because a start spends most of its time on
 * finding and compiling one file after another. The declarations stay as they are.
 *
 * @param directory the folder that holds `mod.js`
 * @param packages other names for imported packages
 */
export async function bundle(
  directory: string,
  registry: Registry,
  packages: Record<string, string> = {},
): Promise<void> {
  const root = resolve(directory);
  const withMaps = existsSync(join(root, "mod.js.map"));
  const built = await rollup({
    input: Object.fromEntries(ENTRY_POINTS.map((name) => [name, join(root, `${name}.js`)])),
    external: (id) => !id.startsWith(".") && !id.startsWith(root),
    plugins: [...(withMaps ? [sourceMaps()] : []), withoutComments()],
    onLog: (level, log) => {
      if (level === "warn") throw new Error(`rollup: ${log.message}`);
    },
  });
  try {
    const { output } = await built.generate({
      dir: root,
      format: "es",
      chunkFileNames: `${FOLDER}/[name].js`,
      manualChunks: chunksBy(CHUNKS_OF[registry]),
      hoistTransitiveImports: false,
      paths: packages,
      sourcemap: withMaps,
    });
    await removeModules(root);
    for (const file of output) {
      const path = join(root, file.fileName);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, file.type === "chunk" ? file.code : String(file.source));
    }
  } finally {
    await built.close();
  }
}

/** Assigns modules to chunks. Rollup makes chunks of the others. */
function chunksBy(chunks: readonly Chunk[]): GetManualChunk {
  let chosen: Map<string, string> | undefined;
  return (id, { getModuleIds, getModuleInfo }) => {
    if (chosen !== undefined) return chosen.get(id);
    chosen = new Map();
    const all = [...getModuleIds()];
    for (const { name, modules, later } of chunks) {
      const reached = new Set(all.filter((path) => modules.test(path)));
      if (reached.size === 0) {
        throw new Error(`The chunk "${name}" is empty. Were its modules renamed?`);
      }
      for (const path of reached) {
        const info = getModuleInfo(path);
        if (info === null || info.isExternal) continue;
        if (!chosen.has(path)) chosen.set(path, name);
        const late = info.dynamicallyImportedIds.filter((other) => later?.test(other));
        for (const other of [...info.importedIds, ...late]) reached.add(other);
      }
    }
    return chosen.get(id);
  };
}

/** Reads each module's source map, so that the bundle's map points to the sources. */
function sourceMaps(): Plugin {
  return {
    name: "source-maps",
    async load(id) {
      const map = await readFile(`${id}.map`, "utf8").catch(() => undefined);
      const code = await readFile(id, "utf8");
      return map === undefined
        ? code
        : { code: code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"), map: JSON.parse(map) };
    },
  };
}

/** Removes comments, because every start would read them. Names and lines stay, for stack traces. */
function withoutComments(): Plugin {
  return {
    name: "without-comments",
    async renderChunk(code) {
      const { code: shorter = code, map } = await minify(code, {
        module: true,
        compress: false,
        mangle: false,
        sourceMap: true,
        format: { beautify: true, comments: false, indent_level: 1 },
      });
      return { code: shorter, map: map as string };
    },
  };
}

/** Removes the modules that the bundle replaces. */
async function removeModules(root: string): Promise<void> {
  for (const name of await readdir(root, { recursive: true })) {
    const isOurs = /^(mod|_dnt\.(shims|polyfills)|src[\\/].*)\.js(\.map)?$/.test(name);
    if (isOurs) await rm(join(root, name));
  }
}
