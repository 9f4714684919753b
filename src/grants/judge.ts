import type { TokenResponse } from "../token/token_response.ts";
import {
  type Asked,
  type Body,
  bodyOf,
  hasFailed,
  isSuccess,
  numberOf,
  type Refusal,
  refusalOf,
  textOf,
  wordsOf,
} from "./refusal_of.ts";

/**
 * Judges the responses of an authorization server. These functions send nothing and throw nothing: they
 * return what a response means.
 */

/** The meaning of a token endpoint's response: a usable token response, or a refusal. */
export type Answer =
  | { readonly token: TokenResponse; readonly refusal?: undefined }
  | { readonly refusal: Refusal; readonly token?: undefined };

/** The same for other endpoints. */
export type Judged<T> =
  | { readonly value: T; readonly refusal?: undefined }
  | { readonly refusal: Refusal; readonly value?: undefined };

/** Judges a token endpoint's response. A usable one is normalised, even if it breaks the standard. */
export function judge(asked: Asked, status: number, headers: Headers, text: string): Answer {
  const body = bodyOf(text);
  if (!isSuccess(status) || body === undefined || hasFailed(body)) {
    return { refusal: refusalOf(asked, status, headers, text) };
  }
  const given = body["access_token"];
  const accessToken = typeof given === "string" ? given.trim() : "";
  if (accessToken === "") {
    const why = "it has no access_token";
    return { refusal: { kind: "unreadable", status, why, ...wordsOf(body) } };
  }
  const refreshToken = textOf(body["refresh_token"]);
  const token: TokenResponse = {
    access_token: accessToken,
    token_type: textOf(body["token_type"])?.trim().toLowerCase() || "bearer",
    ...lifetimeOf(body),
  };
  const scope = scopeOf(body["scope"]);
  if (scope !== undefined) token.scope = scope;
  // These grants run again instead of refreshing (RFC 6749 section 4.4.3, RFC 7521 section 4.1, RFC 8693
  // section 2.2.1).
  if (refreshToken && !/^(client_credentials|token_exchange|jwt_bearer)$/.test(asked.grant)) {
    token.refresh_token = refreshToken;
  }
  const idToken = textOf(body["id_token"]);
  if (idToken && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(idToken)) token.id_token = idToken;
  const why = unusableType(token.token_type, asked.dpop === true);
  if (why === undefined) {
    return { token: { ...token, token_type: asked.dpop ? "dpop" : "bearer" } };
  }
  // The new refresh token has replaced the old one, so keep it, and treat the access token as expired.
  if (asked.grant === "refresh_token" && token.refresh_token !== undefined) {
    return { token: { ...token, expires_in: 0 } };
  }
  return { refusal: { kind: "unreadable", status, why } };
}

/** Why a token of this type cannot be used; `undefined` if it can. */
function unusableType(type: string, dpop: boolean): string | undefined {
  if (dpop) {
    return type === "dpop"
      ? undefined
      : "its token is not bound to this machine's key (DPoP), although that was requested";
  }
  return /^(dpop|mac|pop|hok|signed|http[-_]?sig.*)$/.test(type)
    ? "its token_type is not Bearer"
    : undefined;
}

/** A device authorization response (RFC 8628 section 3.2), normalised. */
export interface DeviceAnswer {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly url: string;
  readonly completeUrl: string | undefined;
  /** How long the code is valid, in seconds. */
  readonly lifetime: number;
  /** Seconds between two polls. */
  readonly interval: number;
}

/** How long a device code is valid if the server does not say, in seconds. */
const DEVICE_LIFETIME = 900;
/** The longest wait for a device code, in seconds. */
const LONGEST_DEVICE_LIFETIME = 3600;
/** The interval if the server does not send one, in seconds (RFC 8628 section 3.2). */
const DEVICE_INTERVAL = 5;

/** Judges a device authorization endpoint's response. */
export function judgeDevice(status: number, headers: Headers, text: string): Judged<DeviceAnswer> {
  const asked = { grant: "device" };
  const body = bodyOf(text);
  if (!isSuccess(status) || body === undefined || hasFailed(body)) {
    return { refusal: refusalOf(asked, status, headers, text) };
  }
  const pick = (...names: string[]) =>
    names.map((name) => textOf(body[name])?.trim()).find((value) => value) || undefined;
  const deviceCode = pick("device_code");
  const userCode = pick("user_code");
  const url = pick("verification_uri", "verification_url");
  if (deviceCode === undefined || userCode === undefined || url === undefined) {
    const why = "it has no device_code, user_code or verification_uri";
    return { refusal: { kind: "unreadable", status, why } };
  }
  const lifetime = numberOf(body["expires_in"]) ?? 0;
  const interval = numberOf(body["interval"]) ?? DEVICE_INTERVAL;
  return {
    value: {
      deviceCode,
      userCode,
      url,
      completeUrl: pick("verification_uri_complete", "verification_url_complete"),
      lifetime: Math.min(lifetime > 0 ? lifetime : DEVICE_LIFETIME, LONGEST_DEVICE_LIFETIME),
      interval: Math.min(Math.max(interval, 1), 60),
    },
  };
}

/** Gets the `request_uri` from the response to a pushed authorization request (RFC 9126 section 2.2). */
export function judgePushed(status: number, headers: Headers, text: string): Judged<string> {
  const body = bodyOf(text);
  if (!isSuccess(status) || body === undefined || hasFailed(body)) {
    return { refusal: refusalOf({ grant: "pushed" }, status, headers, text) };
  }
  const value = textOf(body["request_uri"]);
  return value
    ? { value }
    : { refusal: { kind: "unreadable", status, why: "it has no request_uri" } };
}

/** Error names for a token that no longer works, so there is nothing to revoke. */
const ENDED = /^(invalid_token|invalid_grant|token_revoked|token_expired|expired_token)$/;

/** Judges the response to a revocation (RFC 7009): true if the server has revoked the token. */
export function judgeRevocation(status: number, headers: Headers, text: string): Judged<boolean> {
  const body = bodyOf(text);
  if (isSuccess(status) && !(body && hasFailed(body))) return { value: true };
  const refusal = refusalOf({ grant: "revocation" }, status, headers, text);
  // The server cannot revoke such a token (section 2.2.1), or has no such endpoint.
  const isUnknown = refusal.error === "unsupported_token_type" || status === 404 ||
    status === 405 || status === 501;
  if (isUnknown) return { value: false };
  return ENDED.test(refusal.error ?? "") ? { value: true } : { refusal };
}

/** From this number on, `expires` is a date in epoch seconds (2001), not a lifetime. */
const EPOCH = 1e9;

/** The lifetime or the expiry time, from the members that servers use for it. */
function lifetimeOf(body: Body): Pick<TokenResponse, "expires_in" | "expires_at"> {
  const seconds = numberOf(body["expires_in"]);
  if (seconds !== undefined) return { expires_in: Math.max(0, seconds) };
  const expires = numberOf(body["expires"]);
  if (expires !== undefined && expires < EPOCH) return { expires_in: Math.max(0, expires) };
  const at = body["expires_at"] ?? body["expires_on"] ?? body["expires"] ?? body["expiry"];
  return at === undefined || at === null ? {} : { expires_at: at };
}

/** The scope, separated by spaces (RFC 6749 section 3.3). Some servers send a list. */
function scopeOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim() || undefined;
  if (!Array.isArray(value)) return undefined;
  const names = value.filter((name) => typeof name === "string" && name !== "");
  return names.length > 0 ? names.join(" ") : undefined;
}

export type { Asked, Refusal, RefusalKind } from "./refusal_of.ts";
