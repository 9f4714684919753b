import type { CredentialValues, ExternalToken } from "../providers/provider.ts";
import type { OpenFetch } from "../http/token_fetch.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { System } from "../providers/system.ts";
import type { DpopKey } from "../token/token.ts";
import type { TokenResponse } from "../token/token_response.ts";

/** What every grant needs to talk to an authorization server. */
export interface GrantContext {
  system: System;
  values: CredentialValues;
  /** Scopes to request, separated by spaces. */
  scope: string | undefined;
  /** Opens a separate `fetch` for one request. */
  openFetch: OpenFetch;
  /** How long one exchange may take, in milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
  /** The clock, in epoch milliseconds. */
  now: () => number;
  /** Waits between two polls; by default, in real time. */
  wait?: ((milliseconds: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** How far the server's clock is ahead, in milliseconds; 0 until it is known. */
  clock: { offset: number };
  /** The result of discovery, kept for the session's next exchange. */
  discovered: { metadata?: unknown };
  /** External tokens, and the runtime to get them with. */
  external?: {
    readonly runtime: Runtime;
    readonly subjectToken: ExternalToken | undefined;
    readonly clientAssertion: ExternalToken | undefined;
  };
  /** The key that tokens are bound to (DPoP, RFC 9449), as a private JWK. */
  dpopKey?: DpopKey | undefined;
}

/** One exchange at the token endpoint, without a prompt. */
export type GrantRequest =
  /** RFC 6749 section 4.4 */
  | { grant: "client_credentials" }
  /** RFC 6749 section 4.3 */
  | { grant: "password" }
  /** RFC 8693 */
  | { grant: "token_exchange" }
  /** RFC 7523 section 2.1 */
  | { grant: "jwt_bearer" }
  /** RFC 6749 section 6; with the token endpoint if the sign-in chose it */
  | { grant: "refresh_token"; refreshToken: string; tokenEndpoint?: string | undefined }
  /** RFC 6749 section 4.1.3 and RFC 7636: the response to an authorization request */
  | {
    grant: "authorization_code";
    answer: AuthorizationAnswer;
    request: AuthorizationRequest | null;
  };

/** A response from the authorization endpoint. */
export type AuthorizationAnswer =
  /** The whole redirect, with `state` and `iss` to check. */
  | { kind: "redirect"; url: URL }
  /** A bare code, typed by the person who started the request. */
  | { kind: "code"; code: string; tokenEndpoint?: string | undefined };

/** What to keep from an authorization request until its response arrives. */
export interface AuthorizationRequest {
  /** The page where the person signs in. */
  url: string;
  /** The redirect URI, exactly as it was sent (RFC 6749 section 4.1.3). */
  redirectUri: string;
  state: string;
  /** The issuer that the response must come from (RFC 9207), if it is known. */
  issuer: string | undefined;
  /** True if the server always names its issuer in the response (RFC 9207 section 3). */
  issuerRequired?: boolean;
  nonce: string | undefined;
  /** The code verifier (RFC 7636). */
  verifier: string;
}

/** A grant's result. */
export type { TokenResponse };
