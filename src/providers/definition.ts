import type { Endpoints, PasteSignIn, Provider as ProviderFields } from "./provider.ts";

/** What `defineProvider` returned: pass it on, do not take it apart. */
export interface Provider<F extends string = string> {
  /** The name it is found by. */
  readonly name: string;
  /** How people call the system. */
  readonly title: string;
  /** Base URL of the API: relative URLs resolve against it. */
  readonly apiUrl: string;
  /** The credential values it needs, in the order they are asked for. */
  readonly requires: readonly F[];
}

/** Where a definition's server is: by issuer (discovery), or by the endpoints its grant needs. */
export type ServerLocation<E extends keyof Endpoints> =
  | { readonly issuer: string; readonly endpoints?: Endpoints | undefined }
  | { readonly issuer?: undefined; readonly endpoints: Endpoints & { [K in E]-?: string } };

/** Fields that only an authorization code takes. */
export type CodeFields = "methods" | "redirectUri" | "authorizationParameters";

/** A definition's grant, with the fields that go with it. */
export type GrantDefinition =
  | (
    & { readonly grant?: "client_credentials" | "password" | undefined }
    & ServerLocation<"token">
  )
  | (
    & { readonly grant: "authorization_code" }
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
  | ({ readonly grant: "device_code" } & ServerLocation<"token" | "deviceAuthorization">);

/** The same fields, which may be left out or `undefined`. */
export type OptionalFields<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Fields that a definition has in another form. */
export type OtherFields =
  | CodeFields
  | "name"
  | "apiUrl"
  | "grant"
  | "issuer"
  | "endpoints"
  | "paste"
  | "requires"
  | "scope"
  | "refreshScope";

/**
 * What a system is described by; everything else has a default. In URLs and paths `{name}` stands for a
 * credential value that is no secret, such as `{tenant_id}`.
 */
export type ProviderDefinition<F extends string = string> =
  & GrantDefinition
  & OptionalFields<Omit<ProviderFields, OtherFields>>
  & {
    /** Lower case with hyphens; the default of `title`, `environmentPrefix` and `folder`. */
    readonly name: string;
    /** Base URL of the API: relative URLs resolve against it. */
    readonly apiUrl: string;
    /** A public client's ID: part of the definition, asked of nobody. */
    readonly clientId?: string | undefined;
    /** Scopes to ask for (RFC 6749 section 3.3): a list, or one text with spaces. */
    readonly scope?: string | readonly string[] | undefined;
    /** Scopes to send with a refresh, where the server wants other ones. */
    readonly refreshScope?: string | readonly string[] | undefined;
    /** Credential values it needs, in the order they are asked for. */
    readonly requires?: readonly F[] | undefined;
  };
