import type { StoredToken } from "../store/store.ts";
import type { Wire } from "./wire.ts";

/** How long no path asks for another token after a renewal that did not help, in milliseconds. */
const FIRST_PAUSE = 30_000;
/** The longest of these pauses; each is twice the one before. */
const LONGEST_PAUSE = 600_000;
/** How many paths are remembered. */
const MOST_PATHS = 1_000;

/**
 * Remembers which refusals a new token did not mend: a path that always answers 401 must not cost a
 * token request for each call.
 */
export class Refusals {
  readonly #wire: Wire;
  readonly #now: () => number;
  /** For each path, the token it refused when that was new. */
  readonly #paths = new Map<string, StoredToken>();
  #newest: StoredToken | undefined;
  #pause = FIRST_PAUSE;
  #until = 0;

  /** @param wire knows which token was not accepted yet @param now epoch milliseconds */
  constructor(wire: Wire, now: () => number) {
    this.#wire = wire;
    this.#now = now;
  }

  /** Whether another token may help a request that was refused with this one. */
  mayRenew(url: string, token: StoredToken): boolean {
    if (token === this.#wire.unproven || this.#paths.get(pathOf(url)) === token) return false;
    return token !== this.#newest || this.#now() >= this.#until;
  }

  /** A request was refused with a token that had just been renewed for it. */
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
