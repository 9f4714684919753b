import { expiryText } from "../base/text.ts";
import { credentialsText, type Source, sourceText } from "../credentials/choose_credentials.ts";
import type { Credentials } from "../interface/credentials.ts";
import type { Session } from "../interface/session.ts";
import { keepUsername, type KeptUsername, loginUse } from "../manage/given_login.ts";
import { accountInUse, type Profile, profileOf } from "../profile/profile.ts";
import { authorizationHost, resolveSystem } from "../providers/system.ts";
import type { SignInMethod } from "../providers/provider.ts";
import { type Connection, personOf, renewsItself } from "../renewal/connection.ts";
import { connectionOf } from "../session.ts";
import { createCredentials } from "../verbs.ts";
import { type Context, textOf, UsageError } from "./command.ts";
import { openSession } from "./open_session.ts";
import { styleFor } from "./paint.ts";
import { forPeople, jsonText, say } from "./say.ts";
import { findTarget, type Target } from "./target.ts";
import { ASKING, type GivenAnswers, terminalPerson } from "./terminal_person.ts";
import * as lazy from "../lazy.ts";

/** `onecell login SYSTEM` */
export async function login(context: Context): Promise<number> {
  const target = await findTarget(context);
  const username = textOf(context, "user");
  const method = textOf(context, "method") as SignInMethod | undefined;
  const password = context.flags.has("password-stdin") ? await readPassword(context) : undefined;
  const given = { username, password };
  const profile = profileOf(
    target.provider,
    target.options,
    context.host.runtime,
    lazy.storeDrivers,
  );
  const created = username !== undefined || password !== undefined
    ? await createdWith(context, target, profile, given)
    : undefined;
  const session = await openSession(context, target, {
    forceLogin: context.flags.has("force"),
    ...(created ? { credentials: created } : {}),
    ...(method === undefined ? {} : { method }),
  }, { given, shown: ASKING });
  const kept = await keepUsername(profile, username);
  const problems = [
    ...(session.storeProblem ? [session.storeProblem.message] : []),
    ...(created?.storeProblem
      ? [`The new app credentials are not saved. ${created.storeProblem.message}`]
      : []),
    ...(kept.kind === "failed" ? [`The username is not saved. ${kept.problem.message}`] : []),
  ];
  const { host } = context;
  if (context.flags.has("json")) {
    await host.write(jsonText(asJson(session, problems.length === 0)));
    for (const problem of problems) say(host, problem);
  } else {
    const [first = "", ...more] = [...sessionLines(session), ...noteOf(kept), ...problems]
      .map((line) => forPeople(host.runtime, line));
    await host.write(
      `${styleFor(host).ok} ${first}\n` + more.map((line) => `  ${line}\n`).join(""),
    );
  }
  // Nothing was saved that the next command could use, so this is not a login.
  return problems.length > 0 ? 1 : 0;
}

/** Who is signed in, where the credentials are, and how long it lasts. */
function sessionLines(session: Session): string[] {
  const connection = connectionOf(session);
  const { system: { provider }, keeper: { values }, sources, profile, now } = connection;
  const isKept = connection.store.kept !== "memory" && session.storeProblem === undefined;
  const renews = renewsItself(connection);
  const expiry = expiryText({ expiresAt: session.expiresAt?.getTime() ?? 0, renews }, now());
  const account = personOf(connection);
  const chosen = accountInUse(profile);
  return [
    `Signed in to ${provider.title} ${
      account !== undefined
        ? `as ${account}`
        : profile.given
        ? "with a token"
        : `with app credentials ${values["client_id"]}`
    }`,
    ...(chosen === undefined ? [] : [`Account ${chosen.name} (chosen by ${chosen.from})`]),
    credentialsLine(sources),
    `${expiry.charAt(0).toUpperCase()}${expiry.slice(1)}${isKept ? "" : "; it is not saved"}`,
  ];
}

function credentialsLine(sources: readonly Source[]): string {
  const isGiven = sources.some(({ kind }) => kind === "options");
  // A command has no code that passes them.
  return isGiven
    ? credentialsText(sources).replace("passed in code", "given by --user")
    : credentialsText(sources);
}

function asJson(session: Session, saved: boolean): Record<string, unknown> {
  const { keeper }: Connection = connectionOf(session);
  return {
    provider: session.provider,
    account: session.account,
    clientId: keeper.values["client_id"] ?? null,
    scope: session.scope ?? null,
    source: session.source,
    apiUrl: session.apiUrl,
    expiresAt: session.expiresAt?.toISOString() ?? null,
    saved,
  };
}

function noteOf(kept: KeptUsername): string[] {
  switch (kept.kind) {
    case "other_variable":
      return [`${kept.variable} names another user. Change it before the next command.`];
    case "other_saved":
      return [
        "Another user's username or password is saved. To use this one, set " +
        `${kept.variable} before the next command.`,
      ];
    default:
      return [];
  }
}

/**
 * Handles a username or password that no prompt would ask for, so that it is never ignored silently.
 *
 * @returns the app credentials that were created with them, if any
 */
async function createdWith(
  context: Context,
  target: Target,
  profile: Profile,
  given: GivenAnswers,
): Promise<Credentials | undefined> {
  const { host, flags } = context;
  const { title } = profile.provider;
  const use = await loginUse(profile, flags.has("force"));
  switch (use.kind) {
    case "sign_in":
      return undefined;
    case "unsupported":
      throw new UsageError(
        `${title} needs no username or password: leave out --user and --password-stdin.`,
        "login",
      );
    case "unused":
      say(
        host,
        `signing in with the credentials from ${sourceText(use.sources)}; the username and ` +
          "password are not used. For new credentials add --force.",
      );
      return undefined;
    case "hidden":
      throw new UsageError(
        `${credentialsText(use.sources)}: new ones would not replace them.`,
        "login",
      );
    case "create":
      return use.replaces ? await create(context, target, profile, given) : undefined;
  }
}

/** Creates app credentials that replace the saved ones. */
async function create(
  context: Context,
  { provider, options }: Target,
  { urls }: Pick<Profile, "urls">,
  given: GivenAnswers,
): Promise<Credentials> {
  const { host, flags } = context;
  const person = terminalPerson(context, given);
  const asks = !flags.has("no-input") && host.runtime.inputIsTerminal();
  const answerTo = async (field: "username" | "password") => {
    const server = authorizationHost(resolveSystem(provider, urls, provider.defaults ?? {}));
    const text = `${provider.title} ${field} (for ${server})`;
    const answer = given[field] !== undefined || asks
      ? await person.ask({ field, text, secret: field === "password", host: server })
      : null;
    if (answer) return answer;
    throw new UsageError("New credentials need --user and --password-stdin.", "login");
  };
  const { scope: _, sessionKey: __, origins: ___, ...common } = options;
  const username = await answerTo("username");
  const password = await answerTo("password");
  return await createCredentials(provider, { username, password }, common);
}

/** The first line of standard input. */
async function readPassword({ host }: Context): Promise<string> {
  if (host.runtime.inputIsTerminal()) {
    throw new UsageError(
      "--password-stdin reads from a pipe or a file. Without it you are prompted for the password.",
      "login",
    );
  }
  const text = new TextDecoder().decode(await host.readInput());
  const password = text.replace(/\r?\n[^]*$/, "");
  if (password === "") throw new UsageError("There is no password on standard input.", "login");
  return password;
}
