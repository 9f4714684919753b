import { type Context, UsageError } from "./command.ts";
import { commands } from "./commands.ts";
import { commandHelp, helpText } from "./help.ts";
import { didYouMean } from "./nearest.ts";
import { paintFor } from "./paint.ts";

/** `onecell help [COMMAND]` */
export async function showHelp(
  { host, words: [name] }: Pick<Context, "host" | "words">,
): Promise<number> {
  const paint = paintFor(host);
  await host.write(
    name === undefined ? helpText(commands, paint) : commandHelp(findCommand(name), paint),
  );
  return 0;
}

/** The command of this name. */
export function findCommand(name: string): (typeof commands)[number] {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const hint = didYouMean(name, commands.map(({ name }) => name));
  throw new UsageError(`There is no command "${name}".${hint}`);
}
