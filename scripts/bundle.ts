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

/** Modules that `mod.js` loads later but most starts need. They go into the first chunk. */
const WITH_MOD = /\/src\/runtime\/node\.js$/;

/** The first modules of a sign-in without prompts. */
const SIGN_IN = /\/src\/(start_renewal|store\/writing)\.js$/;

/**
 * Joins the modules of a built package into a few files, because Node spends most of a start on finding
 * and compiling one file after another. The declarations stay as they are.
 *
 * @param directory the folder that holds `mod.js`
 */
export async function bundle(directory: string): Promise<void> {
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
      manualChunks: chunksBy(join(root, "mod.js")),
      hoistTransitiveImports: false,
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

/** One chunk for every start and one for a sign-in without prompts. Rollup makes the others. */
function chunksBy(mod: string): GetManualChunk {
  let chosen: Map<string, string> | undefined;
  return (id, { getModuleIds, getModuleInfo }) => {
    if (chosen === undefined) {
      chosen = new Map();
      const all = [...getModuleIds()];
      const roots = {
        [CHUNKS.start]: [mod, ...all.filter((path) => WITH_MOD.test(path))],
        [CHUNKS.silentSignIn]: all.filter((path) => SIGN_IN.test(path)),
      };
      if (Object.values(roots).some((paths) => paths.length < 2)) {
        throw new Error("A chunk has no modules. Were they renamed? Change WITH_MOD and SIGN_IN.");
      }
      for (const [name, paths] of Object.entries(roots)) {
        for (const path of paths) {
          if (chosen.has(path)) continue;
          const info = getModuleInfo(path);
          if (info === null || info.isExternal) continue;
          chosen.set(path, name);
          paths.push(...info.importedIds);
        }
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
