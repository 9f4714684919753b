import { providers } from "../providers/registry.ts";
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

/** Whether something else comes after the system's name. */
const isFollowed = ({ completes, count }: Command) => completes === "provider" && count[1] > 1;

const optionsOf = (command: Command) => Object.entries({ ...command.options, ...EVERYWHERE });

/** A word list in single quotes; none of the words has a quote in it. */
const quoted = (words: string[]) => `'${words.join(" ")}'`;

/**
 * The part that bash and zsh have in common: what the words of each command can be. It sets `options`,
 * `known`, `followed` where a file or a URL comes after a known one, and, where the word before is an
 * option that takes one, `values`.
 */
function cases(): string {
  return commands.map((command) => {
    const options = optionsOf(command).map(([name]) => `--${name}`);
    const known = wordsFor(command);
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

const commandNames = () => quoted(commands.map(({ name }) => name));

/**
 * Files are left to readline (`-o default`), which knows of folders, spaces, quotes and `~`, in bash
 * 3.2 too. To readline, `=` and `@` end a word, so what is before them is two words back; but what it
 * replaces begins with the `@`.
 */
function bash(): string {
  return `# bash completion for onecell
_onecell() {
  local word="$2" before="\${COMP_WORDS[COMP_CWORD-1]}" options='' known='' values='' followed='' seen
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${commandNames()} -- "$word"))
    return
  fi
  case "$before" in
    =|@|=@) before="\${COMP_WORDS[COMP_CWORD-2]}" ;;
  esac
  case "\${COMP_WORDS[1]}" in
${cases()}
  esac
  if [ -n "$followed" ]; then
    for seen in "\${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
      case " $known " in *" $seen "*) known=files ;; esac
    done
  fi
  if [ -n "$values" ]; then
    known="$values" options=''
  fi
  case "$word" in
    -*) known="$options" ;;
    @*) if [ "$values" = files ]; then
        _onecell_at "$word"
        return
      fi ;;
  esac
  if [ "$known" != files ]; then COMPREPLY=($(compgen -W "$known" -- "$word")); fi
}

# @FILE: readline takes the @ for a part of the name, or for a host's.
_onecell_at() {
  local path="\${1#@}" quote="\${COMP_WORDS[COMP_CWORD]:0:1}" file
  compopt +o default 2> /dev/null
  case "$quote" in
    \\"|\\') ;;
    *)
      quote=''
      path="\${path//\\\\/}"
      ;;
  esac
  for file in "$path"*; do
    if [ -d "$file" ]; then
      file="$file/"
      compopt -o nospace 2> /dev/null
    elif [ ! -e "$file" ]; then
      continue
    fi
    if [ -z "$quote" ]; then printf -v file %q "$file"; fi
    COMPREPLY+=("@$file")
  done
}
complete -o default -F _onecell onecell
`;
}

/** zsh completes files itself, also after `=` and `@` once these are set aside. */
function zsh(): string {
  return `# zsh completion for onecell
(( $+functions[compdef] )) || { autoload -U compinit && compinit; }
_onecell() {
  local word="\${words[CURRENT]}" before="\${words[CURRENT-1]}" options='' known='' values='' followed='' seen
  if (( CURRENT == 2 )); then
    known=${commandNames()}
    compadd -- \${=known}
    return
  fi
  if [[ "$word" == --*=* ]]; then
    before="\${word%%=*}"
    compset -P '*='
  fi
  case "\${words[2]}" in
${cases()}
  esac
  if [[ -n "$followed" ]]; then
    for seen in "\${(@)words[3,CURRENT-1]}"; do
      if [[ " $known " == *" $seen "* ]]; then known=files; fi
    done
  fi
  if [[ -n "$values" ]]; then
    known="$values" options=''
    compset -P @
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

function fish(): string {
  const text = (words: string) => `'${words.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = [
    "# fish completion for onecell",
    "function __onecell_at",
    "  set -l path (string replace -rf '^(?:--data=|-d)?@' '' -- (commandline -ct)); or return",
    "  printf '@%s\\n' (__fish_complete_path $path)",
    "end",
    "complete -c onecell -f",
  ];
  for (const command of commands) {
    const here = `-n '__fish_seen_subcommand_from ${command.name}'`;
    lines.push(
      `complete -c onecell -n __fish_use_subcommand -a ${command.name} -d ${text(command.summary)}`,
    );
    const words = wordsFor(command);
    if (command.words.includes("FILE")) lines.push(`complete -c onecell ${here} -F`);
    if (words !== "files" && words.length > 0) {
      const first = isFollowed(command)
        ? here.replace(/'$/, `; and not __fish_seen_subcommand_from ${words.join(" ")}'`)
        : here;
      lines.push(`complete -c onecell ${first} -a ${quoted(words)}`);
    }
    for (const [name, { type, short, choices, help }] of optionsOf(command)) {
      const letter = short === undefined ? "" : ` -s ${short}`;
      const value = type === "boolean"
        ? ""
        : choices
        ? ` -x -a ${quoted([...choices])}`
        : name === "data"
        ? " -r -F -a '(__onecell_at)'"
        : " -r -F";
      lines.push(`complete -c onecell ${here} -l ${name}${letter}${value} -d ${text(help)}`);
    }
  }
  return lines.join("\n") + "\n";
}
