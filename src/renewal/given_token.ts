import { placeOf } from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import {
  type ExternalContext,
  getExternalToken,
  type ReadToken,
} from "../grants/external_token.ts";
import type { GivenToken } from "../profile/profile.ts";
import { accountOf } from "../token/token_response.ts";
import { claimsOf, type Token } from "../token/token.ts";
import type { RenewalOptions } from "./token_keeper.ts";

/** How long a token without an expiry time is used, in seconds. */
const UNKNOWN_LIFETIME = 10 * 365 * 86_400;
/** How long a token from a file is used before the file is read again, in seconds. */
const REREAD_TIME = 10;

/** What it takes to get the token. */
export interface GivenContext extends Omit<ExternalContext, "signal"> {
  /** The session's key. */
  readonly key: string;
  /** The system's display name. */
  readonly title: string;
}

/**
 * Gets the token of a session that has one instead of a sign-in. It signs in nowhere and saves nothing.
 *
 * @throws {AuthError} `login_required` if the token has expired or was refused; `invalid_argument`, and as
 * `getExternalToken`
 */
export async function givenToken(
  given: GivenToken,
  context: GivenContext,
  { refused, force, signal }: RenewalOptions,
): Promise<Token> {
  const { token, expiresAt } = await readGiven(given, { ...context, signal });
  const seconds = Math.floor(context.now() / 1000);
  const claims = claimsOf(token);
  const ends = [Number(claims?.["exp"]), Number(expiresAt)].filter(Number.isFinite);
  const isOver = ends.some((end) => end <= seconds);
  if (isOver || (!force && token === refused?.access_token)) throw ended(given);
  const { token: source } = given;
  const isFile = typeof source === "object" && ("file" in source || "kubernetes" in source);
  const made: Token = {
    version: 1,
    key: context.key,
    access_token: token,
    token_type: "bearer",
    obtained_at: seconds,
    expires_at: Math.min(seconds + UNKNOWN_LIFETIME, ...ends),
    ...(isFile ? { read_again_at: seconds + REREAD_TIME } : {}),
  };
  const account = accountOf(made);
  return account === undefined ? made : { ...made, account };
}

async function readGiven(
  given: GivenToken,
  context: ExternalContext & { title: string },
): Promise<ReadToken> {
  if (typeof given.token !== "string") {
    return await getExternalToken(given.token, `The token for ${context.title}`, context);
  }
  if (/^[\x21-\x7e]+$/.test(given.token)) return { token: given.token };
  throw new AuthError(
    "invalid_argument",
    "The option token is not an access token. Pass ASCII text without spaces.",
  );
}

function ended({ token, variable }: GivenToken): AuthError {
  const said = (what: string, next: string) =>
    new AuthError("login_required", `${what} has expired, or the API refused it. ${next}`);
  if (typeof token === "string") {
    return said("The token in the option token", "Pass another, or a function that gets one.");
  }
  if (typeof token === "function") {
    return said(
      "The token from the function in the option token",
      "Return a new one each time.",
    );
  }
  const what = `The token from ${placeOf(token)}`;
  if ("command" in token) {
    return said(what, "Run the command in a terminal: it may need its own sign-in.");
  }
  if ("file" in token || "kubernetes" in token) {
    return said(what, "Renew the file.");
  }
  return said(
    what,
    variable === undefined ? "Renew it there." : `Set another, or unset ${variable} to sign in.`,
  );
}
