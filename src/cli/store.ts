import * as lazy from "../lazy.ts";
import { type MoveReport, moveSaved } from "../manage/move_saved.ts";
import { checkOptions } from "../options/check_options.ts";
import type { CheckedOptions } from "../options/options.ts";
import { type Context, textOf, UsageError } from "./command.ts";
import { styleFor } from "./paint.ts";
import { forPeople, jsonText, say } from "./say.ts";
import { sessionOptions } from "./target.ts";

/** `onecell store move [TO]` */
export async function store(context: Context): Promise<number> {
  const { host, words: [verb, given], flags, signal } = context;
  if (verb !== "move") {
    throw new UsageError(
      `Unknown command "store ${verb}". Usage: onecell store move [TO]`,
      "store",
    );
  }
  const variable = host.runtime.getEnvironment("ONECELL_STORE")?.trim() || undefined;
  const to = given ?? variable;
  if (to === undefined) {
    throw new UsageError("Name the store to move to, or set ONECELL_STORE.", "store");
  }
  // Somebody who has set the variable already moves what was saved before.
  const usual = variable === undefined || variable === to ? "disk" : variable;
  const report = await moveSaved({
    runtime: host.runtime,
    from: storeOf(textOf(context, "from") ?? usual),
    to: storeOf(to),
    directory: sessionOptions(context).directory,
    drivers: lazy.storeDrivers,
    signal,
  });
  const { problems, ...rest } = report;
  if (flags.has("json")) {
    const told = problems.map(({ code, message }) => ({ code, message }));
    await host.write(jsonText({ ...rest, problems: told }));
  } else {
    const { ok } = styleFor(host);
    await host.write(`${ok} ${forPeople(host.runtime, movedText(report))}\n`);
  }
  for (const { code, message } of problems) say(host, `${code}: ${message}`);
  return problems.length > 0 ? 1 : 0;
}

function storeOf(text: string): NonNullable<CheckedOptions["store"]> {
  return checkOptions({ store: text }, "location", "store move").store ?? "disk";
}

/** What was moved, in one line. Pure. */
function movedText({ from, to, sessions, credentials }: MoveReport): string {
  const name = (kept: string) =>
    kept === "disk" ? "files" : kept.replace(/^keyring:$/, "the keyring");
  const what = `${sessions} ${sessions === 1 ? "session" : "sessions"} and app credentials of ` +
    `${credentials} ${credentials === 1 ? "account" : "accounts"}`;
  return `Moved ${what} from ${name(from)} to ${name(to)}`;
}
