/** One request's time. */
export interface Deadline {
  /** Ends the request when its time is over. */
  readonly controller: AbortController;
  /** When that is, on the clock of `performance.now()`. */
  readonly at: number;
  /** Where it stands in the list of those under way. */
  index: number;
}

/**
 * Ends requests that take too long. One alarm serves all that are under way: a timer for each would
 * cost a call more than all else here.
 */
export class Deadlines {
  readonly #time: number;
  /** Those under way, in no order. */
  readonly #running: Deadline[] = [];
  /** Not `setTimeout`, whose first call takes Deno 6 ms, to load what makes it Node's. */
  #alarm: AbortSignal | undefined;
  #watching = false;

  /** @param time how long each request may take, in milliseconds */
  constructor(time: number) {
    this.#time = time;
  }

  /** Begins a request's time, at the end of which its signal is aborted by whoever watches. */
  begin(): Deadline {
    const at = performance.now() + this.#time;
    const deadline = { controller: new AbortController(), at, index: this.#running.length };
    this.#running.push(deadline);
    return deadline;
  }

  /** Sets the alarm, which takes a while the first time: best when the request is on its way. */
  watch(): void {
    if (!this.#watching && this.#running.length > 0) this.#listen(this.#time);
  }

  /** The request has its answer, or none any more. */
  end(deadline: Deadline): void {
    const { index } = deadline;
    if (this.#running[index] !== deadline) return;
    const last = this.#running.pop() as Deadline;
    if (last !== deadline) {
      this.#running[index] = last;
      last.index = index;
    }
    // Deno stays alive for an alarm that somebody listens to.
    if (this.#running.length > 0 || !this.#watching) return;
    this.#watching = false;
    this.#alarm?.removeEventListener("abort", this.#ring);
  }

  /** An alarm set for an earlier request does: it rings too soon, and is set again. */
  #listen(milliseconds: number): void {
    if (this.#alarm === undefined || this.#alarm.aborted) {
      this.#alarm = AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds)));
    }
    this.#watching = true;
    this.#alarm.addEventListener("abort", this.#ring);
  }

  readonly #ring = (): void => {
    this.#watching = false;
    const now = performance.now();
    let next = Infinity;
    for (const deadline of [...this.#running]) {
      if (deadline.at > now) next = Math.min(next, deadline.at);
      else {
        this.end(deadline);
        deadline.controller.abort();
      }
    }
    if (next < Infinity) this.#listen(next - now);
  };
}
