import { AuthError, type AuthErrorCode, type AuthErrorOptions } from "../errors.ts";
import type { CredentialValues } from "../providers/provider.ts";
import { safeText, secretsOf } from "../http/redact.ts";
import { retryAfter } from "../http/failure.ts";
import type { SentRequest } from "../http/token_fetch.ts";
import type { Refusal } from "./refusal_of.ts";

/** What a refusal's message needs. */
export interface RefusalContext {
  /** The system's display name. */
  readonly title: string;
  /** The grant, or another step such as `revocation`. */
  readonly grant: string;
  /** The client authentication, and what to try if the server refuses it. */
  readonly client: { readonly authentication: string; readonly hint?: string | undefined };
  /** The requests and values that the message must not repeat. */
  readonly sent: readonly SentRequest[];
  readonly values: CredentialValues;
  /** The response's headers, for `Retry-After`. */
  readonly headers: Headers;
  readonly now: number;
}

/** Refusals of a refresh token or code: the same request fails again, but a new sign-in may work. */
const deadGrants = new WeakSet<Error>();

/**
 * True if the server has permanently refused a refresh token or code. A refused client, a temporary failure
 * and a lost response do not count: the session stays as it is.
 */
export function isDeadGrant(error: unknown): error is AuthError {
  return error instanceof Error && deadGrants.has(error);
}

/** Creates the error of a refusal: what happened, in the server's words if they contain no secret. */
export function refusalError(refusal: Refusal, context: RefusalContext): AuthError {
  const { kind, status } = refusal;
  const error = nameOf(refusal, context);
  const seconds = retryAfter(context.headers, context.now);
  const options: AuthErrorOptions = { status };
  if (error !== undefined) options.error = error;
  if (seconds !== undefined) options.retryAfter = seconds;
  if (kind === "passing") return passing(refusal, context, options);
  if (kind === "unreadable") return unreadable(refusal, context, options);
  const said = words(refusal.description, context);
  const reason = [error, said].filter((part) => part !== undefined).join(": ");
  const [code, next] = meaning(refusal, context, error);
  const failure = new AuthError(
    code,
    `${context.title} refused ${whatOf(context.grant)} (${reason || `HTTP ${status}`}). ${next}`,
    options,
  );
  if (kind === "grant") deadGrants.add(failure);
  return failure;
}

/** Well-known error names. They are shown even if a secret looks like one. */
const KNOWN = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "invalid_scope",
  "invalid_target",
  "invalid_token",
  "unauthorized_client",
  "unsupported_grant_type",
  "unsupported_response_type",
  "unsupported_token_type",
  "access_denied",
  "authorization_pending",
  "slow_down",
  "expired_token",
  "server_error",
  "temporarily_unavailable",
  "interaction_required",
  "login_required",
  "consent_required",
  "account_selection_required",
  "invalid_dpop_proof",
  "use_dpop_nonce",
  "invalid_request_uri",
  "invalid_request_object",
  "bad_refresh_token",
]);

function nameOf({ error }: Refusal, context: RefusalContext): string | undefined {
  if (error === undefined || KNOWN.has(error)) return error;
  return /^[a-z][a-z0-9_.-]{2,59}$/.test(error) && words(error, context) !== undefined
    ? error
    : undefined;
}

/** Values that are not secret. They are shown elsewhere too. */
const OPEN_VALUES = ["client_id", "username", "tenant_id", "key_id", "api_version", "resource"];

/** A server's text, unless it repeats something that was sent, or a secret that was used but not sent. */
function words(text: string | undefined, { sent, values }: RefusalContext): string | undefined {
  const used = Object.entries(values).filter(([name]) => !OPEN_VALUES.includes(name));
  return safeText(text, [
    ...used.map(([, value]) => value),
    ...sent.flatMap(({ body, headers }) => secretsOf(body, new Headers(headers))),
  ]);
}

function whatOf(grant: string): string {
  switch (grant) {
    case "revocation":
      return "to end the session";
    case "refresh_token":
      return "to renew the session";
    case "device":
      return "to start a device sign-in";
    case "pushed":
      return "to start the sign-in";
    default:
      return "the sign-in";
  }
}

function meaning(
  { kind }: Refusal,
  { grant, client }: RefusalContext,
  error: string | undefined,
): [AuthErrorCode, string] {
  switch (kind) {
    case "client":
      return ["client_refused", `${checkClient(client.authentication)}${client.hint ?? ""}`];
    case "grant":
      if (grant === "refresh_token") {
        return ["grant_refused", "The saved session has ended. Sign in again."];
      }
      return error === "expired_token" || error === "code_expired"
        ? ["login_timeout", "The code expired before it was approved. Run it again for a new one."]
        : [
          "grant_refused",
          "The code has expired or was used before. Sign in again for a new one.",
        ];
    case "login":
      return grant === "password"
        ? ["login_refused", "Check the username and password."]
        : ["login_refused", "The sign-in was declined. Run it again to approve it."];
  }
  switch (error) {
    case "invalid_scope":
      return [
        "grant_refused",
        'Check the "scope": this client may not have all of it.',
      ];
    case "invalid_target":
      return ["grant_refused", 'Check the "resource": it is unknown to the server.'];
    case "unsupported_grant_type":
      return ["grant_refused", 'Check the "grant": the server does not offer this one.'];
    default:
      if (grant === "token_exchange" || grant === "jwt_bearer") {
        return [
          "grant_refused",
          "Check that the server trusts the issuer, subject, audience and key of " +
          '"subjectToken" or "assertionClaims".',
        ];
      }
      return ["grant_refused", "Check the provider's settings and the client's permissions."];
  }
}

function checkClient(authentication: string): string {
  switch (authentication) {
    case "none":
      return "Check the client ID: it may be mistyped or for a different system.";
    case "tls_client_auth":
      return "Check the client ID, and the certificate that the option fetch presents.";
    case "federated_jwt":
      return "Check the client ID, and that the server trusts the issuer, subject and audience of the client's assertion.";
    case "private_key_jwt":
      return "Check the client ID and the private key: they may be mistyped, expired, or for a different system.";
    default:
      return "Check the client ID and secret: they may be mistyped, expired, or for a different system.";
  }
}

function passing(
  { status, error }: Refusal,
  { title, grant }: RefusalContext,
  options: AuthErrorOptions,
): AuthError {
  const who = `${title}'s authorization server`;
  if (status === 407) {
    return new AuthError(
      "network",
      `The proxy in front of ${title} requires a username and password (HTTP 407). Put them into HTTPS_PROXY.`,
      options,
    );
  }
  if (status === 429 || /rate|too_many|slow_down/.test(error ?? "")) {
    const when = options.retryAfter ? `in ${options.retryAfter} s` : "later";
    return new AuthError(
      "rate_limited",
      `${who} is rate-limiting requests (HTTP ${status}). Try again ${when}.`,
      options,
    );
  }
  return new AuthError(
    "server_error",
    `${who} is having problems (${[`HTTP ${status}`, error].filter(Boolean).join(", ")})${
      grant === "revocation" ? " and may not have ended the session." : ". Try again later."
    }`,
    options,
  );
}

function unreadable(
  { status, why, description }: Refusal,
  context: RefusalContext,
  options: AuthErrorOptions,
): AuthError {
  const who = `${context.title}'s authorization server`;
  if (status >= 300 && status < 400) {
    return new AuthError(
      "redirect_refused",
      `${who} returned a redirect (HTTP ${status}), which was not followed: it would send secrets elsewhere. Check the URL.`,
      options,
    );
  }
  if (status >= 400) {
    return new AuthError(
      "bad_response",
      `${who} returned an unexpected response (HTTP ${status}). Check the URL; a proxy or a sign-in page may have answered instead.`,
      options,
    );
  }
  const said = words(description, context);
  return new AuthError(
    "bad_response",
    `The response from ${who} is not a ${answerOf(context.grant)}: ${
      why ?? "it does not follow the standard"
    }${
      said === undefined ? "" : ` (${said})`
    }. Check the URL; a proxy or a sign-in page may have answered instead.`,
    options,
  );
}

function answerOf(grant: string): string {
  switch (grant) {
    case "revocation":
      return "revocation response";
    case "device":
      return "device authorization response";
    case "pushed":
      return "pushed authorization response";
    default:
      return "token response";
  }
}
