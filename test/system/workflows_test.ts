import assert from "node:assert/strict";
import { test } from "../support/tests.ts";

const FOLDER = new URL("../../.github/", import.meta.url);

/** The workflows' texts by name. */
async function workflows(): Promise<[name: string, text: string][]> {
  const entries = await Array.fromAsync(Deno.readDir(new URL("workflows/", FOLDER)));
  return await Promise.all(
    entries.map(async ({ name }): Promise<[string, string]> => [
      name,
      await Deno.readTextFile(new URL(`workflows/${name}`, FOLDER)),
    ]),
  );
}

/** The jobs of a workflow: text below two spaces and a name. */
function jobsOf(text: string): Map<string, string> {
  const [, jobs = ""] = text.split(/^jobs:\n/m);
  return new Map(
    jobs.split(/^(?= {2}[\w-]+:\n)/m).filter(Boolean).map((job) => [
      /^ {2}([\w-]+):/.exec(job)?.[1] ?? "",
      job,
    ]),
  );
}

test("every action of a workflow is pinned to a commit (trust 23)", async () => {
  let actions = 0;
  for (const [name, text] of await workflows()) {
    for (const [line] of text.matchAll(/^.*\buses:.*$/gm)) {
      assert.match(line, /uses: [\w./-]+@[0-9a-f]{40} # v\d/, `${name}: ${line}`);
      actions++;
    }
  }
  assert(actions > 5);
});

test("a workflow has no default permissions, and a job that may publish tests and builds nothing (trust 23)", async () => {
  let publishers = 0;
  for (const [name, text] of await workflows()) {
    assert.match(text, /^permissions: \{\}$/m, name);
    for (const [job, steps] of jobsOf(text)) {
      assert.match(steps, /^ {4}permissions:/m, `${name}, ${job}: says what it may`);
      if (!/(id-token|contents|pages|packages): write/.test(steps)) continue;
      publishers++;
      const runs = [...steps.matchAll(/\brun: (.*)$/gm)].map(([, command]) => command ?? "");
      for (const command of runs) {
        assert.match(command, /^(deno publish$|npm publish \.\/\S+ )/, `${name}, ${job}`);
      }
      assert(!/checkout@/.test(steps), `${name}, ${job}`);
    }
  }
  assert(publishers >= 3);
});

test("a bot keeps the pinned versions current (trust 23)", async () => {
  const settings = JSON.parse(await Deno.readTextFile(new URL("renovate.json", FOLDER)));
  assert(JSON.stringify(settings.extends).includes("helpers:pinGitHubActionDigests"));
});
