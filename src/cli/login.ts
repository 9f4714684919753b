import {
  normaliseCredentials,
  sourceText,
  variableFor,
} from "../credentials/choose_credentials.ts";
import type { Credentials } from "../credentials/credentials.ts";
import { AuthError } from "../errors.ts";
import { getSession } from "../get_session.ts";
import { plain } from "../base/text.ts";
import { moment } from "../person/time_left.ts";
import type { SessionOptions } from "../options/options.ts";
import type { SignInMethod } from "../providers/provider.ts";
import type { Session } from "../session.ts";
import { findCredentials } from "../profile/find_credentials.ts";
import { profileOf } from "../profile/profile.ts";
import { credentialsPath, findCredentials as findSaved } from "../store/credentials_file.ts";
import { writeCredentials } from "../store/write_credentials.ts";
import { createCredentials } from "../verbs.ts";
import { type Context, textOf, UsageError } from "./command.ts";
import { paintFor } from "./paint.ts";
import { findTarget, type Target } from "./target.ts";
import { type GivenAnswers, terminalPerson } from "./terminal_person.ts";

/** `onecell login PROVIDER` */
export async function login(context: Context): Promise<number> {
  const target = await findTarget(context, "login");
  const username = textOf(context, "user");
  const method = textOf(context, "method") as SignInMethod | undefined;
  const password = context.flags.has("password-stdin") ? await readPassword(context) : undefined;
  const given = { username, password };
  const created = username !== undefined || password !== undefined
    ? await useGiven(context, target, given)
    : null;
  const session = await openSession(context, target, {
    forceLogin: context.flags.has("force"),
    ...(created ? { credentials: created } : {}),
    ...(method === undefined ? {} : { method }),
  }, given);
  const { host } = context;
  const { storeProblem } = session;
  const lost = created?.storeProblem;
  const user = await keepUser(context, target, username);
  const kept = target.provider.keepTokens === "memory" || storeProblem ? "not saved" : "saved";
  const lines = [
    `${paintFor(host).green("✓")} Signed in to ${target.provider.title} as ${
      plain(session.account)
    }`,
    `  credentials: ${plain(session.source.replace(/^options\b/, "--user"))}`,
    `  session:     ${kept}, token until ${moment(session.expiresAt.getTime())}`,
    ...(storeProblem ? [`  ${plain(storeProblem.message)}`] : []),
    ...(user.note ? [`  ${plain(user.note)}`] : []),
    ...(lost ? [`  The new app credentials are not saved. ${plain(lost.message)}`] : []),
  ];
  await host.write(lines.join("\n") + "\n");
  // Nothing of it is left for the next command: that is no login.
  return storeProblem || user.failed || lost ? 1 : 0;
}

/**
 * Saves the user name that was given, as one that is typed is, where none is saved: without it the
 * next command would not find the session.
 *
 * @returns what to say of it, if anything, and whether the next command fails
 */
async function keepUser(
  { host: { runtime }, signal }: Context,
  { provider, options: { directory } }: Target,
  username: string | undefined,
): Promise<{ note?: string; failed?: boolean }> {
  const given = username !== undefined && provider.requires.includes("username");
  if (!given || provider.keepTokens === "memory") return {};
  const variable = variableFor(provider, "username");
  const named = runtime.getEnvironment(variable);
  if (named === username) return {};
  if (named) return { note: `${variable} names another user. Change it for the next command.` };
  const { place } = profileOf(provider, directory === undefined ? {} : { directory }, runtime);
  let isOther = false;
  try {
    const path = (await findSaved(runtime, place))?.path ?? credentialsPath(runtime, place);
    if (path === undefined) return {}; // the session says that there is no folder
    await writeCredentials(runtime, path, (earlier) => {
      const known = normaliseCredentials(earlier ?? {}, path);
      // A saved password is the saved user's.
      const keeps = known["username"] !== undefined || known["password"] !== undefined;
      isOther = keeps && known["username"] !== username;
      return keeps ? null : { ...earlier, username };
    }, { signal });
    return isOther
      ? {
        note:
          `Another user's name or password is saved. For this one set ${variable} for the next command.`,
      }
      : {};
  } catch (error) {
    if (!(error instanceof AuthError) || signal.aborted) throw error;
    return { note: `The user name is not saved. ${error.message}`, failed: true };
  }
}

/**
 * What becomes of a user name or password where nobody would ask for one: without a word it would
 * do nothing.
 *
 * @returns the app credentials that were created with them, if any
 */
async function useGiven(
  context: Context,
  { provider, options }: Target,
  given: GivenAnswers,
): Promise<Credentials | null> {
  if (provider.requires.includes("username")) return null;
  const { title } = provider;
  if (provider.enrolment === undefined) {
    throw new UsageError(
      `${title} takes no user name and no password here: leave --user and --password-stdin out.`,
      "login",
    );
  }
  const { host } = context;
  const found = await findCredentials(profileOf(provider, options, host.runtime));
  const source = sourceText(found.sources);
  if (found.missing.length > 0) return null;
  if (!context.flags.has("force")) {
    host.runtime.writeError(
      `onecell: the credentials in ${plain(source)} are used, and no user name or password. ` +
        "For new ones add --force.\n",
    );
    return null;
  }
  if (found.sources.some(({ kind }) => kind !== "file")) {
    throw new UsageError(
      `The credentials come from ${plain(source)}, which new ones would not replace.`,
      "login",
    );
  }
  const person = terminalPerson(context, given);
  const ask = async (field: "username" | "password", text: string) => {
    const secret = field === "password";
    const asks = !context.flags.has("no-input") && host.runtime.inputIsTerminal();
    const known = given[field] !== undefined;
    const answer = known || asks
      ? await person.ask({ field, text: `${title} ${text}`, secret, host: "" })
      : null;
    if (answer) return answer;
    throw new UsageError("New credentials take --user and --password-stdin.", "login");
  };
  const { scope: _, sessionKey: __, ...common } = options;
  const username = await ask("username", "user name");
  const password = await ask("password", "password");
  return await createCredentials(provider, { ...common, username, password });
}

/** The session a command works with; asks at a terminal, unless told not to. */
export async function openSession(
  context: Context,
  { provider, options }: Target,
  more: SessionOptions = {},
  given: GivenAnswers = {},
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
