import { getSession } from "../get_session.ts";
import type { SessionOptions } from "../options/options.ts";
import type { CardState } from "../person/person.ts";
import type { Session } from "../session.ts";
import type { Context } from "./command.ts";
import type { Target } from "./target.ts";
import { type GivenAnswers, terminalPerson } from "./terminal_person.ts";

/** The session a command works with; prompts at a terminal, unless told not to. */
export async function openSession(
  context: Context,
  { provider, options }: Pick<Target, "provider" | "options">,
  more: SessionOptions = {},
  { given = {}, shown }: { given?: GivenAnswers; shown?: readonly CardState["kind"][] } = {},
): Promise<Session> {
  const { username, password } = given;
  const signsIn = username !== undefined && provider.requires.includes("username");
  return await getSession(provider, {
    ...options,
    ...more,
    ...(signsIn
      ? { credentials: password === undefined ? { username } : { username, password } }
      : {}),
    interactive: !context.flags.has("no-input"),
    person: terminalPerson(context, given, shown),
  });
}
