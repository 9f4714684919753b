import assert from "node:assert/strict";
import { getSession, scanNotebook, type Session } from "../../mod.ts";
import { ScanReport } from "../../src/scan/scan_report.ts";
import { TestFolder } from "../support/folder.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { createWorld, savedToken } from "../support/world.ts";

/** A saved notebook with these texts as the sources of its cells. */
async function notebook(folder: string, ...sources: string[]): Promise<string> {
  const path = `${folder}/work.ipynb`;
  const cells = sources.map((source) => ({
    cell_type: "code",
    source: [source],
    outputs: [],
    metadata: {},
  }));
  await Deno.writeTextFile(path, JSON.stringify({ cells, metadata: {}, nbformat: 4 }));
  return path;
}

/** Fails if the text contains six characters in a row of a secret. */
function hides(text: string, secret: string): void {
  for (let at = 0; at + 6 <= secret.length; at++) {
    assert(!text.includes(secret.slice(at, at + 6)), "a part of a secret is shown");
  }
}

test("scanNotebook() finds the secrets and tokens of a session, and names them", async () => {
  await using world = await createWorld("plantpredict");
  const { options, credentials, directory } = world;
  const session = await getSession("plantpredict", { ...options, credentials });
  const token = await session.token();
  const secret = credentials["client_secret"] ?? "";
  const path = await notebook(
    directory,
    "1 + 1",
    `const token = "${token}";`,
    `// basic\nconst a = "${btoa(`id:${secret}`)}";`,
    `const part = "${secret.slice(5, 25)}";`,
    `const id = "${credentials["client_id"]}";`,
  );
  const report = await scanNotebook(path, { session });
  assert.equal(report.ok, false);
  assert.deepEqual(
    report.findings.map(({ name, cell, where, line, whole, form }) => [
      name.replace(/ \(.*/, ""),
      cell,
      where,
      line,
      whole,
      form,
    ]),
    [
      ["plantpredict access_token", 2, "source", 1, true, "plain"],
      ["plantpredict client_secret", 3, "source", 2, true, "base64"],
      ["plantpredict client_secret", 4, "source", 1, false, "plain"],
    ],
  );
  const text = String(report);
  assert.match(text, /3 places/);
  assert.match(text, /cell 3, source, line 2: plantpredict client_secret .*whole, in base64/);
  assert.match(text, /cell 4, source, line 1: .*20 characters/);
  for (const shown of [text, JSON.stringify(report), Deno.inspect(report, { depth: 9 })]) {
    hides(shown, secret);
    hides(shown, token.split(".")[2] ?? token);
  }
});

test("scanNotebook() finds nothing in a clean notebook, and finds a token of an earlier session", async () => {
  await using world = await createWorld("spatiafi");
  const { options, credentials, directory } = world;
  const session = await getSession("spatiafi", { ...options, credentials });
  const earlier = String((await savedToken(directory))?.["access_token"]);
  const clean = await scanNotebook(await notebook(directory, "await s.fetch('/api')"), { session });
  assert.deepEqual([clean.ok, clean.findings.length], [true, 0]);
  assert.match(String(clean), /: clean \(checked for \d+ saved secrets?\)$/);

  const work = await getSession("spatiafi", { ...options, credentials, sessionKey: "work" });
  const report = await scanNotebook(await notebook(directory, earlier), { session: work });
  const [finding] = report.findings;
  assert.match(finding?.name ?? "", /^spatiafi access_token \(.*\/onecell\/[0-9a-f]+\.json\)$/);
});

test("scanNotebook() finds a token that is only in memory", async () => {
  await using world = await createWorld("fourinsight-client");
  const { options, credentials, directory } = world;
  const session = await getSession("fourinsight-client", { ...options, credentials });
  const report = await scanNotebook(await notebook(directory, await session.token()), { session });
  assert.deepEqual(report.findings.map(({ name }) => name), [
    "fourinsight-client access_token (this session)",
  ]);
});

test("scanNotebook() says what is wrong with a file, and never shows its content", async () => {
  await using folder = await TestFolder.make();
  await rejects(scanNotebook(folder.at("none.ipynb")), "invalid_argument", /none\.ipynb/);
  await rejects(scanNotebook(folder.path), "invalid_argument", /cannot be read/);
  await Deno.writeTextFile(folder.at("a.ipynb"), '{"cells": "kept-to-itself"');
  const error = await rejects(scanNotebook(folder.at("a.ipynb")), "invalid_argument");
  hides(error.message, "kept-to-itself");
  assert.match(error.message, /not JSON\. Give the path of an \.ipynb file/);
  await Deno.writeTextFile(folder.at("b.ipynb"), '{"worksheets": []}');
  await rejects(scanNotebook(folder.at("b.ipynb")), "invalid_argument", /then scan that file/);
  await rejects(scanNotebook(""), "invalid_argument");
  await rejects(
    scanNotebook(folder.at("a.ipynb"), { session: {} as Session }),
    "invalid_argument",
    /getSession/,
  );
});

test("a report without secrets to look for does not say clean", () => {
  assert.match(
    String(new ScanReport("a.ipynb", [], 0)),
    /: Not checked: this machine has no saved secrets\.$/,
  );
  assert.match(String(new ScanReport("a.ipynb", [], 1)), /: clean \(checked for 1 saved secret\)$/);
});
