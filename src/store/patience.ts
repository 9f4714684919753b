import { AuthError } from "../errors.ts";

/** How long a caller waits, and what ends the wait early. */
export interface LockOptions {
  /** In milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/** One caller's patience with those who are before it. */
export class Patience {
  readonly #what: string;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;

  /** @param what what is waited for, in words @param options how long */
  constructor(what: string, options: LockOptions) {
    this.#what = what;
    this.#deadline = performance.now() + options.timeout;
    this.#signal = options.signal;
  }

  /** @throws {AuthError} `aborted` or `store_locked` when patience has ended */
  check(): void {
    if (this.#signal?.aborted) {
      throw new AuthError("aborted", `Stopped while waiting for ${this.#what}. Call again.`);
    }
    if (performance.now() >= this.#deadline) {
      throw new AuthError(
        "store_locked",
        `Waited too long for ${this.#what}: another process or call holds it. ` +
          `Let that one finish or end it, then try again.`,
      );
    }
  }

  /** Waits for a time, at most as long as patience lasts, and checks. */
  async pause(milliseconds: number): Promise<void> {
    this.check();
    await this.#race(null, milliseconds);
    this.check();
  }

  /** Waits for a turn to come. */
  async turn(turn: Promise<void>): Promise<void> {
    let came = false;
    const coming = turn.then(() => {
      came = true;
    });
    while (!came) {
      this.check();
      await this.#race(coming, Infinity);
    }
  }

  async #race(turn: Promise<void> | null, milliseconds: number): Promise<void> {
    const left = Math.max(1, this.#deadline - performance.now());
    let end = () => {};
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await new Promise<void>((resolve) => {
        end = resolve;
        // Timers hold no more than 31 bits.
        timer = setTimeout(resolve, Math.min(milliseconds, left, 2 ** 31 - 1));
        this.#signal?.addEventListener("abort", end);
        turn?.then(resolve);
      });
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener("abort", end);
    }
  }
}
