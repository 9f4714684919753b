import type {
  AssertionClaims,
  ClientAuthentication,
  Endpoints,
  ExternalToken,
  PasteSignIn,
  Provider as ProviderFields,
} from "./provider.ts";

/** What `defineProvider` returns. Pass it on unchanged. */
export interface Provider<F extends string = string> {
  /** The name it is found by. */
  readonly name: string;
  /** The system's display name. */
  readonly title: string;
  /** Base URL of the API: relative URLs resolve against it. */
  readonly apiUrl: string;
  /** The credential values it needs, in the order they are asked for. */
  readonly requires: readonly F[];
}

/** Where a definition's server is: an issuer (discovery), or the endpoints that its grant needs. */
export type ServerLocation<E extends keyof Endpoints> =
  | { readonly issuer: string; readonly endpoints?: Endpoints | undefined }
  | { readonly issuer?: undefined; readonly endpoints: Endpoints & { [K in E]-?: string } };

/** Fields that only an authorization code takes. */
export type CodeFields = "methods" | "redirectUri" | "authorizationParameters";

/** A grant that prompts a person, or that needs only the client's credentials. */
export type WithoutSubject = {
  readonly subjectToken?: undefined;
  readonly assertionClaims?: undefined;
};

/** A definition's grant, with the fields that go with it. */
export type GrantDefinition =
  | (
    & { readonly grant?: "client_credentials" | "password" | undefined }
    & WithoutSubject
    & ServerLocation<"token">
  )
  | (
    & { readonly grant: "authorization_code" }
    & WithoutSubject
    & OptionalFields<Pick<ProviderFields, CodeFields>>
    & (
      | ServerLocation<"token" | "authorization">
      | {
        readonly issuer?: undefined;
        readonly endpoints?: Endpoints | undefined;
        /** A sign-in page with something to paste, instead of a redirect. */
        readonly paste: PasteSignIn;
      }
    )
  )
  | (
    & { readonly grant: "device_code" }
    & WithoutSubject
    & ServerLocation<"token" | "deviceAuthorization">
  )
  | (
    & {
      readonly grant: "token_exchange";
      /** What says who signs in (RFC 8693 section 2.1). */
      readonly subjectToken: ExternalToken;
    }
    & OptionalFields<Pick<ProviderFields, ExchangeFields>>
    & ServerLocation<"token">
  )
  | (
    & { readonly grant: "jwt_bearer" }
    & (
      | {
        /** The assertion that something else issues (RFC 7523 section 2.1). */
        readonly subjectToken: ExternalToken;
        readonly assertionClaims?: undefined;
      }
      | {
        readonly subjectToken?: undefined;
        /** The claims of the assertion, which this module signs with the `private_key`. */
        readonly assertionClaims: AssertionClaims;
        /** How long an assertion is valid, in seconds: 300 by default, at most 3600. */
        readonly assertionLifetime?: number | undefined;
      }
    )
    & ServerLocation<"token">
  )
  | WithoutSubject & {
    readonly grant?: undefined;
    readonly issuer?: undefined;
    readonly endpoints?: undefined;
    /** A program that prints the token, instead of a grant: its name or absolute path, and arguments. */
    readonly tokenCommand: readonly string[];
  };

/** Fields that only a token exchange takes. */
export type ExchangeFields = "subjectTokenType" | "requestedTokenType";

/** How a definition's client authenticates, with the assertion that `federated_jwt` needs. */
export type ClientDefinition =
  | {
    /** How the client authenticates. */
    readonly clientAuthentication?: Exclude<ClientAuthentication, "federated_jwt"> | undefined;
    readonly clientAssertion?: undefined;
  }
  | {
    readonly clientAuthentication: "federated_jwt";
    /** Where the assertion comes from (RFC 7523 section 2.2). */
    readonly clientAssertion: ExternalToken;
  };

/** The same fields, which may be left out or `undefined`. */
export type OptionalFields<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Fields that have another form in a definition. */
export type OtherFields =
  | CodeFields
  | ExchangeFields
  | "subjectToken"
  | "assertionClaims"
  | "assertionLifetime"
  | "tokenCommand"
  | "clientAuthentication"
  | "clientAssertion"
  | "name"
  | "apiUrl"
  | "grant"
  | "issuer"
  | "endpoints"
  | "paste"
  | "requires"
  | "optional"
  | "scope"
  | "refreshScope";

/**
 * The description of a system; everything else has a default. In URLs and paths, `{name}` stands for a
 * credential value that is not a secret, such as `{tenant_id}`.
 */
export type ProviderDefinition<F extends string = string> =
  & GrantDefinition
  & ClientDefinition
  & OptionalFields<Omit<ProviderFields, OtherFields>>
  & {
    /** Lower case with hyphens; the default of `title`, `environmentPrefix` and `folder`. */
    readonly name: string;
    /** Base URL of the API: relative URLs resolve against it. */
    readonly apiUrl: string;
    /** A public client's ID: part of the definition, never prompted for. */
    readonly clientId?: string | undefined;
    /** Scopes to request (RFC 6749 section 3.3): a list, or one string with spaces. */
    readonly scope?: string | readonly string[] | undefined;
    /** Scopes to send with a refresh, if the server wants different ones. */
    readonly refreshScope?: string | readonly string[] | undefined;
    /** Credential values it needs, in the order they are asked for. */
    readonly requires?: readonly F[] | undefined;
    /** Credential values that are used if they are set, and never prompted for. */
    readonly optional?: readonly F[] | undefined;
  };
