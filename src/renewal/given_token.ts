import { AuthError } from "../errors.ts";
import type { TokenFunction } from "../interface/options.ts";
import { claimsOf, type Token } from "../token/token.ts";
import type { RenewalOptions } from "./token_keeper.ts";

/** How long a token is taken for good that does not say when it ends, in seconds. */
const UNKNOWN_LIFETIME = 10 * 365 * 86_400;

/**
 * The token of a session whose caller gave one, or what gives one: nothing signs in, nothing is saved.
 *
 * @param given the option `token`
 * @throws {AuthError} `login_required` when a token is needed that is not there; `invalid_argument`
 */
export async function givenToken(
  given: string | TokenFunction,
  key: string,
  { refused, force, signal = new AbortController().signal }: RenewalOptions,
  now: number,
): Promise<Token> {
  const isText = typeof given === "string";
  const text: unknown = isText ? given : await given({ signal });
  if (typeof text !== "string" || !/^[\x21-\x7e]+$/.test(text)) {
    throw new AuthError(
      "invalid_argument",
      "The option token gave no access token: it is a text of ASCII characters without spaces.",
    );
  }
  const seconds = Math.floor(now / 1000);
  const claims = claimsOf(text);
  const expires = Number(claims?.["exp"]);
  const isOver = Number.isFinite(expires) && expires <= seconds;
  if (isOver || (!force && text === refused?.access_token)) {
    throw new AuthError(
      "login_required",
      isText
        ? "The token of the option token has ended, or the API refused it. Give another, or a function " +
          "that gets one."
        : "The function of the option token gave a token that has ended, or that the API refused.",
    );
  }
  return {
    version: 1,
    key,
    access_token: text,
    token_type: "bearer",
    obtained_at: seconds,
    expires_at: Number.isFinite(expires) ? expires : seconds + UNKNOWN_LIFETIME,
  };
}
