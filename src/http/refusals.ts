import type { StoredToken } from "../store/store.ts";
import type { Wire } from "./wire.ts";

/** How long no path may ask for another token after a renewal that did not help, in milliseconds. */
const FIRST_PAUSE = 30_000;
/** The longest pause, in milliseconds; each pause is twice as long as the one before. */
const LONGEST_PAUSE = 600_000;
/** How many paths are remembered. */
const MOST_PATHS = 1_000;

/**
 * Remembers the refusals that a new token did not fix, so that a path that always responds with 401
 * does not cost a token request for each call.
 */
export class Refusals {
  readonly #wire: Wire;
  readonly #now: () => number;
  /** For each path, the new token that it refused. */
  readonly #paths = new Map<string, StoredToken>();
  #newest: StoredToken | undefined;
  #pause = FIRST_PAUSE;
  #until = 0;

  /** @param wire knows which token has not been accepted yet @param now epoch milliseconds */
  constructor(wire: Wire, now: () => number) {
    this.#wire = wire;
    this.#now = now;
  }

  /** Whether another token may help after this one was refused. */
  mayRenew(url: string, token: StoredToken): boolean {
    if (token === this.#wire.unproven || this.#paths.get(pathOf(url)) === token) return false;
    return token !== this.#newest || this.#now() >= this.#until;
  }

  /** Records that a request was refused with a token that had just been renewed for it. */
  useless(url: string, token: StoredToken): void {
    if (this.#paths.size >= MOST_PATHS) this.#paths.clear();
    this.#paths.set(pathOf(url), token);
    if (token === this.#newest) return;
    const now = this.#now();
    const calm = now > this.#until + LONGEST_PAUSE;
    this.#pause = calm ? FIRST_PAUSE : Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.#newest = token;
    this.#until = now + this.#pause;
  }
}

function pathOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
