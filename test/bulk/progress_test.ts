import assert from "node:assert/strict";
import { createProgress, type ProgressState, renderProgress } from "../../src/bulk/progress.ts";
import { fakeKernel, fakeRuntime } from "../support/fakes.ts";

const at = (change: Partial<ProgressState>): ProgressState => ({
  title: "Items",
  done: 0,
  total: 200,
  failed: 0,
  since: 0,
  ...change,
});

Deno.test("renderProgress() shows the progress, the rate and the remaining time", () => {
  const text = (state: ProgressState, now: number) => renderProgress(state, now).text;
  assert.equal(text(at({}), 0), "Items: 0 of 200");
  assert.equal(
    text(at({ done: 50, failed: 2 }), 10_000),
    "Items: 50 of 200 · 2 failed · 5.0/s · 30 s left",
  );
  assert.equal(
    text(at({ done: 2 }), 60_000),
    "Items: 2 of 200 · 2.0/min · 1.6 h left".replace("1.6 h", "1.6 h"),
  );
  assert.equal(
    text(at({ done: 200, ended: true }), 10_000),
    "Items: 200 of 200 · 20/s · took 10 s",
  );
  const { total: _, ...unknown } = at({ done: 7 });
  assert.equal(text(unknown, 1000), "Items: 7 done · 7.0/s");
  assert.match(renderProgress(unknown, 1000).html, /<progress><\/progress>/);
  assert.ok(!renderProgress({ ...unknown, ended: true }, 1000).html.includes("<progress"));
});

Deno.test("renderProgress() shows a total time that agrees with the rate", () => {
  const rows: [number, number, string][] = [
    [4, 7, "571/s · took 0.007 s"],
    [500, 462, "1082/s · took 0.46 s"],
    [500, 1100, "455/s · took 1.1 s"],
    [60, 5100, "12/s · took 5.1 s"],
    [600, 61_000, "9.8/s · took 61 s"],
    [600, 150_000, "4.0/s · took 2.5 min"],
    [20_000, 7_200_000, "2.8/s · took 2.0 h"],
  ];
  for (const [total, now, expected] of rows) {
    const { text } = renderProgress(at({ total, done: total, ended: true }), now);
    assert.equal(text, `Items: ${total} of ${total} · ${expected}`);
  }
  assert.match(renderProgress(at({ ended: true }), 0).text, /0 of 200 · took less than 0.001 s$/);
});

Deno.test("renderProgress() survives odd numbers and hostile titles", () => {
  const odd = at({ title: "<b>\u001b[2J", done: 9, total: 0, since: 1e15 });
  const { html, text } = renderProgress(odd, 0);
  assert.ok(html.includes("&lt;b&gt;") && html.includes('max="1"'));
  assert.equal(text, "<b> : 9 of 0");
});

Deno.test("createProgress() updates one output, not too often, and always shows the end", async () => {
  const kernel = fakeKernel();
  let time = 0;
  const progress = createProgress({ kernel, runtime: fakeRuntime(), now: () => time });
  for (; time < 1000; time += 10) await progress.update(at({ done: time / 10 }));
  await progress.update(at({ done: 100, ended: true }));
  assert.equal(kernel.shown.length, 5);
  assert.deepEqual(kernel.shown.map(({ update }) => update), [false, true, true, true, true]);
  assert.equal(new Set(kernel.shown.map(({ id }) => id)).size, 1);
  assert.match(kernel.shown.at(-1)!.text, /100 of 200/);
});

Deno.test("createProgress() keeps to one line on a terminal, and prints only the end elsewhere", async () => {
  for (const errorIsTerminal of [true, false]) {
    const runtime = fakeRuntime({ errorIsTerminal });
    const progress = createProgress({ kernel: null, runtime, now: () => 0 });
    await progress.update(at({ done: 1 }));
    await progress.update(at({ done: 2, ended: true }));
    const all = runtime.written.join("");
    assert.equal(all.split("\n").length, 2);
    assert.equal(all.includes("1 of 200"), errorIsTerminal);
    assert.match(all, /2 of 200.*\n$/);
  }
});

Deno.test("createProgress() does not stop the work if it cannot be shown", async () => {
  const kernel = fakeKernel();
  kernel.display = () => Promise.reject(new Error("gone"));
  const progress = createProgress({ kernel, runtime: fakeRuntime() });
  await progress.update(at({ done: 200, ended: true }));
});
