/**
 * Ends requests that take too long. Their time is the same, so they run out in the order they began,
 * and one alarm serves them all: a timer for each would cost a call more than all else here.
 */
export class Deadlines {
  readonly #time: number;
  /** When the time of each request under way is over, oldest first. */
  readonly #ends = new Map<AbortController, number>();
  /** Not `setTimeout`, whose first call takes Deno 6 ms, to load what makes it Node's. */
  #alarm: AbortSignal | undefined;

  /** @param time how long each request may take, in milliseconds */
  constructor(time: number) {
    this.#time = time;
  }

  /** Begins a request's time, at the end of which its signal is aborted. */
  begin(): AbortController {
    const request = new AbortController();
    this.#ends.set(request, performance.now() + this.#time);
    if (this.#ends.size === 1) this.#listen(this.#time);
    return request;
  }

  /** The request has its answer. */
  end(request: AbortController): void {
    this.#ends.delete(request);
    // Deno stays alive for an alarm that somebody listens to, and `onabort = null` still listens.
    if (this.#ends.size === 0) this.#alarm?.removeEventListener("abort", this.#ring);
  }

  /** An alarm set for an earlier request does: it rings too soon, and is set again. */
  #listen(milliseconds: number): void {
    if (this.#alarm === undefined || this.#alarm.aborted) {
      this.#alarm = AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds)));
    }
    this.#alarm.addEventListener("abort", this.#ring);
  }

  readonly #ring = (): void => {
    const now = performance.now();
    for (const [request, end] of this.#ends) {
      if (end > now) return this.#listen(end - now);
      this.end(request);
      request.abort();
    }
  };
}
