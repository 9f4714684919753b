import assert from "node:assert/strict";
import { AuthError } from "../../mod.ts";
import { elapsed, rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { info, inHand, numbers, pause, QUIET, withSession } from "./session.ts";

test("map() returns results in the order of the items", () =>
  withSession(async (session) => {
    const results = await session.map([30, 1, 20, 0, 10], async (wait, index, session) => {
      await pause(wait);
      return `${index}:${await info(wait, index, session)}`;
    }, QUIET);
    assert.deepEqual(results, ["0:30", "1:1", "2:20", "3:0", "4:10"]);
    assert.deepEqual(await session.map([], info, QUIET), []);
  }));

test("map() works on as many items at a time as `concurrency` says", () =>
  withSession(async (session) => {
    for (const concurrency of [undefined, 1, 3]) {
      const wanted = concurrency ?? 8;
      let taken = 0;
      let done = 0;
      let active = 0;
      let most = 0;
      let ahead = 0;
      const items = (function* () {
        for (let item = 0; item < 40; item++) {
          taken++;
          ahead = Math.max(ahead, taken - done);
          yield item;
        }
      })();
      await session.map(items, async () => {
        most = Math.max(most, ++active);
        await pause(1);
        active--;
        done++;
      }, concurrency === undefined ? QUIET : { ...QUIET, concurrency });
      assert.deepEqual([most, taken, done], [wanted, 40, 40]);
      assert(ahead <= wanted, `${ahead} items taken ahead, for ${wanted} at a time`);
    }
  }));

test("map() takes items from an asynchronous source", () =>
  withSession(async (session) => {
    const source = async function* () {
      for (const item of ["a", "b", "c"]) {
        await pause(1);
        yield item;
      }
    };
    assert.deepEqual(await session.map(source(), info, QUIET), ["a", "b", "c"]);
    const broken = async function* () {
      yield "a";
      await pause(1);
      throw new RangeError("the source is broken");
    };
    // Even if the item before finishes first. p-map alone would end the work there.
    await assert.rejects(session.map(broken(), (item) => item, QUIET), RangeError);
    await assert.rejects(session.map(broken(), info, QUIET), RangeError);
    const brokenList = (function* () {
      yield "a";
      throw new RangeError("the source is broken");
    })();
    await assert.rejects(session.map(brokenList, info, QUIET), RangeError);
    await assert.rejects(
      session.map(broken(), info, { ...QUIET, onError: "collect" }),
      RangeError,
    );
  }));

test("map() stops at the first failure: it starts no further item and leaves no request running", () =>
  withSession(async (session, world) => {
    let started = 0;
    let closed = false;
    const source = (function* () {
      try {
        for (let item = 0; item < 1000; item++) yield item;
      } finally {
        closed = true;
      }
    })();
    const ends: unknown[] = [];
    const took = await elapsed(() =>
      assert.rejects(
        session.map(source, async (item, _, session) => {
          started++;
          if (item === 2) {
            await inHand(world, 3);
            throw new RangeError("item 2 is bad");
          }
          await session.fetch("/api/slow?ms=5000").catch((error) => ends.push(error));
        }, { ...QUIET, concurrency: 4 }),
        (error) => error instanceof RangeError && error.message === "item 2 is bad",
      )
    );
    assert(took < 2500, `${took} ms`);
    assert.equal(started, 4);
    assert(closed, "the source was not closed");
    // They ended when the call ended, each with a reason.
    assert.equal(ends.length, 3);
    for (const end of ends) {
      assert(end instanceof AuthError && end.code === "aborted", Deno.inspect(end));
    }
    // The session itself still works.
    assert.equal(await info("x", 0, session), "x");
  }));

test('map() collects every outcome with onError: "collect"', () =>
  withSession(async (session) => {
    const outcomes = await session.map(numbers(20), async (item, index, session) => {
      if (item % 5 === 0) throw new RangeError(String(item));
      return await info(item, index, session);
    }, { ...QUIET, onError: "collect" });
    assert.equal(outcomes.length, 20);
    for (const [index, outcome] of outcomes.entries()) {
      if (index % 5 === 0) {
        assert(outcome.status === "rejected" && outcome.reason instanceof RangeError);
        assert.equal(outcome.reason.message, String(index));
      } else assert.deepEqual(outcome, { status: "fulfilled", value: String(index) });
    }
  }));

test("map() and its requests stop with its signal", () =>
  withSession(async (session, world) => {
    const { sandbox } = world;
    const controller = new AbortController();
    const work = session.map(
      numbers(100),
      (_, __, session) => session.fetch("/api/slow?ms=5000"),
      { ...QUIET, signal: controller.signal, concurrency: 3 },
    );
    await inHand(world, 3);
    const took = await elapsed(() => {
      controller.abort();
      return rejects(work, "aborted");
    });
    assert(took < 500, `${took} ms`);
    assert.equal(sandbox.count("plantpredict.api"), 3);
    await rejects(session.map([1], info, { ...QUIET, signal: AbortSignal.abort() }), "aborted");
    assert.equal(sandbox.count("plantpredict.api"), 3);
  }));

test("map() keeps a request's own signal", () =>
  withSession(async (session) => {
    const [outcome] = await session.map([1], (_, __, session) =>
      session.fetch("/api/slow?ms=5000", { signal: AbortSignal.timeout(50) }), {
      ...QUIET,
      onError: "collect",
    });
    assert(outcome?.status === "rejected");
    assert.equal((outcome.reason as DOMException).name, "TimeoutError");
  }));

test("map() renews once for all requests when the API refuses the token", () =>
  withSession(async (session, { sandbox }) => {
    await info("x", 0, session);
    sandbox.revokeAccessTokens();
    const before = sandbox.count("plantpredict.token");
    const items = numbers(200).map(String);
    assert.deepEqual(await session.map(items, info, { ...QUIET, concurrency: 20 }), items);
    assert.equal(sandbox.count("plantpredict.token"), before + 1);
  }));

test("map() waits only briefly for work that ignores its signal", () =>
  withSession(async (session) => {
    let release = () => {};
    const deaf = new Promise<void>((resolve) => release = resolve);
    const took = await elapsed(() =>
      assert.rejects(
        session.map([0, 1], (item) => item === 0 ? deaf : Promise.reject(new RangeError()), QUIET),
        RangeError,
      )
    );
    release();
    assert(took >= 900 && took < 3000, `${took} ms`);
  }));

test("map() refuses invalid options before it starts", () =>
  withSession(async (session, { sandbox }) => {
    const calls: [unknown, unknown, unknown, RegExp][] = [
      [undefined, info, {}, /items/],
      [5, info, {}, /items/],
      ["ab", info, {}, /items/],
      [[1], "info", {}, /function/],
      [[1], info, { concurrency: 0 }, /concurrency/],
      [[1], info, { concurrency: 1.5 }, /concurrency/],
      [[1], info, { concurency: 2 }, /unknown option "concurency"/],
      [[1], info, { onError: "ignore" }, /onError/],
      [[1], info, { signal: {} }, /signal/],
      [[1], info, { progress: 1 }, /progress/],
      [[1], info, null, /options/],
    ];
    for (const [items, fn, options, message] of calls) {
      const call = session.map.bind(session) as (...args: unknown[]) => Promise<unknown>;
      await rejects(call(items, fn, options), "invalid_argument", message);
    }
    assert.equal(sandbox.count("plantpredict.api"), 0);
  }));
