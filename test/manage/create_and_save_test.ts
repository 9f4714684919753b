import assert from "node:assert/strict";
import { storeDrivers } from "../../src/lazy.ts";
import { createAndSave } from "../../src/manage/create_and_save.ts";
import { profileOf } from "../../src/profile/profile.ts";
import { spatiafi } from "../../src/providers/registry.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { TestFolder } from "../support/folder.ts";
import { test } from "../support/tests.ts";

test("new credentials that cannot be saved are not lost: the error shows the secret once", async () => {
  await using folder = await TestFolder.make();
  const real = await currentRuntime();
  let isFull = false;
  const runtime: Runtime = {
    ...real,
    files: {
      ...real.files,
      createPrivate: (path, mode) =>
        isFull
          ? Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" }))
          : real.files.createPrivate(path, mode),
    },
  };
  const profile = profileOf(spatiafi, { directory: folder.path }, runtime, storeDrivers);
  const values = { client_id: "new", client_secret: "shown-once" };
  const created = await createAndSave(profile, {
    username: "ada",
    reuse: false,
    create: () => {
      isFull = true;
      return Promise.resolve(values);
    },
  });
  assert.deepEqual([created.values, created.path], [values, undefined]);
  assert.equal(created.problem?.code, "store_unavailable");
  assert(!String(created.problem?.message).includes("shown-once"));
});
