import assert from "node:assert/strict";
import { STRICT } from "../support/long.ts";
import { test } from "../support/tests.ts";
import { hasProgram, onTerminal } from "../support/typist.ts";
import { Machine } from "./onecell.ts";

/** True, with a line of output, if a shell's completions cannot be tested here. */
async function lacks(shell: string, ...programs: string[]): Promise<boolean> {
  for (const program of [shell, ...programs]) {
    if (program === "bash" ? await hasBash4() : await hasProgram(program)) continue;
    const line = `skipped: the completions of ${shell}: there is no ${program} here\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(line));
    return true;
  }
  return false;
}

/** The typed text, with tabs, and the words that the command then receives. */
const LINES: [typed: string, words: string[]][] = [
  ["stat\t", ["status"]],
  ["token --format k\t", ["token", "--format", "kubectl"]],
  ["token spa\t", ["token", "spatiafi"]],
  ["status --js\t", ["status", "--json"]],
  ["login --method d\t", ["login", "--method", "device"]],
  ["completions f\t", ["completions", "fish"]],
  ["login --grant=cl\t", ["login", "--grant=client_credentials"]],
  ["scan --js\t", ["scan", "--json"]],
  // The name continues after a folder.
  ["import ocs im\tse\t", ["import", "ocs", "imp/settings.json"]],
  // Here a file is expected, not a system.
  ["import oc\tp\t", ["import", "ocs", "prod.json"]],
  ["import ocs ./im\tse\t", ["import", "ocs", "./imp/settings.json"]],
  ["login --provider=im\tse\t", ["login", "--provider=imp/settings.json"]],
  ["scan a\t", ["scan", "a b.ipynb"]],
  ["scan imp/a\\ \t", ["scan", "imp/a c.ipynb"]],
  ['scan "imp/a \t', ["scan", "imp/a c.ipynb"]],
  ["scan w\t", ["scan", "we$ird.ipynb"]],
];

/** Before bash 4, a completion cannot leave out the space after a folder. */
async function hasBash4(): Promise<boolean> {
  return await new Deno.Command("bash", { args: ["-c", "((BASH_VERSINFO[0] >= 4))"] }).output()
    .then(({ success }) => success, () => false);
}

/** A folder with the completions of all shells, and files to complete. */
async function prepare(): Promise<Machine> {
  const machine = await Machine.start({ systems: [] });
  const { home } = machine;
  await Deno.mkdir(home.at("imp"));
  for (
    const name of ["imp/settings.json", "imp/a c.ipynb", "a b.ipynb", "we$ird.ipynb", "prod.json"]
  ) {
    await Deno.writeTextFile(home.at(name), "");
  }
  for (const shell of ["bash", "zsh", "fish"]) {
    await Deno.writeTextFile(home.at(`.${shell}`), await machine.ok(["completions", shell]));
  }
  return machine;
}

/** Types the lines at a shell's prompt. Returns the words of each command that it then runs. */
async function typeAt(shell: string[], { home }: Machine): Promise<string[]> {
  const ready = "ready> ";
  const { shown } = await onTerminal(
    [...LINES.map(([typed]) => [ready, `onecell ${typed}\r`] as [string, string]), [
      ready,
      "exit\r",
    ]],
    shell,
    {
      cwd: home.path,
      env: { HOME: home.path, ZDOTDIR: home.path, TERM: "dumb", INPUTRC: "/dev/null" },
    },
  );
  return [...shown.matchAll(/^<.*>(?=\r?$)/gm)].map(([words]) => words);
}

/** The first lines for each shell. */
const startup = (script: string) =>
  `PS1='ready> '; . ./${script}; onecell() { printf '<%s>' "$@"; printf '\\n'; }\n`;

const expected = LINES.map(([, words]) => words.map((word) => `<${word}>`).join(""));

Deno.test({
  name: "bash completes words, and files in folders, with spaces and after =",
  ignore: await lacks("bash", "python3"),
  ...STRICT,
  async fn() {
    await using machine = await prepare();
    await Deno.writeTextFile(machine.home.at(".rc"), startup(".bash"));
    assert.deepEqual(await typeAt(["bash", "--rcfile", ".rc", "-i"], machine), expected);
  },
});

Deno.test({
  name: "zsh completes as bash does",
  ignore: await lacks("zsh", "python3"),
  ...STRICT,
  async fn() {
    await using machine = await prepare();
    const compinit = "autoload -U compinit; compinit -u -D\n";
    await Deno.writeTextFile(machine.home.at(".zshrc"), compinit + startup(".zsh"));
    assert.deepEqual(await typeAt(["zsh", "-d", "-i"], machine), expected);
  },
});

Deno.test({
  name: "fish completes words and files",
  ignore: await lacks("fish"),
  ...STRICT,
  async fn() {
    await using machine = await prepare();
    const rows: [string, string[]][] = [
      ["stat", ["status"]],
      ["token spa", ["spatiafi"]],
      ["login --method d", ["device"]],
      ["login --grant=cl", ["--grant=client_credentials"]],
      ["scan a", ["a b.ipynb"]],
      ["import ocs im", ["imp/"]],
      ["import ocs p", ["prod.json"]],
    ];
    for (const [line, words] of rows) {
      const { stdout, stderr } = await new Deno.Command("fish", {
        args: ["--no-config", "-c", `source .fish; complete -C 'onecell ${line}'`],
        cwd: machine.home.path,
        env: { HOME: machine.home.path },
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      const found = new TextDecoder().decode(stdout).trim().split("\n");
      assert.deepEqual(found.map((one) => one.split("\t")[0]), words, line);
    }
  },
});

test("the completions of every shell know every command", async () => {
  await using machine = await prepare();
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = await Deno.readTextFile(machine.home.at(`.${shell}`));
    for (const word of ["login", "scan", "spatiafi", "session-key", "browser"]) {
      assert(script.includes(word), `${shell}: ${word}`);
    }
  }
});
