import assert from "node:assert/strict";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { tryWriting } from "../../src/store/inspect_store.ts";
import { TestFolder } from "../support/folder.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld } from "../support/world.ts";
import { doctor, messages } from "./report.ts";

/** A runtime whose disk refuses new files. */
async function refusing(error: Error): Promise<Runtime> {
  const runtime = await currentRuntime();
  return { ...runtime, files: { ...runtime.files, createPrivate: () => Promise.reject(error) } };
}

const withCode = (code: string) => Object.assign(new Error(code), { code });

test("doctor() says before a sign-in that a session could not be saved", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, directory } = world;
  // A file in place of the tokens' folder: not even root can write in it.
  await Deno.writeTextFile(`${directory}/onecell`, "");
  const report = await doctor("plantpredict", { ...options, credentials });
  assert.match(messages(report), /Cannot save a session in ".*\/onecell": .*option `directory`/);
  assert.deepEqual([report.ok, report.findings[0]?.level], [true, "warning"]);
  assert.equal(report.facts.store.problem?.code, "store_unavailable");
});

test("tryWriting() leaves nothing behind, and makes no folder", async () => {
  await using folder = await TestFolder.make();
  const runtime = await currentRuntime();
  await Deno.mkdir(folder.at("there"));
  for (const path of ["there", "none", "none/below/onecell"]) {
    assert.equal(await tryWriting(runtime, folder.at(path), folder.path), null);
  }
  assert.deepEqual(Object.keys(await folder.modes()), ["there"]);
  assert.equal(
    await tryWriting(runtime, "no-such-folder-here/onecell", "no-such-folder-here"),
    null,
  );
});

test("tryWriting() says why it failed, and what to do", () =>
  eachRow([
    { name: "another's folder", error: withCode("EACCES"), message: /permission denied/ },
    { name: "a read-only disk", error: withCode("EROFS"), message: /the disk is read-only/ },
    {
      name: "Deno's flags",
      error: new Deno.errors.NotCapable(
        'Requires write access to "/x", run again with the --allow-write flag',
      ),
      message: /Deno was started without --allow-write=\/home\/ada\/x/,
    },
  ], async ({ error, message }) => {
    await using folder = await TestFolder.make();
    const problem = await tryWriting(await refusing(error), folder.path, "/home/ada/x");
    assert.match(problem?.message ?? "", message);
  }));

test("tryWriting() reports no problem if flags only forbid writing above the folder", async () => {
  await using folder = await TestFolder.make();
  const runtime = await refusing(new Deno.errors.NotCapable("Requires write access"));
  const directory = folder.at("spatiafi");
  assert.equal(await tryWriting(runtime, `${directory}/onecell`, directory), null);
  await Deno.mkdir(directory);
  const problem = await tryWriting(runtime, `${directory}/onecell`, directory);
  assert.equal(problem?.code, "permission_denied");
});
