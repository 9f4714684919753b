import { renderStatus } from "../manage/status_report.ts";
import type { CheckedOptions } from "../options/options.ts";
import { status as statusOf } from "../verbs.ts";
import type { Context } from "./command.ts";
import { styleFor } from "./paint.ts";
import { findTarget, sessionOptions } from "./target.ts";
import { jsonText } from "./say.ts";

/** `onecell status [SYSTEM]` */
export async function status(context: Context): Promise<number> {
  const { host, words, flags } = context;
  const one = words.length > 0 || ["provider", "issuer"].some((name) => context.texts[name]);
  const target = one ? await findTarget(context) : undefined;
  const options: CheckedOptions = target?.options ?? sessionOptions(context);
  const report = await statusOf(target?.provider, options);
  const text = flags.has("json")
    ? jsonText(report).trimEnd()
    : renderStatus(report, host.runtime.homeDirectory(), {
      ...styleFor(host),
      signIn: (provider) => `onecell login ${provider}`,
      more: "onecell status --provider FILE",
    }, Date.now());
  await host.write(`${text}\n`);
  return one && !report.ok ? 1 : 0;
}
