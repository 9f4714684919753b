import assert from "node:assert/strict";
import { inspect } from "node:util";

/** The shortest run of characters that counts as part of a secret. */
const RUN = 6;

/** A secret that looks like nothing else. */
export function canary(): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from(
    crypto.getRandomValues(new Uint8Array(40)),
    (byte) => letters[byte % letters.length],
  ).join("");
}

/** The first part of a secret that a text shows, or `undefined`. */
export function leakIn(text: string, secrets: Iterable<string>): string | undefined {
  const runs = new Set<string>();
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), btoa(encodeURI(secret))]) {
      for (let at = 0; at + RUN <= form.length; at++) runs.add(form.slice(at, at + RUN));
    }
  }
  for (let at = 0; at + RUN <= text.length; at++) {
    if (runs.has(text.slice(at, at + RUN))) return text.slice(Math.max(0, at - 60), at + 60);
  }
  return undefined;
}

/** Checks that a value shows no part of a secret in any form. */
export function assertHides(value: unknown, secrets: Iterable<string>, what: string): void {
  for (const [how, text] of looksAt(value)) {
    const leak = leakIn(text, secrets);
    assert.equal(leak, undefined, `${what} shows a secret under ${how}`);
  }
}

/** Every way that a person or a program may look at a value. */
export function* looksAt(value: unknown): Generator<[how: string, text: string]> {
  const deep = { depth: Infinity, showHidden: true, getters: true, compact: false } as const;
  const wide = { iterableLimit: Infinity, strAbbreviateSize: Infinity } as const;
  yield ["String", String(value)];
  yield ["Deno.inspect", Deno.inspect(value, { ...deep, ...wide })];
  for (const customInspect of [true, false]) {
    const all = { maxArrayLength: null, maxStringLength: null, customInspect };
    yield [`util.inspect, custom: ${customInspect}`, inspect(value, { ...deep, ...all })];
  }
  yield ["JSON.stringify", attempt(() => JSON.stringify(value) ?? "")];
  yield ["structuredClone", attempt(() => inspect(structuredClone(value), deep))];
  yield ["its properties", [...stringsOf(value, new Set())].join("\n")];
  if (value instanceof Error) {
    yield ["stack", value.stack ?? ""];
    yield ["cause", inspect(value.cause, deep)];
  }
}

function attempt(action: () => string): string {
  try {
    return action();
  } catch (error) {
    return String(error);
  }
}

/** Every text that can be reached from a value by its properties, including hidden ones. */
function* stringsOf(value: unknown, seen: Set<unknown>): Generator<string> {
  if (typeof value === "string") return yield value;
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  if (seen.has(value) || seen.size > 20_000) return;
  seen.add(value);
  // The runtime's own objects are not followed, or everything would be reached.
  if (value === globalThis || value === Object.prototype || value === Function.prototype) return;
  if (value instanceof Map || value instanceof Set || value instanceof URLSearchParams) {
    for (const item of value) yield* stringsOf(item, seen);
  }
  if (value instanceof Headers) yield* stringsOf([...value], seen);
  for (const key of Reflect.ownKeys(value)) {
    yield String(key);
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    yield* stringsOf(descriptor?.value, seen);
  }
  yield* stringsOf(Object.getPrototypeOf(value), seen);
}
