import { importCredentials } from "../verbs.ts";
import { providers } from "../providers/registry.ts";
import { type Context, UsageError } from "./command.ts";
import { paintFor } from "./paint.ts";
import { forPeople } from "./say.ts";
import { findTarget } from "./target.ts";

/** `onecell providers` */
export async function listProviders({ host, flags }: Context): Promise<number> {
  if (flags.has("json")) {
    const list = providers.map(({ name, title, grant, apiUrl, documentation }) => ({
      name,
      title,
      grant,
      apiUrl,
      documentation: documentation ?? null,
    }));
    await host.write(`${JSON.stringify(list, null, 2)}\n`);
    return 0;
  }
  const { bold } = paintFor(host);
  const name = Math.max(...providers.map(({ name }) => name.length));
  const title = Math.max(...providers.map(({ title }) => title.length));
  await host.write(
    providers.map((provider) =>
      `${bold(provider.name.padEnd(name))}  ${provider.title.padEnd(title)}  ${provider.grant}\n`
    ).join(""),
  );
  return 0;
}

/** `onecell import SYSTEM FILE` */
export async function importFile(context: Context): Promise<number> {
  const { provider, options: { directory }, rest: [file, extra] } = await findTarget(context);
  if (file === undefined || extra !== undefined) {
    throw new UsageError("Give one file: onecell import SYSTEM FILE", "import");
  }
  const saved = await importCredentials(
    provider,
    file,
    directory === undefined ? {} : { directory },
  );
  const { host, flags } = context;
  if (flags.has("json")) {
    const { path, names } = saved;
    await host.write(`${JSON.stringify({ provider: provider.name, path, names }, null, 2)}\n`);
    return 0;
  }
  const text = `Saved ${saved.names.join(", ")} for ${provider.title} to ${saved.source}`;
  await host.write(`${paintFor(host).green("✓")} ${forPeople(host.runtime, text)}\n`);
  return 0;
}
