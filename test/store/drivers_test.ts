import assert from "node:assert/strict";
import { parseObject } from "../../src/base/text.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { FileDriver } from "../../src/store/file_driver.ts";
import { fileDriver, MemoryDriver } from "../../src/store/writing.ts";
import { TestFolder } from "../support/folder.ts";
import { test } from "../support/tests.ts";
import { conformance } from "./conformance.ts";

for (const { name, check } of conformance) {
  test(`memory: ${name}`, async () => {
    const store = new MemoryDriver();
    await check(() => store);
  });

  test(`files: ${name}`, async () => {
    await using folder = await TestFolder.make();
    const runtime = await currentRuntime();
    await check(() =>
      new FileDriver({
        runtime,
        folder: folder.at("onecell"),
        directory: folder.path,
        extension: ".json",
        judge: () => "whole",
        keyOf: (text) => parseObject(text)?.["key"] as string | undefined,
      })
    );
  });
}

test("files: removing a key also removes its marks, but not those of another key", async () => {
  await using folder = await TestFolder.make();
  const driver = fileDriver({ runtime: await currentRuntime(), directory: folder.path });
  assert(driver !== undefined);
  await driver.marks.make("a", "mark");
  await driver.marks.make("b", "mark");
  await driver.remove("a");
  const names = (await Array.fromAsync(Deno.readDir(folder.at("onecell")))).map(({ name }) => name);
  assert.equal(names.filter((name) => name.endsWith(".mark")).length, 1);
});
