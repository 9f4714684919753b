import { connect } from "../connect.ts";
import { variableFor } from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import { findCredentials } from "../profile/find_credentials.ts";
import { profileOf } from "../profile/profile.ts";
import type { Session } from "../interface/session.ts";
import * as lazy from "../lazy.ts";
import { connectionOf } from "../session.ts";

import { awsCredentials, STS } from "./aws_credentials.ts";
import { type Context, textOf, UsageError } from "./command.ts";
import { openSession } from "./open_session.ts";
import { say } from "./say.ts";
import { findTarget, type Target } from "./target.ts";
import {
  execVersion,
  formatToken,
  gitAnswer,
  type GitAttributes,
  gitOrigin,
  parseGitRequest,
  type ShownToken,
  type TokenFormat,
} from "./token_format.ts";

/** `onecell token SYSTEM` */
export async function token(context: Context): Promise<number> {
  const { host, signal } = context;
  const asked = textOf(context, "format") as TokenFormat | undefined;
  const json = context.flags.has("json");
  if (json && asked !== undefined && asked !== "json") {
    throw new UsageError(`--json and --format ${asked} are two formats: leave one out.`, "token");
  }
  const format = json ? "json" : asked;
  const aws = format === "aws";
  if (!aws && (context.texts["role"] ?? context.texts["sts"]) !== undefined) {
    throw new UsageError("--role and --sts are for --format aws.", "token");
  }
  const role = textOf(context, "role");
  if (aws && role === undefined) {
    throw new UsageError("--format aws needs the role to assume: --role ARN.", "token");
  }
  const target = await findTarget(context);
  const [operation, extra] = target.rest;
  const isWord = format !== "git" || FOR_PEOPLE.includes(operation ?? "");
  if (extra !== undefined || (operation !== undefined && isWord)) {
    throw new UsageError(
      `Unexpected argument "${extra ?? operation}". Usage: onecell token SYSTEM`,
      "token",
    );
  }
  if (format === "git") return await answerGit(context, target, operation);
  const session = await openSession(context, target);
  const shown = format === undefined || format === "json"
    ? await shownToken(session, signal)
    : await usableToken(session, signal);
  if (format === undefined) await host.write(`${shown.accessToken}\n`);
  else if (aws) {
    const endpoint = textOf(context, "sts") ?? STS;
    const { openFetch } = connectionOf(session).profile;
    const { accessToken: token } = shown;
    await host.write(
      await awsCredentials({ role: role ?? "", endpoint, token, openFetch, signal }),
    );
  } else {
    const info = host.runtime.getEnvironment("KUBERNETES_EXEC_INFO");
    await host.write(formatToken(format, shown, execVersion(info)));
  }
  return 0;
}

/** What people tell `git credential`; Git uses other words with a helper. */
const FOR_PEOPLE = ["fill", "approve", "reject"];

/**
 * Gets a token that another program can use.
 *
 * @throws {AuthError} `unsupported` for a token that is bound to our own key
 */
export async function usableToken(session: Session, signal: AbortSignal): Promise<ShownToken> {
  const shown = await shownToken(session, signal);
  const { keeper, system } = connectionOf(session);
  if (keeper.token?.dpop_key === undefined) return shown;
  throw new AuthError(
    "unsupported",
    `${system.provider.title} binds its tokens to a key (DPoP, RFC 9449): no other program can use ` +
      "them. Send requests with: onecell fetch",
  );
}

/** A valid token, and what belongs to it. */
async function shownToken(session: Session, signal: AbortSignal): Promise<ShownToken> {
  const accessToken = await session.token({ signal });
  const { keeper, profile: { provider } } = connectionOf(session);
  return {
    accessToken,
    tokenType: keeper.token?.token_type ?? "Bearer",
    expiresAt: session.expiresAt ?? new Date(0),
    scope: session.scope,
    variable: variableFor(provider, "access_token"),
  };
}

/**
 * Acts as a credential helper: Git adds the operation to the command, and writes to standard input which
 * host it is about. For any host but the system's it prints nothing, so that Git asks its next helper.
 */
async function answerGit(
  context: Context,
  target: Target,
  operation = "get",
): Promise<number> {
  const { host, signal } = context;
  // The saved token came from the server, not from Git, and Git wants helpers to ignore later operations.
  if (operation !== "get" && operation !== "erase") return 0;
  const request = parseGitRequest(
    host.runtime.inputIsTerminal() ? "" : new TextDecoder().decode(await host.readInput()),
  );
  const origin = gitOrigin(request);
  if (operation === "erase") {
    await renewErased(context, target, request, origin);
    return 0;
  }
  if (origin === undefined) {
    throw new UsageError(
      "--format git is run by Git, which names the host on standard input.",
      "token",
    );
  }
  // Check the host before a prompt asks anybody to sign in for another one.
  if (!(await originsOf(context, target)).has(origin)) {
    say(
      host,
      `${origin} is not part of ${target.provider.title}. If it may get the token, add: --origin ${origin}`,
    );
    return 1;
  }
  const session = await openSession(context, target);
  await host.write(gitAnswer(request, await usableToken(session, signal)));
  return 0;
}

/** Git erases what a server refused: get another token for the next time, if that takes no prompt. */
async function renewErased(
  context: Context,
  target: Target,
  request: GitAttributes,
  origin: string | undefined,
): Promise<void> {
  const { signal } = context;
  const password = request.get("password");
  if (password === undefined || origin === undefined) return;
  try {
    if (!(await originsOf(context, target)).has(origin)) return;
    const silent = { ...context, flags: new Set([...context.flags, "no-input"]) };
    const session = await openSession(silent, target);
    if (await session.token({ signal }) === password) await session.refresh({ signal });
  } catch (error) {
    // The next "get" reports the problem.
    if (!AuthError.is(error) || signal.aborted) throw error;
  }
}

/** Where a system's token may be sent. */
async function originsOf(
  { host }: Context,
  { provider, options }: Target,
): Promise<ReadonlySet<string>> {
  const profile = profileOf(provider, options, host.runtime, lazy.storeDrivers);
  return connect(profile, await findCredentials(profile)).system.origins;
}
