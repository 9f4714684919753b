import { parseArgs } from "node:util";
import { type Command, type Given, type Options, UsageError } from "./command.ts";
import { didYouMean } from "../base/text.ts";

/** Options that every command has. */
export const EVERYWHERE: Options = {
  help: { type: "boolean", short: "h", help: "show this help" },
};

/**
 * Reads a command's part of the command line.
 *
 * @throws {UsageError} for anything that the command's line in the table does not list
 */
export function parse(command: Command, args: string[]): Given {
  const options = { ...command.options, ...EVERYWHERE };
  // Not strict: the parser's own errors have no suggestions and differ between runtimes.
  const { tokens } = parseArgs({
    args,
    options: parserOptions(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const texts: Record<string, string[]> = {};
  const flags = new Set<string>();
  const words: string[] = [];
  let before: number | undefined;
  const refuse = (message: string) => {
    throw new UsageError(message, command.name);
  };
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind === "option-terminator") before = words.length;
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const spec = Object.hasOwn(options, name) ? options[name] : undefined;
    if (spec === undefined) {
      const hint = rawName.startsWith("--") ? didYouMean(name, Object.keys(options)) : "";
      refuse(`Unknown option ${rawName}.${hint.replace('"', '"--')}`);
    } else if (spec.type === "boolean") {
      if (value !== undefined) refuse(`${rawName} does not take a value.`);
      flags.add(name);
    } else if (value === undefined || (!inlineValue && /^-./.test(value))) {
      refuse(
        `${rawName} needs a value: ${rawName} ${
          spec.value ?? "VALUE"
        }. For a value that starts with "-", ` +
          `use --${name}=VALUE.`,
      );
    } else {
      const earlier = texts[name] ?? [];
      if (earlier.length > 0 && !spec.multiple) refuse(`${rawName} can only be given once.`);
      if (spec.choices && !spec.choices.includes(value)) {
        refuse(
          `${rawName} must be one of: ${spec.choices.join(", ")}.${
            didYouMean(value, spec.choices)
          }`,
        );
      }
      texts[name] = [...earlier, value];
    }
  }
  if (!flags.has("help")) checkCount(command, words);
  return { texts, flags, words, before };
}

function checkCount({ name, words: wanted, count: [least, most] }: Command, words: string[]): void {
  if (words.length >= least && words.length <= most) return;
  const usage = `onecell ${name} ${wanted}`.trimEnd();
  throw new UsageError(
    words.length < least
      ? `Missing argument. Usage: ${usage}`
      : `Unexpected argument "${words[most]}". Usage: ${usage}`,
    name,
  );
}

function parserOptions(
  options: Options,
): Record<string, { type: "boolean" | "string"; short?: string; multiple?: boolean }> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [
      name,
      { type, multiple: true, ...(short === undefined ? {} : { short }) },
    ]),
  );
}
