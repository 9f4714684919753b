import type { RefusalKind } from "../../../src/grants/judge.ts";

/** A response of a real server, and where it was seen. */
export interface RefusalRow {
  name: string;
  /** The report or the server. */
  seen: string;
  status: number;
  body: unknown;
  headers?: Record<string, string>;
  /** The meaning for a refresh. */
  refresh: RefusalKind;
  /** The meaning for client credentials. */
  client: RefusalKind;
  /** The meaning for a username and password. */
  password: RefusalKind;
  /** The error name that is shown. */
  error?: string;
}

const DOORKEEPER = {
  "www-authenticate":
    'Bearer realm="Doorkeeper", error="invalid_grant", error_description="The grant is invalid"',
};
const same = (kind: RefusalKind) => ({ refresh: kind, client: kind, password: kind });
/** A refresh token is refused. The others have a setting to correct. */
const setting = { refresh: "grant", client: "request", password: "request" } as const;
const login = { refresh: "grant", client: "request", password: "login" } as const;
const nameless = { refresh: "grant", client: "client", password: "login" } as const;
const page = { refresh: "grant", client: "unreadable", password: "unreadable" } as const;
const json = (error: string, more = {}) => ({ error, ...more });

/** Responses of token endpoints without a token. */
export const REFUSALS: readonly RefusalRow[] = [
  // The standard form.
  {
    name: "invalid_grant",
    seen: "RFC 6749 section 5.2",
    status: 400,
    body: json("invalid_grant"),
    ...login,
    error: "invalid_grant",
  },
  {
    name: "invalid_client",
    seen: "RFC 6749 section 5.2",
    status: 401,
    body: json("invalid_client"),
    headers: { "www-authenticate": "Basic realm=x" },
    ...same("client"),
    error: "invalid_client",
  },
  {
    name: "access_denied for a wrong client secret",
    seen: "Auth0 (examples/providers/my-auth0.json)",
    status: 401,
    body: json("access_denied", { error_description: "Unauthorized" }),
    refresh: "grant",
    client: "client",
    password: "login",
  },
  {
    name: "invalid_credentials",
    seen: "Earthdata Login (examples/providers/my-earthdata.json)",
    status: 401,
    body: json("invalid_credentials", { error_description: "Invalid user credentials" }),
    refresh: "grant",
    client: "client",
    password: "login",
  },
  {
    name: "invalid_client with 400",
    seen: "Auth0, Cognito",
    status: 400,
    body: json("invalid_client"),
    ...same("client"),
  },
  {
    name: "invalid_scope",
    seen: "RFC 6749 section 5.2",
    status: 400,
    body: json("invalid_scope"),
    ...setting,
  },
  {
    name: "unsupported_grant_type",
    seen: "RFC 6749 section 5.2",
    status: 400,
    body: json("unsupported_grant_type"),
    ...setting,
  },
  {
    name: "unauthorized_client",
    seen: "Okta: an application without the refresh grant",
    status: 400,
    body: json("unauthorized_client"),
    refresh: "grant",
    client: "client",
    password: "client",
  },
  {
    name: "invalid_target",
    seen: "RFC 8707 section 2",
    status: 400,
    body: json("invalid_target"),
    ...setting,
  },
  // Every refusal has a challenge: only the body counts.
  {
    name: "invalid_grant with a challenge",
    seen: "Doorkeeper: GitLab, Mastodon",
    status: 400,
    body: json("invalid_grant"),
    headers: DOORKEEPER,
    ...login,
    error: "invalid_grant",
  },
  {
    name: "invalid_scope with a challenge",
    seen: "Doorkeeper",
    status: 400,
    body: json("invalid_scope"),
    headers: { "www-authenticate": 'Bearer error="invalid_scope"' },
    ...setting,
    error: "invalid_scope",
  },
  {
    name: "a challenge alone",
    seen: "Doorkeeper behind a proxy that drops bodies",
    status: 400,
    body: "",
    headers: DOORKEEPER,
    ...login,
    error: "invalid_grant",
  },
  {
    name: "a Basic challenge alone",
    seen: "Spring Security's entry point",
    status: 401,
    body: "",
    headers: { "www-authenticate": 'Basic realm="oauth2/client"' },
    ...same("client"),
  },
  {
    name: "a Bearer challenge with invalid_token",
    seen: "spring-security-oauth#1043",
    status: 401,
    body: "",
    headers: { "www-authenticate": 'Bearer realm="oauth", error="invalid_token"' },
    ...nameless,
  },
  // Other names for a refresh token that no longer exists.
  {
    name: "invalid_request",
    seen: "LemonLDAP::NG; authlib#112; better-auth#8103",
    status: 400,
    body: json("invalid_request", { error_description: "Invalid refresh_token" }),
    ...setting,
  },
  {
    name: "invalid_request for a dead MCP token",
    seen: "FlowFuse/flowfuse#8547",
    status: 400,
    body: json("invalid_request", { error_description: "Invalid refresh token" }),
    ...setting,
  },
  {
    name: "invalid_token",
    seen: "spring-security-oauth#1043",
    status: 401,
    body: json("invalid_token", { error_description: "Invalid refresh token (expired)" }),
    ...nameless,
  },
  {
    name: "bad_refresh_token with 200",
    seen: "GitHub (onyx#13330)",
    status: 200,
    body: json("bad_refresh_token", { error_description: "incorrect or expired" }),
    ...setting,
    error: "bad_refresh_token",
  },
  {
    name: "bad_refresh_token as a form with 200",
    seen: "GitHub without Accept (onyx#13331)",
    status: 200,
    body: "error=bad_refresh_token&error_description=incorrect+or+expired",
    ...setting,
    error: "bad_refresh_token",
  },
  {
    name: "interaction_required",
    seen: "Entra (MSAL-js#415)",
    status: 400,
    body: json("interaction_required", { suberror: "basic_action", error_codes: [50076] }),
    ...setting,
    error: "interaction_required",
  },
  {
    name: "consent_required",
    seen: "Entra",
    status: 400,
    body: json("consent_required"),
    ...setting,
  },
  {
    name: "login_required",
    seen: "Keycloak after a session limit",
    status: 400,
    body: json("login_required"),
    ...setting,
  },
  {
    name: "an upper-case name",
    seen: "Yahoo",
    status: 401,
    body: json("INVALID_REFRESH_TOKEN"),
    ...setting,
    error: "invalid_refresh_token",
  },
  {
    name: "token_revoked with 200",
    seen: "Slack",
    status: 200,
    body: { ok: false, error: "token_revoked" },
    ...setting,
  },
  {
    name: "invalid_code with 200",
    seen: "Zoho",
    status: 200,
    body: json("invalid_code"),
    ...setting,
  },
  {
    name: "inactive_user",
    seen: "Salesforce",
    status: 400,
    body: json("inactive_user", { error_description: "user is inactive" }),
    ...setting,
  },
  {
    name: "a session that was revoked",
    seen: "ferriskey#1284",
    status: 401,
    body: "Invalid token",
    ...nameless,
  },
  {
    name: "400 with an empty body",
    seen: "Glewlwyd",
    status: 400,
    body: "",
    ...page,
  },
  { name: "401 with an empty body", seen: "Glewlwyd", status: 401, body: "", ...nameless },
  { name: "403 with an empty body", seen: "Glewlwyd", status: 403, body: "", ...nameless },
  { name: "404", seen: "a tenant that was deleted", status: 404, body: "<html>", ...page },
  {
    name: "401 with the framework's own JSON",
    seen: "Spring Boot",
    status: 401,
    body: { timestamp: 1, status: 401, error: "Unauthorized", message: "Bad credentials" },
    ...nameless,
  },
  {
    name: "400 with the framework's own JSON",
    seen: "Spring Boot",
    status: 400,
    body: { timestamp: 1, status: 400, error: "Bad Request", path: "/token" },
    refresh: "grant",
    client: "request",
    password: "request",
  },
  {
    name: "words in detail",
    seen: "Django REST framework",
    status: 401,
    body: { detail: "Token is invalid or expired", code: "token_not_valid" },
    ...setting,
    error: "token_not_valid",
  },
  {
    name: "errorCode and errorSummary",
    seen: "Okta (hoauth2#215)",
    status: 401,
    body: { errorCode: "invalid_client", errorSummary: "A client_id must be provided." },
    ...same("client"),
    error: "invalid_client",
  },
  {
    name: "an error in a list",
    seen: "Fitbit",
    status: 400,
    body: {
      errors: [{ errorType: "invalid_grant", message: "Refresh token invalid" }],
      success: false,
    },
    ...login,
    error: "invalid_grant",
  },
  {
    name: "an error in a list, named by its code",
    seen: "Strava",
    status: 400,
    body: { message: "Bad Request", errors: [{ resource: "RefreshToken", code: "invalid" }] },
    refresh: "grant",
    client: "request",
    password: "request",
  },
  {
    name: "an error that is an object",
    seen: "Facebook",
    status: 400,
    body: { error: { message: "The session is invalid", type: "OAuthException", code: 190 } },
    ...setting,
  },
  {
    name: "an error that is an object with 200",
    seen: "ArcGIS",
    status: 200,
    body: { error: { code: 498, error: "invalid_request", message: "Invalid refresh_token" } },
    ...setting,
    error: "invalid_request",
  },
  {
    name: "a status in words",
    seen: "HubSpot",
    status: 400,
    body: { status: "BAD_REFRESH_TOKEN", message: "missing or invalid refresh token" },
    ...setting,
    error: "bad_refresh_token",
  },
  {
    name: "a number for status",
    seen: "Twitch",
    status: 400,
    body: { status: 400, message: "Invalid refresh token" },
    refresh: "grant",
    client: "request",
    password: "request",
  },
  {
    name: "a fault",
    seen: "Apigee",
    status: 400,
    body: {
      fault: {
        faultstring: "Invalid Refresh Token",
        detail: { errorcode: "keymanagement.service.invalid_refresh_token" },
      },
    },
    ...setting,
  },
  {
    name: "plain text",
    seen: "smart-on-fhir/bulk-data-server#11",
    status: 401,
    body: "Invalid refresh token",
    ...nameless,
  },
  // Other names for a client that is refused.
  {
    name: "incorrect_client_credentials with 200",
    seen: "GitHub",
    status: 200,
    body: json("incorrect_client_credentials"),
    ...same("client"),
  },
  {
    name: "bad_client_secret with 200",
    seen: "Slack",
    status: 200,
    body: { ok: false, error: "bad_client_secret" },
    ...same("client"),
  },
  {
    name: "deleted_client",
    seen: "Google",
    status: 401,
    body: json("deleted_client"),
    ...same("client"),
  },
  {
    name: "invalid_client_id",
    seen: "Salesforce",
    status: 400,
    body: json("invalid_client_id"),
    ...same("client"),
  },
  {
    name: "BAD_CLIENT_ID",
    seen: "HubSpot",
    status: 400,
    body: { status: "BAD_CLIENT_ID", message: "missing or unknown client id" },
    ...same("client"),
  },
  {
    name: "an expired client secret",
    seen: "Entra AADSTS7000222",
    status: 401,
    body: json("invalid_client", { error_codes: [7000222] }),
    ...same("client"),
  },
  // Other names for a login that is refused.
  {
    name: "invalid_user_password",
    seen: "Auth0",
    status: 403,
    body: json("invalid_user_password"),
    ...login,
  },
  {
    name: "mfa_required",
    seen: "Auth0",
    status: 403,
    body: json("mfa_required"),
    ...login,
  },
  {
    name: "unauthorized",
    seen: "Spring Security OAuth",
    status: 401,
    body: json("unauthorized", { error_description: "Bad credentials" }),
    ...nameless,
  },
  // Temporary failures: nothing was decided.
  { name: "500", seen: "everywhere", status: 500, body: "<html>", ...same("passing") },
  {
    name: "502 with JSON",
    seen: "AWS ALB",
    status: 502,
    body: json("invalid_grant"),
    ...same("passing"),
  },
  { name: "503", seen: "everywhere", status: 503, body: "", ...same("passing") },
  {
    name: "429",
    seen: "Auth0, Okta",
    status: 429,
    body: json("too_many_requests"),
    ...same("passing"),
  },
  {
    name: "429 without a body",
    seen: "hyperframes#2836",
    status: 429,
    body: "",
    ...same("passing"),
  },
  { name: "408", seen: "proxies", status: 408, body: "", ...same("passing") },
  { name: "425", seen: "RFC 8470", status: 425, body: "", ...same("passing") },
  { name: "407", seen: "company proxies", status: 407, body: "<html>", ...same("passing") },
  { name: "529", seen: "overloaded services", status: 529, body: "", ...same("passing") },
  {
    name: "temporarily_unavailable with 400",
    seen: "Entra",
    status: 400,
    body: json("temporarily_unavailable"),
    ...same("passing"),
  },
  {
    name: "server_error with 400",
    seen: "Azure AD B2C",
    status: 400,
    body: json("server_error"),
    ...same("passing"),
  },
  {
    name: "rate_limit_exceeded with 400",
    seen: "Salesforce",
    status: 400,
    body: json("rate_limit_exceeded"),
    ...same("passing"),
  },
  {
    name: "ratelimited with 200",
    seen: "Slack",
    status: 200,
    body: { ok: false, error: "ratelimited" },
    ...same("passing"),
  },
  {
    name: "internal_error with 200",
    seen: "Slack",
    status: 200,
    body: { ok: false, error: "internal_error" },
    ...same("passing"),
  },
  // Not a response of a token endpoint.
  {
    name: "a page with 200",
    seen: "captive portals",
    status: 200,
    body: "<html>",
    ...same("unreadable"),
  },
  {
    name: "a page that says it is JSON",
    seen: "n8n#27089",
    status: 200,
    body: "<!DOCTYPE",
    headers: { "content-type": "application/json" },
    ...same("unreadable"),
  },
  {
    name: "a redirect",
    seen: "single sign-on proxies",
    status: 302,
    body: "",
    headers: { location: "/" },
    ...same("unreadable"),
  },
  { name: "a list", seen: "mock servers", status: 200, body: "[]", ...same("unreadable") },
  { name: "nothing", seen: "mock servers", status: 200, body: "", ...same("unreadable") },
  {
    name: "no access_token",
    seen: "qwen-code#5510",
    status: 200,
    body: { token_type: "bearer" },
    ...same("unreadable"),
  },
  {
    name: "an empty access_token",
    seen: "basecamp-sdk#478",
    status: 200,
    body: { access_token: "" },
    ...same("unreadable"),
  },
  {
    name: "an access_token that is a number",
    seen: "basecamp-sdk#478",
    status: 200,
    body: { access_token: 7 },
    ...same("unreadable"),
  },
];
