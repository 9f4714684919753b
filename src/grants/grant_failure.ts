import { AuthorizationResponseError, ClientError, ResponseBodyError } from "openid-client";
import { WWWAuthenticateChallengeError } from "openid-client";
import { AuthError, type AuthErrorCode, type AuthErrorOptions } from "../errors.ts";
import { fetchFailure } from "../http/failure.ts";
import { safeText, secretsOf } from "../http/redact.ts";
import { retryAfter } from "../http/retry.ts";
import type { SentRequest } from "../http/token_fetch.ts";

/** What a failure is judged with. */
export interface FailureContext {
  title: string;
  grant: string;
  /** What was sent, so that nothing of it is repeated. */
  sent: readonly SentRequest[];
}

/** Turns what openid-client throws into an {@linkcode AuthError} without any of its objects. */
export function grantFailure(error: unknown, context: FailureContext): AuthError {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof AuthError) return at;
  }
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    const status = error instanceof ResponseBodyError ? error.status : undefined;
    return oauthError(error.error, error.error_description, context, status);
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return oauthError("invalid_client", undefined, context, error.status);
  }
  if (error instanceof ClientError) {
    return error.cause instanceof Response
      ? statusError(error.cause, context)
      : answerError(error, context);
  }
  if (error instanceof TypeError && (error as { code?: unknown }).code !== undefined) {
    return new AuthError(
      "invalid_argument",
      `${context.title} cannot be asked like this: ${error.message}.`,
    );
  }
  return fetchFailure(error, `${context.title}'s authorization server`);
}

/** A server's text, where it repeats nothing of what was sent. */
function safe(text: unknown, { sent }: FailureContext): string | undefined {
  return safeText(text, sent.flatMap(({ body, headers }) => secretsOf(body, new Headers(headers))));
}

/** An error of RFC 6749 section 5.2 or 4.1.2.1, or RFC 8628 section 3.5. */
function oauthError(
  error: string,
  description: string | undefined,
  context: FailureContext,
  status: number | undefined,
): AuthError {
  const isName = /^[a-z_]{3,60}$/.test(error) && safe(error, context) !== undefined;
  const name = isName ? error : "an unknown error";
  const said = safe(description, context);
  const [code, next] = meaning(name, context.grant);
  const options: AuthErrorOptions = { error: name };
  if (status !== undefined) options.status = status;
  const what = context.grant === "revocation" ? "to end the session" : "the sign-in";
  return new AuthError(
    code,
    `${context.title} refused ${what} (${name}${said ? `: ${said}` : ""}). ${next}`,
    options,
  );
}

function meaning(error: string, grant: string): [AuthErrorCode, string] {
  switch (error) {
    case "invalid_client":
    case "unauthorized_client":
      return [
        "client_refused",
        "Check the client id and secret: they may be mistyped, expired or of another system.",
      ];
    case "invalid_grant":
      return grant === "password"
        ? ["login_refused", "Check the user name and the password."]
        : grant === "refresh_token"
        ? ["grant_refused", "The saved session has ended; sign in again."]
        : [
          "grant_refused",
          "The code has expired or was used before; sign in again for a new one.",
        ];
    case "invalid_scope":
      return [
        "grant_refused",
        'Check the "scope": the server does not give all of it to this client.',
      ];
    case "access_denied":
      return ["login_refused", "The sign-in was declined. Start again to approve it."];
    case "expired_token":
      return ["timeout", "The code expired before it was approved. Start again for a new one."];
    case "temporarily_unavailable":
    case "server_error":
      return ["server_error", "The server has trouble; try again in a moment."];
    default:
      return ["grant_refused", "Check the provider's settings and what the client may do."];
  }
}

/** An HTTP status that RFC 6749 has no place for. */
function statusError(response: Response, { title, grant }: FailureContext): AuthError {
  const { status } = response;
  const who = `${title}'s authorization server`;
  const options: AuthErrorOptions = { status };
  const seconds = retryAfter(response.headers, Date.now());
  if (seconds !== undefined) options.retryAfter = seconds;
  if (status === 429) {
    return new AuthError(
      "rate_limited",
      `${who} asks for a pause (HTTP 429). Try again ${seconds ? `in ${seconds} s` : "later"}.`,
      options,
    );
  }
  if (status >= 500) {
    return new AuthError(
      "server_error",
      grant === "revocation"
        ? `${who} has trouble (HTTP ${status}) and may not have ended the session.`
        : `${who} has trouble (HTTP ${status}). Nothing was changed; try again in a moment.`,
      options,
    );
  }
  if (status >= 300 && status < 400) {
    return new AuthError(
      "redirect_refused",
      `${who} answered with a redirect (HTTP ${status}), which would carry secrets elsewhere. Check the URL.`,
      options,
    );
  }
  if (status === 401 || status === 403) {
    return new AuthError(
      "client_refused",
      `${who} refused the client (HTTP ${status}). Check the client id and secret.`,
      options,
    );
  }
  if (status === 200) return badAnswer(who, "it is not JSON", options);
  return badAnswer(who, `HTTP ${status} is none a token endpoint gives`, options);
}

function badAnswer(who: string, why: string, options: AuthErrorOptions): AuthError {
  return new AuthError(
    "bad_response",
    `The answer of ${who} is no token response: ${why}. Check the URL; a proxy or a sign-in page may have answered instead.`,
    options,
  );
}

/** What oauth4webapi found wrong with an answer; its messages are fixed texts. */
function answerError(error: ClientError, context: FailureContext): AuthError {
  const who = `${context.title}'s authorization server`;
  const inner = error.cause instanceof Error ? error.cause.message : error.message;
  if (error.code === "OAUTH_ABORT") {
    return new AuthError("aborted", "Stopped before it was done. Run it again when you are ready.");
  }
  if (error.code === "OAUTH_TIMEOUT") {
    return new AuthError("timeout", `${who} took too long. Try again, or give a longer timeout.`);
  }
  const isRedirect = context.grant === "authorization_code" && !inner.includes("JWT");
  if (isRedirect && /"(state|iss)"|"response_type"/.test(inner)) {
    return new AuthError(
      "state_mismatch",
      `This is not the answer to the sign-in that was started (${inner}). Start again, and use its newest link.`,
    );
  }
  return badAnswer(who, safe(inner, context) ?? "it does not follow the standard", {
    ...(error.code === undefined ? {} : { cause: `${error.code}` }),
  });
}
