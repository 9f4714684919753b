/** How a client authenticates (RFC 6749 section 2.3, RFC 7523, OpenID Connect Core section 9). */
export type ClientAuthentication =
  | "client_secret_post"
  | "client_secret_basic"
  /** HTTP Basic with ID and secret unencoded (RFC 7617), for servers that do not form-decode. */
  | "client_secret_basic_raw"
  | "client_secret_jwt"
  | "private_key_jwt"
  /**
   * A certificate of the connection (RFC 8705, also the self-signed kind). The option `fetch` presents it,
   * and the request contains only the client ID.
   */
  | "tls_client_auth"
  /**
   * An assertion that something else issues, such as a CI job's or a pod's identity token (RFC 7523
   * section 2.2): {@linkcode Provider.clientAssertion} says where it comes from.
   */
  | "federated_jwt"
  | "none";

/**
 * How a token is obtained: the grant types of RFC 6749, RFC 8628, RFC 7636, RFC 8693
 * (`token_exchange`) and RFC 7523 section 2.1 (`jwt_bearer`).
 */
export type Grant =
  | "client_credentials"
  | "password"
  | "authorization_code"
  | "device_code"
  | "token_exchange"
  | "jwt_bearer";

/** Returns a token when one is needed. It may take a while, and may prompt a person. */
export type TokenFunction = (options: {
  /** Ends the wait. */
  signal: AbortSignal;
}) => string | Promise<string>;

/**
 * A token that something else issues. It is read or requested each time a new one is needed, and is
 * never saved. Files and outputs hold only the token, or JSON as `az`, `gcloud`, `onecell token` and
 * kubectl's credential plugins print it.
 */
export type ExternalToken =
  | TokenFunction
  /** An absolute path. Links are followed; a file that others may write to is refused. */
  | { readonly file: string }
  /** The name of an environment variable. */
  | { readonly environment: string }
  /**
   * A program and its arguments, run without a shell: its name on the `PATH`, or its absolute path. It may
   * take as long as the option `timeout` allows, 30 s by default.
   */
  | { readonly command: readonly string[] }
  /** The name of a credential value. */
  | { readonly credential: string }
  /** The audience of an identity token of a GitHub Actions job, whose workflow has `id-token: write`. */
  | { readonly githubActions: string }
  /** The absolute path of a pod's projected service account token (Kubernetes). */
  | { readonly kubernetes: string }
  /**
   * A member of the `auth_state` that a JupyterHub saves for this server's user. The hub is asked each
   * time, so the token is as fresh as the hub's.
   */
  | { readonly jupyterhub: "access_token" | "id_token" | (string & Record<never, never>) };

/**
 * Claims of a signed assertion (RFC 7519). `{name}` in a string stands for a credential value. A claim is
 * left out if its optional value is missing or empty.
 */
export type AssertionClaims = {
  readonly [claim: string]: string | number | boolean | readonly string[];
};

/** One way to ask a person to sign in: this machine's browser, a code, or something to paste. */
export type SignInMethod = "browser" | "device" | "paste";

/** A server's endpoints: absolute URLs, or paths below {@linkcode Provider.authUrl}. */
export interface Endpoints {
  /** Token endpoint (RFC 6749 section 3.2). */
  token?: string | undefined;
  /** Authorization endpoint (RFC 6749 section 3.1). */
  authorization?: string | undefined;
  /** Device authorization endpoint (RFC 8628 section 3.1). */
  deviceAuthorization?: string | undefined;
  /** Revocation endpoint (RFC 7009). */
  revocation?: string | undefined;
  /** Pushed authorization request endpoint (RFC 9126). */
  pushedAuthorization?: string | undefined;
}

/** How to create app credentials once, with username and password. */
export interface Enrolment {
  /** Where HTTP Basic (RFC 7617) with username and password returns an access token: URL or path. */
  login: string;
  /** Where an empty POST with that token creates the client: URL or path. */
  clients: string;
  /** What to show before the prompt, such as where to get an account. */
  help?: string | undefined;
}

/** A sign-in page that gives the person something to paste, instead of a redirect. */
export interface PasteSignIn {
  /** The page to sign in at: URL or path below {@linkcode Provider.authUrl}. */
  page: string;
  /**
   * Hosts that a pasted sign-in code may name as its token endpoint; `*.` stands for one or more
   * labels.
   */
  endpointHosts: readonly string[];
}

/** How API requests carry the token: in another header, with another scheme, or both. */
export interface ApiAuthorization {
  /** The header's name, such as `"X-Api-Key"`. */
  header?: string;
  /** The scheme before the token, such as `"token"`. */
  scheme?: string;
}

/** Another program's token files, in oauthlib's JSON. They are read, never written. */
export interface ForeignTokens {
  /** The folder below the user's home. */
  folder: string;
  /** The folder on macOS, if it differs. */
  folderOnMac?: string | undefined;
  /** The file's name; a session key is appended with a dot. */
  file: string;
}

/**
 * Everything this module knows about one system. A provider is data: make one with
 * {@linkcode defineProvider}, which checks it.
 *
 * In URLs and paths, `{name}` stands for a credential value, such as `{tenant_id}`.
 */
export interface Provider {
  /** The name for `getSession`, lower case with hyphens; also the default of the next three. */
  name: string;
  /** The system's display name. */
  title: string;
  /** The prefix of its environment variables, such as `SPATIAFI` in `SPATIAFI_CLIENT_ID`. */
  environmentPrefix: string;
  /** The folder below the user's configuration folder that holds its files. */
  folder: string;
  /** Names of the credentials file; the first one is written. */
  files: readonly string[];
  /** The grant to sign in with. */
  grant: Grant;
  /** Ways to ask a person, best first, for the grants that need one. */
  methods?: readonly SignInMethod[];
  /** Base URL of the authorization server, for endpoints given as paths. */
  authUrl?: string;
  /** Issuer identifier, for discovery (OpenID Connect Discovery, RFC 8414). */
  issuer?: string;
  /** Endpoints, if there is no discovery or to override it. */
  endpoints: Endpoints;
  /** How the client authenticates. */
  clientAuthentication: ClientAuthentication;
  /**
   * False if the issuer only names who signs people in. Nothing is discovered then, and all endpoints are
   * given.
   */
  discovery?: boolean;
  /**
   * A client assertion's `aud`: `"token_endpoint"`, `"issuer"`, or a URL. By default,
   * the token endpoint if it is given, and the issuer if it was discovered.
   */
  assertionAudience?: "token_endpoint" | "issuer" | (string & Record<never, never>);
  /** How assertions are signed (RFC 7518), if the key leaves a choice, such as `"PS256"`. */
  assertionAlgorithm?: string;
  /**
   * The assertion with which `"federated_jwt"` authenticates the client (RFC 7523 section 2.2). It is sent
   * only to the token endpoint.
   */
  clientAssertion?: ExternalToken;
  /**
   * What says who signs in: the subject token of `token_exchange` (RFC 8693 section 2.1), or the assertion
   * of `jwt_bearer` (RFC 7523 section 2.1). It is sent only to the token endpoint.
   */
  subjectToken?: ExternalToken;
  /**
   * What kind of token the subject token is (RFC 8693 section 3); `"urn:ietf:params:oauth:token-type:jwt"`
   * by default.
   */
  subjectTokenType?: string;
  /** What kind of token to request (RFC 8693 section 2.1), for `token_exchange`. */
  requestedTokenType?: string;
  /**
   * The claims of an assertion that this module signs with the `private_key`, for `jwt_bearer` (RFC 7523
   * section 3). `iss` and `sub` are the client ID by default, and `aud` follows
   * {@linkcode Provider.assertionAudience}; `iat`, `exp` and `jti` are added.
   */
  assertionClaims?: AssertionClaims;
  /** How long such an assertion is valid, in seconds: 300 by default, at most 3600. */
  assertionLifetime?: number;
  /**
   * A program that prints the token, instead of a grant: see the `command` of
   * {@linkcode ExternalToken}.
   */
  tokenCommand?: readonly string[];
  /** Scopes to request, separated by spaces (RFC 6749 section 3.3). */
  scope?: string;
  /** Scopes to send with a refresh, if the server wants different ones. */
  refreshScope?: string;
  /** The `audience` parameter that some servers want. */
  audience?: string;
  /** Resource indicator (RFC 8707), or several. */
  resource?: string | readonly string[];
  /**
   * More parameters for the token request, such as `{ account_id: "…" }`. `{name}` in a parameter stands
   * for a credential value; such a parameter is not sent with a refresh. A `grant_type` replaces
   * `client_credentials`.
   */
  tokenParameters?: Record<string, string>;
  /**
   * The redirect URI registered for this client. A loopback URI without a port uses any free port (RFC 8252
   * section 7.3); `http://127.0.0.1/callback` by default.
   */
  redirectUri?: string;
  /**
   * More parameters for the authorization request. An empty value leaves out a parameter that would be sent
   * otherwise, such as `{ prompt: "" }` with the scope `offline_access`.
   */
  authorizationParameters?: Readonly<Record<string, string>>;
  /** Push the authorization request (RFC 9126). By default, only if the metadata requires it. */
  pushedAuthorization?: boolean;
  /** Base URL of the API: relative URLs resolve against it. */
  apiUrl: string;
  /** More origins that may get the token. */
  origins?: readonly string[];
  /** Credential values it needs, in the order they are asked for. */
  requires: readonly CredentialField[];
  /** Credential values that are used if they are set, and never prompted for. */
  optional?: readonly CredentialField[];
  /** Values for `{name}` in URLs, if the credentials have none. */
  defaults?: Readonly<Record<string, string>>;
  /** How to create app credentials, if the system can. */
  enrolment?: Enrolment;
  /** The paste sign-in, if the system has one. */
  paste?: PasteSignIn;
  /** Another program's token files, to continue its session. */
  foreignTokens?: ForeignTokens;
  /** Where tokens are saved: on disk, or only in this process. */
  store: "disk" | "memory";
  /** A path of the API that responds 200 to a valid session. */
  probe?: string;
  /**
   * HTTP statuses of the API that are retried: 429, 502, 503, 504 by default. POST and PATCH are retried
   * only after 413, 429 and 503, which say that nothing was done.
   */
  retryStatuses?: readonly number[];
  /** More statuses that mean that the token is no longer valid, such as 498: they count as a 401. */
  renewStatuses?: readonly number[];
  /**
   * How API requests carry the token, if not as `Authorization: Bearer …` (RFC 6750): another header, which
   * then holds only the token; another scheme; or both.
   */
  apiAuthorization?: ApiAuthorization;
  /**
   * How long one attempt of an API request may take until its headers arrive, in milliseconds; 100 000 by
   * default.
   */
  timeout?: number;
  /**
   * Paths of the API that must not be called, such as `"/internal"`. A request is refused if its path
   * contains one, in whole segments and in any case.
   */
  refusedPaths?: readonly string[];
  /** Bind tokens to a key (DPoP, RFC 9449). */
  dpop?: boolean;
  /** Where a person can read how to get access. */
  documentation?: string;
}

/** Credential values by their lower-case names, such as `client_id`. */
export type CredentialValues = Record<string, string>;

/** The credential values that this module knows. Files and environment may hold more. */
export type CredentialField =
  | "client_id"
  | "client_secret"
  | "private_key"
  | "username"
  | "password"
  | (string & Record<never, never>);
