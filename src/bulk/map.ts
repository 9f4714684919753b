import pMap, { pMapSettled } from "p-map";
import { abortReason, AuthError } from "../errors.ts";
import { findKernel, type Kernel, listen } from "../person/kernel.ts";
import type { Fetch, MapItems, MapOptions } from "../interface/options.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { createProgress } from "./progress.ts";

/** What the work needs, and where to show it. `S` is the session that a function is given. */
export interface MapContext<S> {
  /** The progress bar's title, unless the options give one. */
  title: string;
  /** Sends API requests. */
  fetch: Fetch;
  /** Creates a session that sends its requests with another `fetch`. */
  view: (fetch: Fetch) => S;
  runtime: Runtime;
  /** The notebook, or `null` for none; detected when left out. */
  kernel?: Kernel | null;
}

/** How long stopped work has to end, in milliseconds. */
const ENDING_TIME = 1_000;

/** Works on many items; see `Session.map`. */
export async function map<T, R, S>(
  items: MapItems<T>,
  fn: (item: T, index: number, session: S) => R | PromiseLike<R>,
  options: MapOptions,
  context: MapContext<S>,
): Promise<Awaited<R>[] | PromiseSettledResult<Awaited<R>>[]> {
  checkCall(items, fn, options);
  const { concurrency = 8, signal, onError = "stop", progress = true } = options;
  if (signal?.aborted) throw abortReason(signal);
  const { runtime, kernel = findKernel() } = context;
  const show = progress === false ? undefined : createProgress({ kernel, runtime });
  const state = {
    title: typeof progress === "string" ? progress : context.title,
    done: 0,
    ...totalOf(items),
    failed: 0,
    since: Date.now(),
  };
  const work = new Work();

  const one = async (item: T, index: number): Promise<Awaited<R>> => {
    try {
      return await work.run(context.view, context.fetch, (own) => fn(item, index, own));
    } catch (error) {
      if (!work.stopped) state.failed++;
      throw error;
    } finally {
      // A stopped item is neither done nor failed.
      if (!work.stopped) {
        state.done++;
        show?.update(state);
      }
    }
  };

  const stop = () => work.stop(abortReason(signal as AbortSignal));
  const forget = kernel ? listen(runtime, () => work.stop(stoppedByPerson())) : () => {};
  signal?.addEventListener("abort", stop);
  try {
    await show?.update(state);
    const settings = { concurrency, signal: work.signal };
    const { source, check } = watch(items);
    const results = onError === "stop"
      ? await pMap(source, one, settings) as Awaited<R>[]
      : await pMapSettled(source, one, settings) as PromiseSettledResult<Awaited<R>>[];
    check();
    return results;
  } catch (error) {
    // No work continues unseen after this call has ended.
    work.stop(new AuthError("aborted", "Stopped because another item failed."));
    await work.ended();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    forget();
    await show?.update({ ...state, ended: true });
  }
}

/** The running items, and the one switch that stops them. */
class Work {
  readonly #all = new AbortController();
  readonly #running = new Map<AbortController, Promise<unknown>>();

  /** Aborted when the work stops. Requests do not listen to it: see {@linkcode Work.run}. */
  get signal(): AbortSignal {
    return this.#all.signal;
  }

  get stopped(): boolean {
    return this.signal.aborted;
  }

  /** Runs one item with a session whose requests end when the work is stopped. */
  async run<R, S>(
    view: MapContext<S>["view"],
    fetch: Fetch,
    action: (own: S) => R | PromiseLike<R>,
  ): Promise<Awaited<R>> {
    this.signal.throwIfAborted();
    // One controller for each item: signals that depend on one long-lived signal pile up in
    // Node 22 (`AbortSignal.any`), 100,000 of them to tens of megabytes and seconds.
    const controller = new AbortController();
    const running = Promise.resolve(view(within(fetch, controller))).then(action);
    this.#running.set(controller, running);
    try {
      return await running;
    } finally {
      this.#running.delete(controller);
    }
  }

  stop(reason: unknown): void {
    this.#all.abort(reason);
    for (const controller of this.#running.keys()) controller.abort(reason);
  }

  /** Waits briefly for stopped work to end. */
  async ended(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise((resolve) => timer = setTimeout(resolve, ENDING_TIME));
    await Promise.race([enough, Promise.allSettled(this.#running.values())]);
    clearTimeout(timer);
  }
}

/**
 * Remembers an error of the source. If p-map 7 asked for another item meanwhile, it treats the error
 * as the end of the items and resolves with what it has.
 */
function watch<T>(items: MapItems<T>): { source: MapItems<T>; check: () => void } {
  let failure: { error: unknown } | undefined;
  const note = (error: unknown) => {
    failure = { error };
    throw error;
  };
  const source = Symbol.asyncIterator in items
    ? async function* () {
      try {
        yield* items;
      } catch (error) {
        note(error);
      }
    }
    : function* () {
      try {
        yield* items;
      } catch (error) {
        note(error);
      }
    };
  return {
    source: source(),
    check() {
      if (failure) throw failure.error;
    },
  };
}

/** A session's `fetch` that the controller also ends. */
function within(fetch: Fetch, controller: AbortController): Fetch {
  return (input, init) => {
    const given = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const signal = given ? AbortSignal.any([given, controller.signal]) : controller.signal;
    return fetch(input, { ...init, signal });
  };
}

function totalOf(items: unknown): { total?: number } {
  const { length, size } = items as { length?: unknown; size?: unknown };
  const total = typeof length === "number" ? length : size;
  return typeof total === "number" ? { total } : {};
}

function stoppedByPerson(): AuthError {
  return new AuthError("cancelled", "Cancelled. Run the cell again to start over.");
}

/** Refuses wrong arguments: a mistyped option would silently do nothing. */
function checkCall(items: unknown, fn: unknown, options: unknown): void {
  const refuse = (message: string) => {
    throw new AuthError("invalid_argument", `session.map: ${message}`);
  };
  const iterable = items as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  // A single text was probably not meant as a list of its letters.
  const isText = typeof items === "string";
  if (isText || (!iterable?.[Symbol.iterator] && !iterable?.[Symbol.asyncIterator])) {
    refuse("the items must be a list or another iterable.");
  }
  if (typeof fn !== "function") refuse("the second argument must be a function of one item.");
  if (typeof options !== "object" || options === null) refuse("the options must be an object.");
  const { concurrency, signal, onError, progress, ...unknown } = options as MapOptions;
  const [name] = Object.keys(unknown);
  if (name !== undefined) {
    refuse(`unknown option "${name}". Known: concurrency, signal, onError, progress.`);
  }
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency > 0)) {
    refuse('"concurrency" must be a whole number above 0.');
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    refuse('"signal" must be an AbortSignal.');
  }
  if (onError !== undefined && onError !== "stop" && onError !== "collect") {
    refuse('"onError" must be "stop" or "collect".');
  }
  if (progress !== undefined && typeof progress !== "boolean" && typeof progress !== "string") {
    refuse('"progress" must be true, false or a title.');
  }
}
