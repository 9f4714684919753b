import { startSession } from "../get_session.ts";
import type { Session } from "../interface/session.ts";
import * as lazy from "../lazy.ts";
import type { CheckedOptions } from "../options/options.ts";
import type { CardState } from "../person/person.ts";
import { openProfile } from "../profile/profile.ts";
import type { Context } from "./command.ts";
import type { Target } from "./target.ts";
import { type GivenAnswers, terminalPerson } from "./terminal_person.ts";

/** Opens the session for a command; prompts at a terminal, unless told not to. */
export async function openSession(
  context: Context,
  { provider, options }: Pick<Target, "provider" | "options">,
  more: CheckedOptions = {},
  { given = {}, shown }: { given?: GivenAnswers; shown?: readonly CardState["kind"][] } = {},
): Promise<Session> {
  const { username, password } = given;
  const signsIn = username !== undefined && provider.requires.includes("username");
  const all = {
    ...options,
    ...more,
    ...(signsIn
      ? { credentials: password === undefined ? { username } : { username, password } }
      : {}),
    interactive: !context.flags.has("no-input"),
    person: terminalPerson(context, given, shown),
  };
  return await startSession(
    await openProfile(provider, all, "getSession", "session", lazy),
  );
}
