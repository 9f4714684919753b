/**
 * Types for the parts of npm `oidc-provider` that the sandbox uses; the package has none.
 *
 * @module
 */
import { AuthError } from "../../errors.ts";
import type { IncomingMessage, ServerResponse } from "node:http";

/** What the provider stores for one model instance. */
export interface StoredModel {
  [key: string]: unknown;
  grantId?: string;
  uid?: string;
  userCode?: string;
  consumed?: number;
}

/** The storage contract of `oidc-provider`. */
export interface Adapter {
  upsert(id: string, payload: StoredModel, expiresIn?: number): Promise<void>;
  find(id: string): Promise<StoredModel | undefined>;
  findByUserCode(userCode: string): Promise<StoredModel | undefined>;
  findByUid(uid: string): Promise<StoredModel | undefined>;
  destroy(id: string): Promise<void>;
  revokeByGrantId(grantId: string): Promise<void>;
  consume(id: string): Promise<void>;
}

/** A registered client, as the provider sees it. */
export interface ClientModel {
  clientId: string;
  clientName?: string;
  applicationType: string;
  grantTypeAllowed(type: string): boolean;
}

/** A consent, to which tokens are bound. */
export interface GrantModel {
  addOIDCScope(scope: string): void;
  addOIDCClaims(claims: string[]): void;
  addResourceScope(resource: string, scope: string): void;
  save(): Promise<string>;
}

/** A token or code that becomes a string when saved. */
export interface TokenModel {
  scope?: string;
  expiration: number;
  resourceServer: unknown;
  save(): Promise<string>;
}

interface IdTokenModel {
  scope: string;
  issue(options: { use: "idtoken" }): Promise<string>;
}

/** The part of a Koa context that the sandbox uses. */
export interface ProviderContext {
  req: IncomingMessage;
  res: ServerResponse;
  body: unknown;
  type: string;
  oidc: {
    route?: string;
    params: Record<string, string | undefined>;
    client: ClientModel;
    session: { accountId?: string };
    urlFor(name: string): string;
  };
}

/** An interaction (sign-in, consent) that waits for a person. */
export interface InteractionDetails {
  uid: string;
  grantId?: string;
  prompt: {
    name: string;
    details: {
      missingOIDCScope?: string[];
      missingOIDCClaims?: string[];
      missingResourceScopes?: Record<string, string[]>;
    };
  };
  params: Record<string, string>;
  session?: { accountId: string };
}

/** One authorization server. */
export interface Provider {
  readonly issuer: string;
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  on(event: string, listener: (context: ProviderContext, detail: unknown) => void): void;
  registerGrantType(
    name: string,
    handler: (context: ProviderContext) => Promise<void>,
    parameters: string[],
    duplicates?: string[],
  ): void;
  interactionDetails(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<InteractionDetails>;
  interactionFinished(
    request: IncomingMessage,
    response: ServerResponse,
    result: Record<string, unknown>,
    options: { mergeWithLastSubmission: boolean },
  ): Promise<void>;
  Client: { find(id: string): Promise<ClientModel | undefined> };
  Grant: {
    new (properties: { accountId: string; clientId: string }): GrantModel;
    find(id: string): Promise<GrantModel | undefined>;
  };
  AccessToken: new (properties: Record<string, unknown>) => TokenModel;
  RefreshToken: new (properties: Record<string, unknown>) => TokenModel;
  AuthorizationCode: new (properties: Record<string, unknown>) => TokenModel;
  IdToken: new (claims: Record<string, unknown>, options: { ctx: ProviderContext }) => IdTokenModel;
  ResourceServer: new (identifier: string, info: Record<string, unknown>) => unknown;
}

type OAuthErrorClass = new (description?: string) => Error;

/** The module's exports. */
export interface ProviderModule {
  Provider: new (issuer: string, configuration: Record<string, unknown>) => Provider;
  errors: Record<
    "InvalidClientAuth" | "InvalidGrant" | "InvalidRequest" | "InvalidScope" | "InvalidTarget",
    OAuthErrorClass
  >;
}

let loading: Promise<ProviderModule> | undefined;

/** Imports `oidc-provider` once, without its warning that Deno is not Node. */
export function loadOidcProvider(): Promise<ProviderModule> {
  loading ??= importQuietly();
  return loading;
}

async function importQuietly(): Promise<ProviderModule> {
  const target = globalThis["console"];
  const warn = target.warn;
  // Drop only the package's own warning, and only during the import.
  target.warn = (...data: unknown[]): void => {
    if (!String(data[0]).includes("oidc-provider")) warn.apply(target, data);
  };
  try {
    return await import("oidc-provider");
  } catch (error) {
    // Only the sandbox needs this package, so it is optional for npm.
    throw new AuthError(
      "unsupported",
      "startSandbox needs the package oidc-provider. Install it: npm install --save-dev oidc-provider",
      { cause: error },
    );
  } finally {
    target.warn = warn;
  }
}
