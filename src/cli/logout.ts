import { localTime } from "../base/text.ts";
import { sourceText } from "../credentials/choose_credentials.ts";
import { profileOf } from "../profile/profile.ts";
import type { EndedSession, SystemLogoutReport } from "../interface/report.ts";
import { logout as logoutOf } from "../verbs.ts";
import type { Context } from "./command.ts";
import { styleFor } from "./paint.ts";
import { forPeople, jsonText, say } from "./say.ts";
import { findTarget } from "./target.ts";
import * as lazy from "../lazy.ts";

/** `onecell logout SYSTEM` */
export async function logout(context: Context): Promise<number> {
  const { host, flags } = context;
  const { provider, options } = await findTarget(context);
  const report = await logoutOf(provider, {
    ...options,
    all: flags.has("all"),
    forget: flags.has("forget"),
  });
  if (flags.has("json")) await host.write(jsonText(asJson(report)));
  else {
    const { ok } = styleFor(host);
    const lines = reportLines(report, provider.title, ok, Date.now());
    await host.write(
      lines.map(({ mark, text }) => `${mark}${forPeople(host.runtime, text)}\n`).join(""),
    );
  }
  const { given } = profileOf(provider, options, host.runtime, lazy.storeDrivers);
  if (given !== undefined) {
    const from = sourceText([{ kind: "token", ...given }]);
    const next = given.variable === undefined ? "sign out there" : `unset ${given.variable}`;
    say(host, `${provider.title} still has a token from ${from}: ${next}.`);
  }
  for (const { code, message } of report.problems) say(host, `${code}: ${message}`);
  return report.problems.length > 0 ? 1 : 0;
}

interface Line {
  /** The mark before the text; it may be coloured. */
  readonly mark: string;
  readonly text: string;
}

function reportLines(report: SystemLogoutReport, title: string, ok: string, now: number): Line[] {
  const { sessions, damaged, left, problems, forgotten } = report;
  const lines: Line[] = [];
  for (const session of sessions) {
    const { account, clientId, removed } = session;
    const who = account === undefined || account === clientId
      ? `app credentials ${account ?? "unknown"}`
      : account;
    const here = removed ? " Removed from this machine." : "";
    lines.push({ mark: `${ok} `, text: `Signed out of ${title} as ${who}.${here}` });
    lines.push(...serverLines(session, now).map((text) => ({ mark: "  ", text })));
  }
  for (const path of damaged) {
    lines.push({ mark: `${ok} `, text: `Removed ${path}, which had no usable token` });
  }
  if (sessions.length + damaged.length === 0 && problems.length === 0) {
    const others = left === 0
      ? ""
      : ` ${left} sessions of other accounts or session keys are saved; --all ends them.`;
    lines.push({ mark: "", text: `Not signed in to ${title}.${others}` });
  }
  if (forgotten === undefined) return lines;
  for (const path of forgotten) lines.push({ mark: `${ok} `, text: `Removed ${path}` });
  lines.push({
    mark: "",
    text: forgotten.length === 0
      ? `There are no saved app credentials for ${title}.`
      : "The server still knows these credentials.",
  });
  return lines;
}

/** What happened to the tokens at the server. */
function serverLines(session: EndedSession, now: number): string[] {
  const named = (outcome: EndedSession["accessToken"]) =>
    ([["refreshToken", "refresh token"], ["accessToken", "access token"]] as const)
      .filter(([name]) => session[name] === outcome).map(([, text]) => text);
  const revoked = named("revoked");
  const unsupported = named("unsupported");
  const failed = named("failed");
  const lines = [];
  const expires = `expires at ${localTime(session.expiresAt.getTime(), now)}`;
  const lasts = session.accessToken === "revoked" ? "" : `; the access token ${expires}`;
  if (revoked.length > 0) lines.push(`The server revoked the ${revoked.join(" and the ")}.`);
  if (unsupported.length > 0 && !session.told) {
    lines.push(`It belongs to another client or server, which was not notified${lasts}.`);
  } else if (unsupported.length > 0 && revoked.length > 0) {
    lines.push(`It does not revoke the ${unsupported[0]}${lasts && `, which ${expires}`}.`);
  } else if (unsupported.length > 0 && failed.length === 0) {
    lines.push(`The server does not support revocation${lasts}.`);
  }
  if (failed.length > 0) {
    lines.push(`The server did not revoke the ${failed.join(" and the ")}${lasts}.`);
  }
  return lines;
}

function asJson(report: SystemLogoutReport): Record<string, unknown> {
  const problemsOf = (problems: SystemLogoutReport["problems"]) =>
    problems.map(({ code, message }) => ({ code, message }));
  return {
    ...report,
    forgotten: report.forgotten ?? [],
    problems: problemsOf(report.problems),
    sessions: report.sessions.map((session) => ({
      ...session,
      account: session.account ?? null,
      clientId: session.clientId ?? null,
      sessionKey: session.sessionKey ?? null,
      problems: problemsOf(session.problems),
    })),
  };
}
