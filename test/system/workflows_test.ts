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

test("a release hands over its packages before it runs a test (trust 23)", async () => {
  const text = await Deno.readTextFile(new URL("workflows/release.yml", FOLDER));
  const build = jobsOf(text).get("build") ?? "";
  const steps = [...build.matchAll(/- (?:name: .*\n +)?(?:run|uses): (\S+(?: \S+){0,2})/g)]
    .map(([, step = ""]) => step.replace(/@.*/, ""));
  const handing = steps.lastIndexOf("actions/upload-artifact");
  assert.deepEqual(
    steps.slice(0, handing).filter((step) => !step.startsWith("actions/setup-")),
    [
      "actions/checkout",
      "denoland/setup-deno",
      'test "v$(deno eval',
      "deno task build:npm",
      "npm pack ./npm",
      "actions/upload-artifact",
      "deno task build:jsr",
    ],
  );
  assert(steps.slice(handing).some((step) => step.startsWith("bash .ci/run")), build);
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../deno.json", FOLDER)));
  assert.match(tasks["build:jsr"], / --frozen /);
  assert.match(tasks["gates"], /deno check --frozen /);
});

test("everything that CI installs from a registry is locked or names its version (trust 23)", async () => {
  const own = await Deno.readTextFile(new URL("../.ci/run", FOLDER));
  const documents = await Promise.all(
    ["README.md", "CONTRIBUTING.md", "examples/README.md", "examples/sandbox/README.md"].map(
      async (name): Promise<[string, string]> => [
        name,
        await Deno.readTextFile(new URL(`../${name}`, FOLDER)),
      ],
    ),
  );
  const rules: [what: RegExp, wanted: RegExp][] = [
    [/\bpip(?:"|3)? install\b.*/g, /--require-hashes -r/],
    [/\bnpm (?:install|i|add)\b.*/g, /@\d+\.\d+\.\d+/],
    [/\bnpx (?:-\S+ )*[\w@/.-]+/g, /@\d+\.\d+\.\d+/],
    [
      /\bdeno (?:install|run|cache|add) [^`\n]*(?:jsr|npm):[^`\s]+/g,
      /(?:jsr|npm):@?[\w/-]+@\d+\.\d+\.\d+/,
    ],
    [/\bjsr:@onecell\/auth[^`"\s]*.*?\/cli/g, /@\d+\.\d+\.\d+/],
  ];
  for (const [name, text] of [...await workflows(), [".ci/run", own], ...documents]) {
    for (const [what, wanted] of rules) {
      for (const [command] of text?.matchAll(what) ?? []) {
        assert.match(command, wanted, `${name}: ${command}`);
      }
    }
  }
  const folder = new URL("../.ci/", FOLDER);
  let locks = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith("requirements-")) continue;
    locks++;
    const text = await Deno.readTextFile(new URL(name, folder));
    const packages = text.split(/\n(?=\S)/).filter((one) => !one.startsWith("#"));
    for (const one of packages) {
      assert.match(
        one,
        /^[\w.[\]-]+==\S+( ;[^\\\n]*)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n?)+$/,
        name,
      );
    }
  }
  assert.equal(locks, 3);
  const proxy = JSON.parse(await Deno.readTextFile(new URL("hub-proxy/package-lock.json", folder)));
  for (
    const [name, one] of Object.entries(proxy.packages as Record<string, { integrity?: string }>)
  ) {
    if (name !== "") assert.match(one.integrity ?? "", /^sha512-/, name);
  }
});

test("one version of Deno is named everywhere", async () => {
  const named = new Set<string>();
  const files = [".ci/run", "README.md", "CONTRIBUTING.md"];
  const texts = [
    ...(await workflows()).map(([, text]) => text),
    ...await Promise.all(files.map((name) => Deno.readTextFile(new URL(`../${name}`, FOLDER)))),
  ];
  for (const text of texts) {
    for (const [, version = ""] of text.matchAll(/(?:deno@|deno-version: v)(\d+\.\d+\.\d+)/g)) {
      named.add(version);
    }
  }
  assert.equal(named.size, 1, [...named].join());
});
