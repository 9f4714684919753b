import assert from "node:assert/strict";
import { announceSlow, greet } from "../../src/person/announce.ts";
import { fakeKernel } from "../support/fakes.ts";

Deno.test("greet() says who is signed in, in one line without control characters", async () => {
  const said = async (
    title: string,
    person: string | undefined,
    account?: { name: string },
  ) => {
    const kernel = fakeKernel();
    await greet({ title, person, account }, kernel);
    assert.equal(kernel.shown.length, 1);
    assert.doesNotMatch(kernel.shown[0]!.html, /<(?!\/?div)/);
    return kernel.shown[0]!.text;
  };
  assert.equal(
    await said("SpatiaFi", "ada@example.com"),
    "✓ SpatiaFi: signed in as ada@example.com",
  );
  assert.equal(await said("SpatiaFi", undefined), "✓ SpatiaFi: signed in");
  assert.equal(
    await said("SpatiaFi", "ada@example.com", { name: "work" }),
    "✓ SpatiaFi: signed in as ada@example.com (account work)",
  );
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(await said("A\n\u001b[2J", "<b>\u202eada\u0007"), /[\u0000-\u001f\u202e]/);
});

Deno.test("greet() and announceSlow() work after the frontend has disconnected", async () => {
  const kernel = { ...fakeKernel(), display: () => Promise.reject(new Error("gone")) };
  await greet({ title: "A", person: undefined }, kernel);
  const slow = new Promise<number>((resolve) => setTimeout(() => resolve(7), 40));
  assert.equal(await announceSlow(slow, "Downloading…", kernel, 5), 7);
});

Deno.test("announceSlow() prints only if loading is slow, and leaves nothing behind", async () => {
  const kernel = fakeKernel();
  assert.equal(await announceSlow(Promise.resolve(1), "Downloading…", kernel, 5), 1);
  assert.equal(await announceSlow(Promise.resolve(2), "Downloading…", null), 2);
  assert.equal(kernel.shown.length, 0);
  const slow = new Promise<number>((resolve) => setTimeout(() => resolve(3), 60));
  assert.equal(await announceSlow(slow, "Downloading…", kernel, 5), 3);
  assert.deepEqual(kernel.shown.map(({ text, update }) => [text, update]), [
    ["Downloading…", false],
    ["", true],
  ]);
  const failing = new Promise((_, reject) => setTimeout(() => reject(new Error("offline")), 60));
  await assert.rejects(announceSlow(failing, "Downloading…", kernel, 5), /offline/);
  assert.equal(kernel.shown.at(-1)!.text, "");
});
