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
  /** Scopes to ask for, separated by spaces. */
  scope: string | undefined;
  /** Opens a `fetch` of its own for one request. */
  openFetch: OpenFetch;
  /** How long one exchange may take, in milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
  /** Epoch milliseconds. */
  now: () => number;
  /** Waits between two polls; real time unless given. */
  wait?: ((milliseconds: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** How far the server's clock is known to be ahead, in milliseconds. */
  clock: { offset: number };
  /** What discovery gave, kept for the next exchange of the same session. */
  discovered: { metadata?: unknown };
  /** Tokens that something else issues, and what gets them. */
  external?: {
    readonly runtime: Runtime;
    readonly subjectToken: ExternalToken | undefined;
    readonly clientAssertion: ExternalToken | undefined;
  };
  /** The key tokens are bound to (DPoP, RFC 9449), as a private JWK. */
  dpopKey?: DpopKey | undefined;
}

/** One exchange at the token endpoint that prompts nobody. */
export type GrantRequest =
  /** RFC 6749 section 4.4 */
  | { grant: "client_credentials" }
  /** RFC 6749 section 4.3 */
  | { grant: "password" }
  /** RFC 8693 */
  | { grant: "token_exchange" }
  /** RFC 7523 section 2.1 */
  | { grant: "jwt_bearer" }
  /** RFC 6749 section 6; the endpoint is given where the sign-in decided it */
  | { grant: "refresh_token"; refreshToken: string; tokenEndpoint?: string | undefined }
  /** RFC 6749 section 4.1.3 and RFC 7636: the answer to an authorization request */
  | {
    grant: "authorization_code";
    answer: AuthorizationAnswer;
    request: AuthorizationRequest | null;
  };

/** What came back from the authorization endpoint. */
export type AuthorizationAnswer =
  /** The whole redirect, with `state` and `iss` to check. */
  | { kind: "redirect"; url: URL }
  /** A bare code, typed by the person who started the request. */
  | { kind: "code"; code: string; tokenEndpoint?: string | undefined };

/** What an authorization request must remember until its answer. */
export interface AuthorizationRequest {
  /** Where the person signs in. */
  url: string;
  /** The redirect URI, letter for letter as it was sent (RFC 6749 section 4.1.3). */
  redirectUri: string;
  state: string;
  /** The issuer the answer must come from (RFC 9207), where it is known. */
  issuer: string | undefined;
  /** True where the server always names its issuer in the answer (RFC 9207 section 3). */
  issuerRequired?: boolean;
  nonce: string | undefined;
  /** RFC 7636 code verifier. */
  verifier: string;
}

/** A grant's result. */
export type { TokenResponse };
