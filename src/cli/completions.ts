import { providers } from "../providers/providers.ts";
import type { Command, Context } from "./command.ts";
import { UsageError } from "./command.ts";
import { commands } from "./commands.ts";
import { didYouMean } from "./nearest.ts";
import { EVERYWHERE } from "./parse.ts";

const SHELLS: Record<string, () => string> = { bash, zsh, fish };

/** `onecell completions bash|zsh|fish` */
export async function printCompletions({ host, words: [shell = ""] }: Context): Promise<number> {
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (script === undefined) {
    const hint = didYouMean(shell, Object.keys(SHELLS));
    throw new UsageError(`There are completions for bash, zsh and fish.${hint}`, "completions");
  }
  await host.write(script());
  return 0;
}

/** What a command's words can be. */
function wordsFor({ completes }: Command): string[] | "files" {
  switch (completes) {
    case "provider":
      return providers.map(({ name }) => name);
    case "command":
      return commands.map(({ name }) => name);
    case "shell":
      return Object.keys(SHELLS);
    case "nothing":
      return [];
    case "file":
      return "files";
  }
}

const optionsOf = (command: Command) => Object.entries({ ...command.options, ...EVERYWHERE });

/** A word list in single quotes; none of the words has a quote in it. */
const quoted = (words: string[]) => `'${words.join(" ")}'`;

function bash(): string {
  const cases = commands.map((command) => {
    const options = optionsOf(command).map(([name]) => `--${name}`);
    const words = wordsFor(command);
    const values = optionsOf(command).filter(([, { type }]) => type === "string").map(
      ([name, { choices, short }]) => {
        const spelled = short === undefined ? `--${name}` : `--${name}|-${short}`;
        return `        ${spelled}) values=${choices ? quoted([...choices]) : "files"} ;;`;
      },
    );
    return [
      `    ${command.name})`,
      `      options=${quoted(options)}`,
      `      words=${words === "files" ? "files" : quoted(words)}`,
      ...(values.length > 0 ? ['      case "$before" in', ...values, "      esac"] : []),
      "      ;;",
    ].join("\n");
  });
  return `# bash completion for onecell
_onecell() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local options='' words='' values=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(commands.map(({ name }) => name))} -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [ -n "$values" ]; then words="$values"; fi
  COMPREPLY=()
  if [ "$words" = files ]; then COMPREPLY=($(compgen -f -- "$word")); return; fi
  if [ -n "$values" ]; then options=''; fi
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
  esac
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -F _onecell onecell
`;
}

/** zsh reads bash's completions. */
function zsh(): string {
  return `# zsh completion for onecell
(( $+functions[compdef] )) || { autoload -U compinit && compinit; }
autoload -U +X bashcompinit && bashcompinit
${bash()}`;
}

function fish(): string {
  const text = (words: string) => `'${words.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = ["# fish completion for onecell", "complete -c onecell -f"];
  for (const command of commands) {
    const here = `-n '__fish_seen_subcommand_from ${command.name}'`;
    lines.push(
      `complete -c onecell -n __fish_use_subcommand -a ${command.name} -d ${text(command.summary)}`,
    );
    const words = wordsFor(command);
    if (words === "files") lines.push(`complete -c onecell ${here} -F`);
    else if (words.length > 0) lines.push(`complete -c onecell ${here} -a ${quoted(words)}`);
    for (const [name, { type, short, choices, help }] of optionsOf(command)) {
      const letter = short === undefined ? "" : ` -s ${short}`;
      const value = type === "boolean" ? "" : choices ? ` -x -a ${quoted([...choices])}` : " -r -F";
      lines.push(`complete -c onecell ${here} -l ${name}${letter}${value} -d ${text(help)}`);
    }
  }
  return lines.join("\n") + "\n";
}
