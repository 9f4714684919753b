import * as lazy from "../lazy.ts";
import { switchAccount } from "../manage/switch_account.ts";
import { listAccounts } from "../profile/list_sessions.ts";
import { accountInUse, BY_SWITCH, profileOf, USUAL_ACCOUNT } from "../profile/profile.ts";
import { type Context, UsageError } from "./command.ts";
import { styleFor } from "./paint.ts";
import { forPeople, jsonText, say } from "./say.ts";
import { findTarget } from "./target.ts";

/** `onecell switch SYSTEM [ACCOUNT]` */
export async function switchTo(context: Context): Promise<number> {
  const { host, flags } = context;
  const { provider, options, rest: [given, extra] } = await findTarget(context);
  const isUsual = flags.has("default");
  if (extra !== undefined || (isUsual && given !== undefined)) {
    throw new UsageError("Give one account, or --default: onecell switch SYSTEM ACCOUNT", "switch");
  }
  const account = isUsual ? USUAL_ACCOUNT : given;
  const open = (more: { account?: string }) =>
    profileOf(provider, { ...options, ...more }, host.runtime, lazy.storeDrivers);
  const accounts = account === undefined
    ? await listAccounts(open({}))
    : await switchAccount(open({ account }));
  // What the next command will use: a variable takes precedence over the choice.
  const now = accountInUse(open({})) ?? { name: USUAL_ACCOUNT, from: undefined };
  if (flags.has("json")) {
    const report = { provider: provider.name, account: now.name, from: now.from ?? null, accounts };
    await host.write(jsonText(report));
  } else if (account === undefined) {
    const names = [...new Set([...accounts, now.name])];
    const lines = names.map((name) =>
      name !== now.name
        ? `  ${name}`
        : `* ${name}${now.from === undefined ? "" : ` (chosen by ${now.from})`}`
    );
    await host.write(lines.map((line) => `${forPeople(host.runtime, line)}\n`).join(""));
  } else {
    const text = `${provider.title} uses the account ${account.toLowerCase()}`;
    await host.write(`${styleFor(host).ok} ${forPeople(host.runtime, text)}\n`);
  }
  const isHidden = account !== undefined && now.from !== undefined && now.from !== BY_SWITCH;
  if (isHidden) say(host, `${now.from} is set and takes precedence: it names ${now.name}.`);
  return 0;
}
