/** Text that has broken programs before. */
const NASTY = [
  "",
  " ",
  "\u0000",
  "\r\n",
  "\t",
  "\\",
  '"',
  "'",
  "%",
  "%00",
  "%zz",
  "+",
  "&",
  "=",
  "#",
  "?",
  "/",
  "//",
  "\\\\",
  "..",
  "{",
  "}",
  "[",
  "{}",
  "<",
  ">",
  "@",
  ":",
  ";",
  ",",
  "\u202e",
  "\ufeff",
  "\ud800",
  "é",
  "日本",
  "👩‍🚀",
  "__proto__",
  "constructor",
  "null",
  "undefined",
  "NaN",
  "-1",
  "1e309",
  "9".repeat(40),
  "x".repeat(5_000),
];

/** A generator of repeatable accidents: the same seed produces the same ones. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** True once in this many times. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** A text that begins as a valid one, with a few accidents in it. */
  damage(good: string): string {
    let text = good;
    for (let count = this.below(4); count >= 0; count--) {
      const at = this.below(text.length + 1);
      const to = Math.min(text.length, at + this.below(8));
      switch (this.below(5)) {
        case 0:
          text = text.slice(0, at) + text.slice(to);
          break;
        case 1:
          text = text.slice(0, at) + this.pick(NASTY) + text.slice(at);
          break;
        case 2:
          text = text.slice(0, at) + this.pick(NASTY) + text.slice(to);
          break;
        case 3:
          text = text.slice(0, at);
          break;
        case 4:
          text = text.slice(0, to) + text.slice(at);
          break;
      }
    }
    return text;
  }

  /** Any JSON value. */
  value(depth = 2): unknown {
    switch (this.below(depth > 0 ? 10 : 7)) {
      case 0:
        return null;
      case 1:
        return this.once(2);
      case 2:
        return this.pick([0, -1, 1e12, 1e-9, 2 ** 53, -0.5, 900, 1_700_000_000]);
      case 3:
      case 4:
        return this.pick(NASTY);
      case 5:
        return String(this.below(100_000));
      case 6:
        return this.damage("a perfectly good value");
      case 7:
        return Array.from({ length: this.below(4) }, () => this.value(depth - 1));
      default:
        return Object.fromEntries(
          Array.from({ length: this.below(4) }, () => [this.pick(NASTY), this.value(depth - 1)]),
        );
    }
  }

  /** A valid object with some members changed, removed or added. */
  object(good: Record<string, unknown>): Record<string, unknown> {
    const result = new Map(Object.entries(good));
    const names = Object.keys(good);
    for (let count = this.below(4); count > 0; count--) {
      const name = this.pick(names);
      if (this.once(3)) result.delete(name);
      else result.set(this.once(6) ? this.pick(NASTY) : name, this.value());
    }
    return Object.fromEntries(result);
  }

  /** The JSON of such an object, sometimes damaged as a text. */
  json(good: Record<string, unknown>): string {
    const text = JSON.stringify(this.once(12) ? this.value() : this.object(good));
    return this.once(4) ? this.damage(text) : text;
  }
}
