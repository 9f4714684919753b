import {
  type DefinitionPlace,
  definitionRows,
  definitionWarnings,
  downloadDefinition,
  examineDefinition,
  type Fault,
  keepDefinition,
  placeFor,
  removeDefinition,
} from "../manage/definition_file.ts";
import { AuthError } from "../errors.ts";
import { isYes } from "../person/person.ts";
import type { Provider } from "../providers/provider.ts";
import { readDocument } from "../store/read_document.ts";
import { type Context, UsageError } from "./command.ts";
import { styleFor } from "./paint.ts";
import { forPeople, jsonText, say } from "./say.ts";
import { terminalPerson } from "./terminal_person.ts";

/** `onecell provider check|add|remove` */
export async function provider(context: Context): Promise<number> {
  const [verb = "", what = ""] = context.words;
  switch (verb) {
    case "check":
      return await check(context, what);
    case "add":
      return await add(context, what);
    case "remove":
      return await remove(context, what);
  }
  throw new UsageError(
    `Unknown command "provider ${verb}". Usage: onecell provider check FILE, add FILE|URL or remove NAME`,
    "provider",
  );
}

/** Shows everything that is wrong, or what the definition does. */
async function check(context: Context, source: string): Promise<number> {
  const { host, flags } = context;
  const { provider, faults } = examineDefinition(await read(context, source));
  if (flags.has("json")) {
    const rows = provider ? Object.fromEntries(definitionRows(provider)) : {};
    const warnings = provider ? definitionWarnings(provider) : [];
    const report = { ok: faults.length === 0, faults, warnings, facts: rows };
    await host.write(jsonText(report));
  } else if (provider) {
    await host.write(shown(context, provider));
    const name = source.replace(/^.*[\\/]/, "");
    if (name !== `${provider.name}.json`) {
      say(host, `to be known by its name, the file must be called ${provider.name}.json.`);
    }
  } else await host.write(told(context, source, faults));
  return faults.length === 0 ? 0 : 1;
}

/** Shows what a definition does, asks, and saves it. */
async function add(context: Context, source: string): Promise<number> {
  const { host, flags } = context;
  const text = await read(context, source);
  const { provider, faults } = examineDefinition(text);
  if (provider === undefined) {
    await host.write(told(context, source, faults));
    return 1;
  }
  const place = await placeFor(host.runtime, provider.name, text);
  const does = shown(context, provider);
  if (!flags.has("json")) await host.write(does);
  else if (!flags.has("yes")) host.runtime.writeError(does);
  if (place.there !== "same" && !await agrees(context, provider, place)) {
    throw new AuthError("cancelled", "Nothing was added.");
  }
  await keepDefinition(host.runtime, provider, text, place);
  if (flags.has("json")) {
    const { path, there } = place;
    const report = { provider: provider.name, path, replaced: there === "another" };
    await host.write(jsonText(report));
  } else {
    const line = `Added ${provider.name} (${place.path}). Sign in: onecell login ${provider.name}`;
    await host.write(`${styleFor(host).ok} ${forPeople(host.runtime, line)}\n`);
  }
  return 0;
}

/** Whether to add the definition: `--yes`, or the person at the terminal, decides. */
async function agrees(
  context: Context,
  provider: Provider,
  { path, there }: DefinitionPlace,
): Promise<boolean> {
  const { host, flags } = context;
  const isOther = there === "another";
  if (flags.has("yes") && (!isOther || flags.has("replace"))) return true;
  if (flags.has("yes") || !host.runtime.inputIsTerminal()) {
    throw new UsageError(
      isOther
        ? `Another definition is in ${
          forPeople(host.runtime, path)
        }. To replace it: --yes --replace`
        : "Cannot prompt here. Check the details above, then run it again with --yes.",
      "provider",
    );
  }
  const doing = isOther ? `Replace the other definition in ${path} with` : "Add";
  const answer = await terminalPerson(context, {}).ask({
    field: "confirm",
    text: `${doing} ${provider.title}? yes or no`,
    secret: false,
    host: provider.name,
  });
  return isYes(answer ?? "");
}

async function remove(context: Context, name: string): Promise<number> {
  const { host, flags } = context;
  const path = await removeDefinition(host.runtime, name);
  if (flags.has("json")) {
    await host.write(jsonText({ provider: name, removed: path }));
  } else {
    const line = `Removed ${path}. Credentials and sessions of ${name} stay saved.`;
    await host.write(`${styleFor(host).ok} ${forPeople(host.runtime, line)}\n`);
  }
  return 0;
}

/** The text of a file, or of a URL's response. */
async function read({ host, signal }: Context, source: string): Promise<string> {
  if (/^https?:/i.test(source)) return await downloadDefinition(source, host.runtime, signal);
  return await readDocument(host.runtime, source, "definition");
}

function shown({ host }: Context, provider: Provider): string {
  const { strong, warning } = styleFor(host);
  const rows = definitionRows(provider);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) =>
    `${strong(`${name}:`.padEnd(width + 1))} ${forPeople(host.runtime, text)}`
  );
  const warnings = definitionWarnings(provider).map((text) =>
    `${warning} ${forPeople(host.runtime, text)}`
  );
  return [...lines, ...warnings].map((line) => `${line}\n`).join("");
}

function told({ host }: Context, source: string, faults: readonly Fault[]): string {
  const { problem } = styleFor(host);
  return faults.map(({ message, line }) => {
    const place = line === undefined ? source : `${source}:${line}`;
    return `${problem} ${forPeople(host.runtime, `${place}: ${message}`)}\n`;
  }).join("");
}
