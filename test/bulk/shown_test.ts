import assert from "node:assert/strict";
import type { MapOptions, Session } from "../../mod.ts";
import { map } from "../../src/bulk/map.ts";
import { connectionOf, OpenSession } from "../../src/session.ts";
import { fakeKernel, fakeRuntime } from "../support/fakes.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { info, inHand, numbers, withSession } from "./session.ts";

/** Runs `map` and captures what a person would see. */
function mapInside<T>(
  session: Session,
  items: T[],
  fn: (item: T, index: number, session: Session) => unknown,
  options: MapOptions & { kernel?: boolean; terminal?: boolean } = {},
) {
  const { kernel: inNotebook = false, terminal = false, ...rest } = options;
  const runtime = fakeRuntime({ errorIsTerminal: terminal });
  const kernel = inNotebook ? fakeKernel() : null;
  return {
    runtime,
    kernel,
    work: map(items, fn, rest, {
      title: "PlantPredict",
      fetch: session.fetch,
      view: (fetch) => new OpenSession({ ...connectionOf(session), fetch }),
      runtime,
      kernel,
    }),
  };
}

test("map() shows one bar in the notebook, and how the work ended", () =>
  withSession(async (session) => {
    const { kernel, runtime, work } = mapInside(session, numbers(30), info, { kernel: true });
    await work;
    assert(kernel && kernel.shown.length >= 2, "no bar was shown");
    assert.equal(new Set(kernel.shown.map(({ id }) => id)).size, 1);
    assert.deepEqual(kernel.shown.map(({ update }) => update).slice(0, 2), [false, true]);
    assert.match(kernel.shown[0]?.text ?? "", /^PlantPredict: 0 of 30/);
    assert.match(kernel.shown.at(-1)?.text ?? "", /^PlantPredict: 30 of 30 .*took/);
    assert.match(kernel.shown.at(-1)?.html ?? "", /<progress value="30" max="30">/);
    assert.deepEqual([runtime.written, runtime.listeners.size], [[], 0]);
  }));

test("map() shows progress on a terminal, with the caller's title, or hides it", () =>
  withSession(async (session) => {
    const fails = (item: number) => item === 3 ? Promise.reject(new Error("no")) : item;
    const shown = mapInside(session, numbers(9), fails, {
      terminal: true,
      progress: "Tiles",
      onError: "collect",
    });
    await shown.work;
    assert.match(shown.runtime.written.at(-1) ?? "", /Tiles: 9 of 9 · 1 failed .*took.*\n$/);
    const quiet = mapInside(session, [1], fails, { terminal: true, kernel: true, progress: false });
    await quiet.work;
    assert.deepEqual([quiet.runtime.written, quiet.kernel?.shown], [[], []]);
  }));

test("map() stops at the stop button and leaves no listener", () =>
  withSession(async (session, world) => {
    const { sandbox } = world;
    const slow = (_: number, __: number, session: Session) => session.fetch("/api/slow?ms=5000");
    const { kernel, runtime, work } = mapInside(session, numbers(50), slow, { kernel: true });
    await inHand(world, 8);
    assert.equal(runtime.listeners.size, 1);
    for (const press of runtime.listeners) press();
    await rejects(work, "cancelled", /Run the cell again/);
    assert.equal(runtime.listeners.size, 0);
    assert.match(kernel?.shown.at(-1)?.text ?? "", /^PlantPredict: 0 of 50 · took [\d.]+ s$/);
    assert.equal(sandbox.count("plantpredict.api"), 8);
  }));
