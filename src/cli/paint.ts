import { PLAIN_STYLE, type Style } from "../base/text.ts";
import type { Host } from "./host.ts";

/** Ways to highlight a text on a terminal. */
export type Paint = Record<"bold" | "green" | "red" | "yellow", (text: string) => string>;

/** Colours if standard output is a terminal that wants them (no-color.org), else plain text. */
export function paintFor(
  { outputIsTerminal, runtime }: Pick<Host, "outputIsTerminal" | "runtime">,
): Paint {
  const colours = outputIsTerminal && !runtime.getEnvironment("NO_COLOR") &&
    runtime.getEnvironment("TERM") !== "dumb";
  const code = (on: number, off: number) => (text: string) =>
    colours ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return { bold: code(1, 22), green: code(32, 39), red: code(31, 39), yellow: code(33, 39) };
}

/** The same as a style for reports. */
export function styleFor(host: Pick<Host, "outputIsTerminal" | "runtime">): Style {
  const { bold, green, red, yellow } = paintFor(host);
  return {
    ok: green(PLAIN_STYLE.ok),
    warning: yellow(PLAIN_STYLE.warning),
    problem: red(PLAIN_STYLE.problem),
    strong: bold,
  };
}
