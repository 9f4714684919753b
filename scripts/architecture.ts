/**
 * Writes the files that follow from the code's imports (`deno task architecture`): the table of rooms in
 * CONTRIBUTING.md, between its two marks, and the lists of modules that load together
 * (`src/start.ts`, `src/start_renewal.ts`). A test compares each with the code.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  edgesOf,
  FLOORS,
  loadedWith,
  type Room,
  roomOf,
  tsFiles,
} from "../test/support/imports.ts";

const FILE = new URL("../CONTRIBUTING.md", import.meta.url);
const MARKS = /(<!-- rooms -->\n)[^]*?(<!-- \/rooms -->)/;

/** The table: the highest floor first, each room with its size and its imports. */
export async function roomTable(): Promise<string> {
  const edges = await edgesOf();
  const files = ["mod.ts", ...tsFiles("src/")];
  const name = ({ path }: Room) => path.replace("src/", "");
  const uses = (room: Room) => {
    const below = edges.filter(({ from, to }) => roomOf(from) === room && roomOf(to) !== room)
      .map(({ to }) => roomOf(to)).filter((other) => other !== undefined);
    return [...new Set(below)].map((other) => name(other).replace(/\.ts$|\/$/, "")).sort();
  };
  const lines = FLOORS.toReversed().map((rooms) =>
    rooms.map((room) => {
      const own = files.filter((path) => roomOf(path) === room);
      const size = own.length === 1 ? "1 file" : `${own.length} files`;
      return `| \`${name(room)}\` | ${room.about} | ${size} | ${uses(room).join(", ")} |`;
    }).join("\n")
  );
  return ["| room | what it does | size | imports from |", "| - | - | - | - |", ...lines].join(
    "\n",
  );
}

/** Replaces the table in the text of CONTRIBUTING.md. */
export function withTable(text: string, table: string): string {
  if (!MARKS.test(text)) {
    throw new Error("CONTRIBUTING.md has no marks <!-- rooms --> and <!-- /rooms -->");
  }
  return text.replace(MARKS, `$1\n${table}\n\n$2`);
}

/** The lists of modules that load together: the entry module and the text of each list. */
const LISTS = {
  "src/start.ts": {
    entry: "mod.ts",
    about: "What every start loads.",
    exports: "",
  },
  "src/start_renewal.ts": {
    entry: "src/renewal/renewal.ts",
    about: "What a renewal loads.",
    exports: 'export { renew } from "./renewal/renewal.ts";\n',
  },
};

/**
 * Returns the text of each list. Deno loads a module's imports only after it has read the module. A chain
 * of twelve imports cost a start 18 million instructions, as much as the modules themselves.
 */
export async function listsOfModules(): Promise<Record<string, string>> {
  const edges = (await edgesOf()).filter(({ from }) => !Object.hasOwn(LISTS, from));
  const start = new Set(loadedWith(LISTS["src/start.ts"].entry, edges));
  return Object.fromEntries(
    Object.entries(LISTS).map(([path, { entry, about, exports }]) => {
      const modules = loadedWith(entry, edges).filter((one) =>
        one.startsWith("src/") && !Object.hasOwn(LISTS, one) &&
        (entry === "mod.ts" || !start.has(one))
      );
      const imports = modules.map((one) => `import "./${one.slice("src/".length)}";\n`);
      return [
        path,
        `/**\n * ${about} Each module is named here: then Deno loads all of them at once, not\n` +
        " * one level of imports after the other. Made by `deno task architecture`.\n *\n * @module\n */\n" +
        imports.join("") + exports,
      ];
    }),
  );
}

if (import.meta.main) {
  for (const [path, list] of Object.entries(await listsOfModules())) {
    await Deno.writeTextFile(new URL(`../${path}`, import.meta.url), list);
  }
  const text = await Deno.readTextFile(FILE);
  await Deno.writeTextFile(FILE, withTable(text, await roomTable()));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", fileURLToPath(FILE)] }).output();
}
