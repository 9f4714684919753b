import { AuthError } from "../errors.ts";
import type { GrantContext } from "./grant.ts";
import { retryAfter } from "../http/failure.ts";
import { basicCredentials, createTokenFetch } from "../http/token_fetch.ts";
import type { Profile } from "../profile/profile.ts";
import type { CredentialValues } from "../providers/provider.ts";
import { resolveSystem } from "../providers/system.ts";
import { fitsHeader } from "../token/token.ts";

/** What an enrolment needs: the context of a grant, without credentials. */
export type EnrolmentContext = Omit<GrantContext, "values" | "scope" | "discovered">;

/** Builds the context of an enrolment. */
export function enrolmentParts(profile: Profile, values: CredentialValues): EnrolmentContext {
  const { provider, options, openFetch, urls } = profile;
  const system = resolveSystem(provider, urls, values);
  // Reading the URLs checks them, before a person types a password.
  void system.enrolment;
  return {
    system,
    openFetch,
    timeout: options.timeout ?? 30_000,
    signal: options.signal,
    now: Date.now,
    clock: { offset: 0 },
  };
}

/**
 * Creates app credentials with a username and password: gets a short-lived token with HTTP Basic (RFC
 * 7617), then sends one POST with it. The server sends the secret only in this response.
 *
 * @returns the whole JSON response, with at least `client_id` and `client_secret`
 * @throws {AuthError} `login_refused`, `unsupported`, and network errors
 */
export async function createAppCredentials(
  parts: EnrolmentContext,
  username: string,
  password: string,
): Promise<Record<string, unknown>> {
  const { enrolment, provider } = parts.system;
  if (enrolment === undefined) {
    throw new AuthError(
      "unsupported",
      `${provider.title} cannot create app credentials this way. Get a client ID and client secret from it` +
        `${
          provider.documentation ? ` (${provider.documentation})` : ""
        }, then call saveCredentials.`,
    );
  }
  const who = `${provider.title}'s authorization server`;
  const onClockOffset = (milliseconds: number) => void (parts.clock.offset = milliseconds);
  const fetch = createTokenFetch({ ...parts, onClockOffset }, "refused", who);
  try {
    const signedIn = await fetch(enrolment.login, {
      headers: { authorization: basicCredentials(username, password), accept: "application/json" },
    }, "always");
    if (signedIn.status === 401 || signedIn.status === 403) {
      await signedIn.body?.cancel();
      throw new AuthError(
        "login_refused",
        `${provider.title} did not accept the username or password. Check both and try again.`,
        { status: signedIn.status },
      );
    }
    const token = await objectOf(signedIn, who, ["access_token"], "sign-in");

    // Send it only once: a retry could leave a client whose secret nobody knows.
    const created = await fetch(enrolment.clients, {
      method: "POST",
      headers: { authorization: `Bearer ${token["access_token"]}`, accept: "application/json" },
    });
    return await objectOf(
      created,
      who,
      ["client_id", "client_secret"],
      "creation of app credentials",
    );
  } finally {
    fetch.close();
  }
}

async function objectOf(
  response: Response,
  who: string,
  members: string[],
  step: string,
): Promise<Record<string, unknown>> {
  const { status } = response;
  if (status < 200 || status > 299) {
    await response.body?.cancel();
    const seconds = retryAfter(response.headers, Date.now());
    throw new AuthError(
      status >= 500
        ? "server_error"
        : status === 429
        ? "rate_limited"
        : status < 400
        ? "redirect_refused"
        : "client_refused",
      `${who} returned HTTP ${status} for the ${step}. Nothing was saved; ` +
        (status >= 500 || status === 429
          ? "try again in a moment."
          : "check the URL and the account."),
      { status, ...(seconds === undefined ? {} : { retryAfter: seconds }) },
    );
  }
  let value: unknown;
  try {
    value = await response.json();
  } catch { /* reported below, without repeating the response */ }
  const object = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const isThere = (name: string) =>
    // A token has to fit a header. A secret is sent only once, so it is kept in any form.
    name === "access_token"
      ? fitsHeader(object[name])
      : typeof object[name] === "string" && object[name];
  const missing = members.filter((name) => !isThere(name));
  if (missing.length === 0) return object;
  throw new AuthError(
    "bad_response",
    `The response from ${who} to the ${step} has no ${missing.join(" and ")}. Check the URL.`,
    { status },
  );
}
