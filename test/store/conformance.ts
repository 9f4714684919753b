/**
 * What every store of sessions must do, both this module's and yours. Test yours like this:
 *
 * ```ts
 * import { conformance } from "./conformance.ts";
 *
 * for (const { name, check } of conformance) {
 *   Deno.test(name, () => check(() => new MyStore("a name for this test")));
 * }
 * ```
 *
 * `open` is called several times in one check. Each result stands for another process, and all of
 * them share the stored values. The store must be empty at the start.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { TokenStore } from "../../src/store/store.ts";

/** Opens the store, as another process would. */
export type Open = () => TokenStore | Promise<TokenStore>;

/** One thing that a store must do. */
export interface Check {
  name: string;
  check: (open: Open) => Promise<void>;
}

const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));
const patient = () => ({ signal: AbortSignal.timeout(30_000) });

export const conformance: readonly Check[] = [
  {
    name: "every process reads what another wrote, and overwrites it completely",
    async check(open) {
      const [one, other] = [await open(), await open()];
      assert.equal(await one.read("a"), undefined);
      await one.write("a", "first, and longer");
      assert.equal(await other.read("a"), "first, and longer");
      await other.write("a", "second");
      assert.equal(await one.read("a"), "second");
    },
  },
  {
    name: "keys and values are strings of any characters",
    async check(open) {
      const store = await open();
      const keys = [
        "",
        "a/b",
        "a\\b",
        "..",
        "ä\n☃ 😀",
        '["x","https://a.example/"]',
        "k".repeat(1000),
      ];
      const value = (key: string) => `${key}: "quoted" ☃ 😀\n\u0000\t${"v".repeat(20_000)}`;
      for (const key of keys) await store.write(key, value(key));
      for (const key of keys) assert.equal(await store.read(key), value(key), key.slice(0, 20));
    },
  },
  {
    name: "removing reports if there was a value, and removes only that one",
    async check(open) {
      const store = await open();
      await store.write("a", "1");
      await store.write("b", "2");
      assert.equal(await store.remove("a"), true);
      assert.equal(await store.remove("a"), false);
      assert.equal(await store.read("a"), undefined);
      assert.equal(await store.read("b"), "2");
      await store.write("a", "3");
      assert.equal(await store.read("a"), "3");
    },
  },
  {
    name: "exclusive() returns or throws the result of its work",
    async check(open) {
      const store = await open();
      assert.equal(await store.exclusive("a", () => Promise.resolve(7), patient()), 7);
      const failing = store.exclusive("a", () => Promise.reject(new RangeError("mine")), patient());
      await assert.rejects(failing, RangeError);
      assert.equal(await store.exclusive("a", () => Promise.resolve(8), patient()), 8);
    },
  },
  {
    name: "exclusive() runs one piece of work at a time, in all processes, and loses no update",
    async check(open) {
      const stores = await Promise.all([open(), open(), open()]);
      let inside = 0;
      const addOne = (store: TokenStore) => async () => {
        assert.equal(++inside, 1, "two at once");
        const count = Number(await store.read("count") ?? 0);
        await pause(Math.random() * 3);
        await store.write("count", String(count + 1));
        inside--;
      };
      const all = stores.flatMap((store) => Array.from({ length: 8 }, () => store));
      await Promise.all(all.map((store) => store.exclusive("count", addOne(store), patient())));
      assert.equal(await stores[0].read("count"), String(all.length));
    },
  },
  {
    name: "exclusive() stops waiting when the signal aborts, and does not start its work",
    async check(open) {
      const [one, other] = [await open(), await open()];
      const { promise: left, resolve: leave } = Promise.withResolvers<void>();
      const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
      const holding = one.exclusive("a", () => (enter(), left), patient());
      await entered;
      let begun = false;
      const work = () => Promise.resolve(void (begun = true));
      for (const store of [one, other]) {
        const signal = AbortSignal.timeout(50);
        await assert.rejects(store.exclusive("a", work, { signal }));
      }
      await assert.rejects(other.exclusive("a", work, { signal: AbortSignal.abort() }));
      leave();
      await holding;
      assert.equal(begun, false);
      await other.exclusive("a", work, patient());
      assert.equal(begun, true);
    },
  },
  {
    name: "inside exclusive() everything works, and others can still read",
    async check(open) {
      const [one, other] = [await open(), await open()];
      await one.exclusive("a", async () => {
        await one.write("a", "1");
        assert.equal(await one.read("a"), "1");
        assert.equal(await other.read("a"), "1");
        assert.equal(await one.remove("a"), true);
        assert.equal(await one.read("a"), undefined);
        await one.write("a", "2");
      }, patient());
      assert.equal(await other.read("a"), "2");
    },
  },
  {
    name: "keys(), if the store has it, lists exactly what is stored",
    async check(open) {
      const store = await open();
      if (!store.keys) return;
      await store.write("a", '{"key":"a"}');
      await store.write("ä\n", '{"key":"ä\\n"}');
      await store.write("c", '{"key":"c"}');
      await store.remove("c");
      assert.deepEqual((await store.keys()).sort(), ["a", "ä\n"]);
    },
  },
];
