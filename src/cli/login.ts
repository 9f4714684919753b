import { getSession } from "../get_session.ts";
import { plain } from "../notebook/html.ts";
import { moment } from "../notebook/time_left.ts";
import type { SessionOptions } from "../options.ts";
import type { SignInMethod } from "../provider.ts";
import type { Session } from "../session.ts";
import { type Context, textOf, UsageError } from "./command.ts";
import { paintFor } from "./paint.ts";
import { findTarget, type Target } from "./target.ts";
import { terminalPerson } from "./terminal_person.ts";

/** `onecell login PROVIDER` */
export async function login(context: Context): Promise<number> {
  const target = await findTarget(context, "login");
  const username = textOf(context, "user");
  const method = textOf(context, "method") as SignInMethod | undefined;
  const password = context.flags.has("password-stdin") ? await readPassword(context) : undefined;
  const session = await openSession(context, target, {
    forceLogin: context.flags.has("force"),
    ...(method === undefined ? {} : { method }),
  }, { username, password });
  const { host } = context;
  const kept = target.provider.keepTokens === "memory" || session.storeProblem
    ? "not saved"
    : "saved";
  const lines = [
    `${paintFor(host).green("✓")} Signed in to ${target.provider.title} as ${
      plain(session.account)
    }`,
    `  credentials: ${plain(session.source)}`,
    `  session:     ${kept}, token until ${moment(session.expiresAt.getTime())}`,
    ...(session.storeProblem ? [`  ${plain(session.storeProblem.message)}`] : []),
  ];
  await host.write(lines.join("\n") + "\n");
  return 0;
}

/** The session a command works with; asks at a terminal, unless told not to. */
export async function openSession(
  context: Context,
  { provider, options }: Target,
  more: SessionOptions = {},
  given: { username?: string | undefined; password?: string | undefined } = {},
): Promise<Session> {
  const person = terminalPerson(context, given);
  return await getSession(provider, {
    ...options,
    ...more,
    ...(given.username !== undefined && provider.requires.includes("username")
      ? { credentials: { username: given.username, ...passwordOf(given.password) } }
      : {}),
    interactive: !context.flags.has("no-input"),
    person,
  });
}

function passwordOf(password: string | undefined): { password?: string } {
  return password === undefined ? {} : { password };
}

/** The first line of standard input. */
async function readPassword({ host }: Context): Promise<string> {
  if (host.runtime.inputIsTerminal()) {
    throw new UsageError(
      "--password-stdin reads from a pipe or a file. Without it the password is asked for.",
      "login",
    );
  }
  const text = new TextDecoder().decode(await host.readInput());
  const password = text.replace(/\r?\n[^]*$/, "");
  if (password === "") throw new UsageError("Standard input has no password in it.", "login");
  return password;
}
