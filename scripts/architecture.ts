/**
 * Draws the rooms and floors of the house from the code: `deno run -A scripts/architecture.ts` writes
 * the picture into CONTRIBUTING.md, between its two marks. A test compares the two.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { edgesOf, FLOORS, type Room, roomOf, tsFiles } from "../test/support/imports.ts";

const FILE = new URL("../CONTRIBUTING.md", import.meta.url);
const MARKS = /(<!-- rooms -->\n)[^]*?(<!-- \/rooms -->)/;

/** The picture: the highest floor first, each room with its size and what it imports from. */
export async function drawRooms(): Promise<string> {
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
  return ["| room | what it is for | size | imports from |", "| - | - | - | - |", ...lines].join(
    "\n",
  );
}

/** CONTRIBUTING.md with a picture that is true. */
export function withPicture(text: string, picture: string): string {
  if (!MARKS.test(text)) throw new Error("CONTRIBUTING.md has lost its marks <!-- rooms -->");
  return text.replace(MARKS, `$1\n${picture}\n\n$2`);
}

if (import.meta.main) {
  const text = await Deno.readTextFile(FILE);
  await Deno.writeTextFile(FILE, withPicture(text, await drawRooms()));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", fileURLToPath(FILE)] }).output();
}
