import { didYouMean } from "../base/text.ts";
import { allProviders } from "../profile/known_systems.ts";
import { type Command, type Context, UsageError } from "./command.ts";
import { EVERYWHERE } from "./parse.ts";

type Commands = readonly Command[];

/** What a script is made from. */
interface Words {
  readonly commands: Commands;
  /** The systems with a known name when the script is made. */
  readonly systems: readonly string[];
}

const SHELLS: Record<string, (words: Words) => string> = { bash, zsh, fish };

/** `onecell completions bash|zsh|fish` */
export async function printCompletions(
  { host, commands, words: [shell = ""] }: Context,
): Promise<number> {
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (script === undefined) {
    const hint = didYouMean(shell, Object.keys(SHELLS));
    throw new UsageError(`There are completions for bash, zsh and fish.${hint}`, "completions");
  }
  const systems = (await allProviders(host.runtime)).map(({ name }) => name);
  await host.write(script({ commands, systems }));
  return 0;
}

/** What a command's words can be. */
function wordsFor(
  { completes }: Command,
  { commands, systems }: Words,
): readonly string[] | "files" {
  switch (completes) {
    case "provider":
      return systems;
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

/** Whether something else comes after the system's name. */
const isFollowed = ({ completes, count }: Command) => completes === "provider" && count[1] > 1;

const optionsOf = (command: Command) => Object.entries({ ...command.options, ...EVERYWHERE });

/** A word list in single quotes; none of the words contains a quote. */
const quoted = (words: readonly string[]) => `'${words.join(" ")}'`;

/**
 * The part that bash and zsh share: what the words of each command can be. It sets `options`, `known`,
 * `followed` if a file or a URL comes after a known one, and `values` if the word before is an option that
 * takes one.
 */
function cases(words: Words): string {
  return words.commands.map((command) => {
    const options = optionsOf(command).map(([name]) => `--${name}`);
    const known = wordsFor(command, words);
    const values = optionsOf(command).filter(([, { type }]) => type === "string").map(
      ([name, { choices, short }]) => {
        const spelled = short === undefined ? `--${name}` : `--${name}|-${short}`;
        return `        ${spelled}) values=${choices ? quoted([...choices]) : "files"} ;;`;
      },
    );
    return [
      `    ${command.name})`,
      `      options=${quoted(options)}`,
      `      known=${known === "files" ? "files" : quoted(known)}`,
      ...(isFollowed(command) ? ["      followed=yes"] : []),
      ...(values.length > 0 ? ['      case "$before" in', ...values, "      esac"] : []),
      "      ;;",
    ].join("\n");
  }).join("\n");
}

const commandNames = (commands: Commands) => quoted(commands.map(({ name }) => name));

/**
 * Readline completes files (`-o default`), because it handles folders, spaces, quotes and `~`, even in bash
 * 3.2. For readline, `=` ends a word, so the word before it is two words back.
 */
function bash(words: Words): string {
  return `# bash completion for onecell
_onecell() {
  local word="$2" before="\${COMP_WORDS[COMP_CWORD-1]}" options='' known='' values='' followed='' seen
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${commandNames(words.commands)} -- "$word"))
    return
  fi
  if [ "$before" = '=' ]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  case "\${COMP_WORDS[1]}" in
${cases(words)}
  esac
  if [ -n "$followed" ]; then
    for seen in "\${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
      case " $known " in *" $seen "*) known=files ;; esac
    done
  fi
  if [ -n "$values" ]; then
    known="$values" options=''
  fi
  case "$word" in -*) known="$options" ;; esac
  if [ "$known" != files ]; then COMPREPLY=($(compgen -W "$known" -- "$word")); fi
}
complete -o default -F _onecell onecell
`;
}

/** zsh completes files itself, also after `=` once it is set aside. */
function zsh(words: Words): string {
  return `# zsh completion for onecell
(( $+functions[compdef] )) || { autoload -U compinit && compinit; }
_onecell() {
  local word="\${words[CURRENT]}" before="\${words[CURRENT-1]}" options='' known='' values='' followed='' seen
  if (( CURRENT == 2 )); then
    known=${commandNames(words.commands)}
    compadd -- \${=known}
    return
  fi
  if [[ "$word" == --*=* ]]; then
    before="\${word%%=*}"
    compset -P '*='
  fi
  case "\${words[2]}" in
${cases(words)}
  esac
  if [[ -n "$followed" ]]; then
    for seen in "\${(@)words[3,CURRENT-1]}"; do
      if [[ " $known " == *" $seen "* ]]; then known=files; fi
    done
  fi
  if [[ -n "$values" ]]; then
    known="$values" options=''
  fi
  if [[ -n "$options" && "$word" == -* ]]; then
    compadd -- \${=options}
  elif [[ "$known" == files ]]; then
    _files
  else
    compadd -- \${=known} || _files
  fi
}
compdef _onecell onecell
`;
}

function fish(all: Words): string {
  const text = (words: string) => `'${words.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = [
    "# fish completion for onecell",
    "complete -c onecell -f",
  ];
  for (const command of all.commands) {
    const here = `-n '__fish_seen_subcommand_from ${command.name}'`;
    lines.push(
      `complete -c onecell -n __fish_use_subcommand -a ${command.name} -d ${text(command.summary)}`,
    );
    const words = wordsFor(command, all);
    if (command.words.includes("FILE")) lines.push(`complete -c onecell ${here} -F`);
    if (words !== "files" && words.length > 0) {
      const first = isFollowed(command)
        ? here.replace(/'$/, `; and not __fish_seen_subcommand_from ${words.join(" ")}'`)
        : here;
      lines.push(`complete -c onecell ${first} -a ${quoted(words)}`);
    }
    for (const [name, { type, short, choices, help }] of optionsOf(command)) {
      const letter = short === undefined ? "" : ` -s ${short}`;
      const value = type === "boolean" ? "" : choices ? ` -x -a ${quoted([...choices])}` : " -r -F";
      lines.push(`complete -c onecell ${here} -l ${name}${letter}${value} -d ${text(help)}`);
    }
  }
  return lines.join("\n") + "\n";
}
