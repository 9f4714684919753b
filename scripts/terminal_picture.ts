/**
 * Draws a terminal recording as an animated SVG. It supports only the control sequences that the
 * programs of this repository use.
 *
 * @module
 */

/** The time in seconds, and the text that the terminal received. */
export type Shown = readonly [time: number, text: string];

interface Cell {
  readonly character: string;
  /** The CSS class of its colour; `""` for the default. */
  readonly style: string;
}

/** One state of one row, and when it was on the screen. */
interface Version {
  readonly row: number;
  readonly cells: readonly Cell[];
  readonly from: number;
  to: number;
}

const STYLES: Readonly<Record<string, string>> = {
  "1": "b",
  "2": "d",
  "31": "r",
  "32": "g",
  "33": "y",
  "36": "c",
};
/** Sizes in pixels. */
const [WIDTH, HEIGHT, MARGIN, BAR] = [8.4, 19, 16, 30];
/** How many seconds to show the last state. */
const REST = 4;
/** The line width at which text wraps, in characters. */
const COLUMNS = 92;

/**
 * Draws an animated terminal that plays in a loop.
 *
 * @param recording what the terminal received, in order
 * @param title the title of its window
 */
export function terminalPicture(recording: readonly Shown[], title: string): string {
  const end = (recording.at(-1)?.[0] ?? 0) + REST;
  const versions = versionsOf(recording, end);
  const rows = Math.max(...versions.map(({ row }) => row)) + 1;
  const columns = Math.max(60, ...versions.map(({ cells }) => cells.length));
  const width = Math.ceil(columns * WIDTH + 2 * MARGIN);
  const height = Math.ceil(rows * HEIGHT + 2 * MARGIN + BAR);
  const percent = (time: number) => `${Math.round(time / end * 10_000) / 100}%`;
  const frames = versions.map(({ from, to }, index) =>
    `@keyframes k${index}{0%{opacity:0}${percent(from)}{opacity:1}${
      to < end ? `${percent(to)}{opacity:0}` : ""
    }}#r${index}{animation:k${index} ${end.toFixed(2)}s steps(1) infinite}`
  );
  const lasting = versions.flatMap(({ to }, index) => to < end ? [`#r${index}`] : []);
  const style =
    `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e6e6e6;` +
    `white-space:pre}.b{font-weight:700}.d{fill:#9a9a9a}.r{fill:#ff7b72}.g{fill:#7ee787}` +
    `.y{fill:#e3b341}.c{fill:#79c0ff}${frames.join("")}` +
    `@media(prefers-reduced-motion){[id]{animation:none!important}${
      lasting.join(",") || "#none"
    }{opacity:0}}`;
  const lines = versions.map(({ row, cells }, index) =>
    `<text id="r${index}" x="${MARGIN}" y="${BAR + MARGIN + (row + 0.75) * HEIGHT}">${
      spans(cells)
    }</text>`
  );
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map((colour, index) =>
    `<circle cx="${18 + index * 18}" cy="16" r="5.5" fill="${colour}"/>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" role="img"><title>${escape(title)}</title><style>${style}</style>` +
    `<rect width="100%" height="100%" rx="9" fill="#1b1f24"/>${dots.join("")}${
      lines.join("\n")
    }</svg>\n`;
}

/** Returns the states of each row, and when each was on the screen. */
function versionsOf(recording: readonly Shown[], end: number): Version[] {
  const screen = new Screen();
  const versions: Version[] = [];
  const current: (Version | undefined)[] = [];
  for (const [time, text] of recording) {
    screen.write(text);
    for (const [row, cells] of screen.rows.entries()) {
      const before = current[row];
      if (before && spans(before.cells) === spans(cells)) continue;
      if (before) before.to = time;
      current[row] = { row, cells: [...cells], from: time, to: end };
      versions.push(current[row]);
    }
  }
  return versions.filter(({ cells, from, to }) => cells.length > 0 && to > from);
}

/** A small terminal. Lines can be written, erased and overwritten. */
class Screen {
  readonly rows: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #style = "";

  write(text: string): void {
    // deno-lint-ignore no-control-regex
    for (const [part] of text.matchAll(/\x1b\[[0-9;?]*[A-Za-z]|[^]/gu)) {
      if (part.length > 1 && part.startsWith("\x1b")) this.#control(part);
      else if (part === "\n") this.#moveTo(this.#row + 1);
      else if (part === "\r") this.#column = 0;
      else if (part === "\b") this.#column = Math.max(0, this.#column - 1);
      else if (part >= " ") this.#put(part);
    }
  }

  #put(character: string): void {
    if (this.#column === COLUMNS) {
      this.#moveTo(this.#row + 1);
      this.#column = 0;
    }
    const cells = this.rows[this.#row] ??= [];
    while (cells.length < this.#column) cells.push({ character: " ", style: "" });
    cells[this.#column++] = { character, style: this.#style };
  }

  #control(sequence: string): void {
    const values = sequence.slice(2, -1).split(";");
    switch (sequence.at(-1)) {
      case "K":
        this.rows[this.#row] = values[0] === "2"
          ? []
          : (this.rows[this.#row] ?? []).slice(0, this.#column);
        return;
      case "A":
        return this.#moveTo(Math.max(0, this.#row - Number(values[0] || 1)));
      case "m":
        this.#style = values.map((value) => STYLES[value] ?? "").filter(Boolean).join(" ");
    }
  }

  #moveTo(row: number): void {
    this.#row = row;
    while (this.rows.length <= row) this.rows.push([]);
  }
}

/** Joins neighbouring cells of the same colour. */
function spans(cells: readonly Cell[]): string {
  let text = "";
  for (let from = 0; from < cells.length;) {
    const style = cells[from]?.style ?? "";
    let to = from;
    while (to < cells.length && cells[to]?.style === style) to++;
    const part = escape(cells.slice(from, to).map(({ character }) => character).join(""));
    text += style === "" ? part : `<tspan class="${style}">${part}</tspan>`;
    from = to;
  }
  return text.trimEnd();
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
