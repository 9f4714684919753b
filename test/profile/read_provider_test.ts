import assert from "node:assert/strict";
import { readProvider, scanNotebook } from "../../mod.ts";
import { TestFolder } from "../support/folder.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";

const definition = {
  name: "mine",
  apiUrl: "https://api.example.com",
  issuer: "https://login.example.com",
};

test("readProvider() reads a definition by path or file URL, even one with a byte order mark", async () => {
  await using folder = await TestFolder.make();
  const path = folder.at("my system.json");
  await Deno.writeTextFile(path, `\ufeff${JSON.stringify(definition)}`);
  for (const file of [path, new URL(`file://${encodeURI(path)}`)]) {
    const { name, apiUrl } = await readProvider(file);
    assert.deepEqual([name, apiUrl], ["mine", "https://api.example.com"]);
  }
});

test("readProvider() says what is wrong with a file, and does not quote it", async () => {
  await using folder = await TestFolder.make();
  const write = async (text: string) => {
    await Deno.writeTextFile(folder.at("x.json"), text);
    return folder.at("x.json");
  };
  const files = [
    folder.at("none.json"),
    folder.path,
    "",
    new URL("https://example.com/x.json"),
    undefined as unknown as string,
  ];
  for (const file of files) await rejects(readProvider(file), "invalid_argument");
  for (
    const [text, code] of [
      ['{"name": "x" hidden-text', "invalid_argument"],
      ["[]", "invalid_argument"],
      ["null", "invalid_argument"],
      ['{"name": "x"}', "invalid_argument"],
      [JSON.stringify({ ...definition, issuer: "http://login.example.com" }), "insecure_url"],
    ] as const
  ) {
    const error = await rejects(readProvider(await write(text)), code);
    assert(!error.message.includes("hidden-text"), error.message);
  }
});

test("a file without end is not read: a device, a pipe that nobody writes to (trust 21)", async () => {
  if (Deno.build.os === "windows") return;
  await using folder = await TestFolder.make();
  await Deno.symlink("/dev/zero", folder.at("link.json"));
  await new Deno.Command("mkfifo", { args: [folder.at("pipe")] }).output();
  for (const file of ["/dev/zero", folder.at("link.json"), folder.at("pipe")]) {
    await rejects(readProvider(file), "invalid_argument", /cannot be read/);
    await rejects(scanNotebook(file), "invalid_argument", /cannot be read/);
  }
});
