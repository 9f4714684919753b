import { plain } from "../base/text.ts";
import { escapeHtml, type Rendered } from "../person/html.ts";
import type { Kernel } from "../person/kernel.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** How far bulk work has come. Times are epoch milliseconds. */
export interface ProgressState {
  /** What the work is. */
  title: string;
  /** How many items have finished, including the failed ones. */
  done: number;
  /** How many items there are, if known. */
  total?: number;
  /** How many of `done` failed. */
  failed: number;
  /** When the work began. */
  since: number;
  /** True after the last update, even when the work was stopped half way. */
  ended?: boolean;
}

/**
 * Renders progress: a bar, counts, rate and remaining time. Pure.
 *
 * @param state how far the work has come
 * @param now the current time, in epoch milliseconds
 */
export function renderProgress(state: ProgressState, now: number): Rendered {
  const seconds = Math.max(0, now - state.since) / 1000;
  const rate = seconds > 0 ? state.done / seconds : 0;
  const { done, total } = state;
  const parts = [total === undefined ? `${done} done` : `${done} of ${total}`];
  if (state.failed > 0) parts.push(`${state.failed} failed`);
  if (rate > 0) parts.push(rate >= 1 ? `${rounded(rate)}/s` : `${rounded(rate * 60)}/min`);
  if (state.ended) parts.push(`took ${taken(seconds)}`);
  else if (total !== undefined && rate > 0 && total > done) {
    parts.push(`${remaining((total - done) / rate)} left`);
  }
  const line = parts.join(" · ");
  // Without a value the bar means "busy": right while the total is unknown, wrong at the end.
  const bar = total !== undefined
    ? `<progress value="${Math.min(done, total)}" max="${Math.max(total, 1)}"></progress> `
    : state.ended
    ? ""
    : "<progress></progress> ";
  return {
    html: `<div style="margin:4px 0;line-height:1.5"><b>${escapeHtml(state.title)}</b><br>${bar}` +
      `<span style="opacity:0.8">${line}</span></div>`,
    text: `${plain(state.title)}: ${line}`,
  };
}

/** Shows one piece of work's progress. */
export interface Progress {
  /** Shows how far the work has come: at most a few times a second, but always at the end. */
  update(state: ProgressState): Promise<void>;
}

/** Where progress appears, and how often. */
export interface ProgressOptions {
  /** The notebook, or `null` at a terminal. */
  kernel: Kernel | null;
  /** Standard error. */
  runtime: Pick<Runtime, "writeError" | "errorIsTerminal">;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
  /** The minimum time between two updates, in milliseconds. */
  every?: number;
}

/**
 * Shows progress in the notebook, or on one line of a terminal; elsewhere shows only the end.
 * There is no timer: a later update shows what was skipped, and the end is never skipped.
 *
 * @param options where it appears, and how often
 */
export function createProgress(options: ProgressOptions): Progress {
  const { kernel, runtime, now = Date.now, every = 250 } = options;
  const id = crypto.randomUUID();
  let last = -Infinity;
  let begun = false;
  let before: Promise<void> = Promise.resolve();

  const draw = async ({ html, text }: Rendered, ended: boolean) => {
    if (kernel) {
      const update = begun;
      begun = true;
      await kernel.display({ "text/html": html, "text/plain": text }, id, update);
    } else if (runtime.errorIsTerminal()) {
      runtime.writeError(`\r\x1b[K${text}${ended ? "\n" : ""}`);
    } else if (ended) runtime.writeError(`${text}\n`);
  };

  return {
    update(state) {
      const time = now();
      if (!state.ended && time - last < every) return before;
      last = time;
      const rendered = renderProgress(state, time);
      // In order. A display that fails must not end the work it shows.
      return before = before.then(() => draw(rendered, state.ended === true)).catch(() => {});
    },
  };
}

function rounded(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}

/** The remaining time: an estimate, so in whole units and rounded up. */
function remaining(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** The time it took. It must match the rate beside it. */
function taken(seconds: number): string {
  if (seconds < 0.001) return "less than 0.001 s";
  if (seconds < 1) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 90) return `${rounded(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${rounded(minutes)} min` : `${rounded(minutes / 60)} h`;
}
