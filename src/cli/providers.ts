import { importCredentials } from "../verbs.ts";
import { listSystems } from "../profile/known_systems.ts";
import { providers } from "../providers/registry.ts";
import { type Context, UsageError } from "./command.ts";
import { paintFor } from "./paint.ts";
import { forPeople, jsonText, say } from "./say.ts";
import { findTarget } from "./target.ts";

/** `onecell providers` */
export async function listProviders({ host, flags }: Context): Promise<number> {
  const known = await listSystems(host.runtime);
  const list = [
    ...providers.map((provider) => ({ provider, path: undefined })),
    ...known.flatMap(({ provider, path }) => provider ? [{ provider, path }] : []),
  ];
  if (flags.has("json")) {
    const rows = list.map(({ provider: { name, title, grant, apiUrl, documentation }, path }) => ({
      name,
      title,
      grant,
      apiUrl,
      documentation: documentation ?? null,
      ...(path === undefined ? {} : { definition: path }),
    }));
    await host.write(jsonText(rows));
  } else {
    const { bold } = paintFor(host);
    const widest = (field: "name" | "title" | "grant") =>
      Math.max(...list.map(({ provider }) => provider[field].length));
    const [name, title, grant] = [widest("name"), widest("title"), widest("grant")];
    const lines = list.map(({ provider, path }) => {
      const shown = [provider.title.padEnd(title), provider.grant.padEnd(grant), path ?? ""];
      return `${bold(provider.name.padEnd(name))}  ${
        forPeople(host.runtime, shown.join("  ")).trimEnd()
      }\n`;
    });
    await host.write(lines.join(""));
  }
  // Unusable files are reported on standard error and are not in the list.
  const problems = known.flatMap(({ problem }) => problem ? [problem] : []);
  for (const { code, message } of problems) say(host, `${code}: ${message}`);
  return problems.length > 0 ? 1 : 0;
}

/** `onecell import SYSTEM FILE` */
export async function importFile(context: Context): Promise<number> {
  const { provider, options, rest: [file, extra] } = await findTarget(context);
  const { directory, account } = options;
  if (file === undefined || extra !== undefined) {
    throw new UsageError("Give one file: onecell import SYSTEM FILE", "import");
  }
  const saved = await importCredentials(
    provider,
    file,
    {
      ...(directory === undefined ? {} : { directory }),
      ...(account === undefined ? {} : { account }),
    },
  );
  const { host, flags } = context;
  if (flags.has("json")) {
    const { path, names } = saved;
    await host.write(jsonText({ provider: provider.name, path, names }));
    return 0;
  }
  const text = `Saved ${saved.names.join(", ")} for ${provider.title} to ${saved.source}`;
  await host.write(`${paintFor(host).green("✓")} ${forPeople(host.runtime, text)}\n`);
  return 0;
}
