/** A comparison of two figures, and its target. */
export interface Comparison {
  what: string;
  against: string;
  /** Both measured values, in the unit. */
  value: number;
  base: number;
  unit: "ms" | "MB";
  /** The largest allowed value: a multiple of the base, or an amount above it. */
  target: { ratio: number } | { more: number };
}

/** The results of one part of the benchmark. */
export interface Findings {
  title: string;
  /** Medians in milliseconds, by name. The others are shown as multiples of the first. */
  medians?: Map<string, number>;
  comparisons: Comparison[];
  /** What could not be measured here, and why. */
  skipped?: string[];
}

/** The medians of one race as a table. */
export function reportMedians(title: string, medians: Map<string, number>): string {
  const [first = NaN] = medians.values();
  const rows = [...medians].map(([name, value]) => [
    name,
    `${value.toFixed(1)} ms`,
    (value / first).toFixed(2),
  ]);
  return table([title, "median", "ratio"], rows);
}

/** All comparisons as a table, each with its target and whether it was reached. */
export function reportComparisons(comparisons: Comparison[]): string {
  const rows = comparisons.map(({ what, against, value, base, unit, target }) => {
    const [found, most] = "ratio" in target
      ? [value / base, target.ratio]
      : [value - base, target.more];
    const show = (number: number) =>
      "ratio" in target
        ? number.toFixed(2)
        : `${number < 0 ? "" : "+"}${number.toFixed(1)} ${unit}`;
    return [
      what,
      against,
      `${figure(value)} ${unit}`,
      `${figure(base)} ${unit}`,
      show(found),
      show(most),
      found <= most ? "yes" : "NO",
    ];
  });
  return table(["what", "against", "", "", "found", "at most", "reached"], rows);
}

function figure(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

/** Pads columns to the width they need, with figures on the right. */
function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map(({ length }) => length))
  );
  const line = (cells: string[]) => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return /^[+-]?[0-9]/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
