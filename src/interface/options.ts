import type { Credentials, CredentialValues } from "./credentials.ts";
import type { Person } from "./person.ts";
import type { ExternalToken, SignInMethod, TokenFunction } from "../providers/provider.ts";

/** Other servers to use instead of the system's own, such as a test system's. */
export interface SystemUrls {
  /** Another authorization server. Environment: `<PREFIX>_AUTH_URL`. */
  authUrl?: string | URL | undefined;
  /** Another API. Environment: `<PREFIX>_API_URL`. */
  apiUrl?: string | URL | undefined;
  /** Another issuer. Environment: `<PREFIX>_ISSUER`. */
  issuer?: string | URL | undefined;
}

/**
 * Where things are saved, and for which account. Saved credentials belong to the servers they were
 * saved for.
 */
export interface LocationOptions extends SystemUrls {
  /**
   * The absolute path, or `file:` URL, of a folder to save everything in, instead of the system's
   * folder below the user's configuration directory.
   */
  directory?: string | URL | undefined;
  /**
   * Another account of the system, such as `"work"`: it has app credentials of its own, in
   * `app_credentials.<account>`, and tokens of its own. Environment: `<PREFIX>_ACCOUNT`,
   * `ONECELL_ACCOUNT`. For another session of one account see `sessionKey`.
   */
  account?: string | undefined;
  /**
   * Ends every wait early: the call rejects with `aborted`, or with `timeout` for a signal of that
   * kind; the `cause` is the signal's reason.
   */
  signal?: AbortSignal | undefined;
  /**
   * Where tokens are saved, instead of where the system says: on disk, in memory, in Redis
   * (`"redis://HOST:PORT"`), in the system's keyring, or in a store of your own. Environment:
   * `ONECELL_STORE`. App credentials are saved there too, except with `"disk"` and `"memory"`, where
   * they are in the file that the Python tutorial reads. With `"memory"`, what is typed is not saved;
   * app credentials that a sign-in creates are, because their secret is never shown again.
   */
  store?:
    | "disk"
    | "memory"
    | "keyring:"
    | `redis://${string}`
    | `rediss://${string}`
    | TokenStore
    | undefined;
}

/** How servers are reached. */
export interface ConnectionOptions extends SystemUrls {
  /** Sends every request, instead of the runtime's `fetch`. It must not send a POST again by itself. */
  fetch?: FetchLike | undefined;
  /**
   * How long to wait for a server, in milliseconds. For a sign-in: one exchange with all its attempts,
   * default 30 000. For the API: one attempt, until the headers arrive, default 100 000.
   */
  timeout?: number | undefined;
}

/** Options of `getSession`. `F` is the names of the system's credential values. */
export interface SessionOptions<F extends string = string>
  extends LocationOptions, ConnectionOptions {
  /**
   * Credential values, or what `loadCredentials` returned; they come before the environment and the
   * file. An unknown name is refused.
   */
  credentials?: Credentials | CredentialValues<F> | undefined;
  /**
   * A token, or its source: nothing signs in, nothing is saved. The source is asked again when
   * the token expires or the API refuses it. Environment: `<PREFIX>_ACCESS_TOKEN`, or the file that
   * `<PREFIX>_ACCESS_TOKEN_FILE` names, which is read again when it changes.
   */
  token?: string | ExternalToken | undefined;
  /**
   * Who signs in, for the grants `token_exchange` (RFC 8693) and `jwt_bearer` (RFC 7523), instead of
   * what the definition says. It is requested each time, and the session is kept in memory.
   */
  subjectToken?: ExternalToken | undefined;
  /** The assertion of the client authentication `federated_jwt`, instead of what the definition says. */
  clientAssertion?: ExternalToken | undefined;
  /** Another session of the same account: its own token, the same app credentials. */
  sessionKey?: string | undefined;
  /** How long the token must still be valid, in seconds; it is renewed first otherwise. */
  minLifetime?: number | undefined;
  /** Scopes to ask for, instead of the system's: a list, or one string with spaces. */
  scope?: string | readonly string[] | undefined;
  /** False: never prompt. Default: prompt if there is a notebook or a terminal. */
  interactive?: boolean | undefined;
  /** Sign in again even if a session is saved. This prompts if the system needs a person. */
  forceLogin?: boolean | undefined;
  /** How a person signs in, instead of choosing. */
  method?: SignInMethod | undefined;
  /**
   * True shows nothing in a notebook when a saved session is found. Default: one line, unless the
   * variable `ONECELL_QUIET` is set to `1`.
   */
  quiet?: boolean | undefined;
  /** More origins the token may go to, such as `"https://files.example.com"`. */
  origins?: readonly (string | URL)[] | undefined;
  /** Who is prompted, for user interfaces of your own and for tests. */
  person?: Person | undefined;
}

/** Options of `logout`. */
export interface LogoutOptions
  extends
    LocationOptions,
    ConnectionOptions,
    Pick<SessionOptions, "sessionKey" | "scope" | "credentials"> {
  /** True: every saved session of the system, also those of other accounts. */
  all?: boolean | undefined;
  /** True: remove the saved app credentials too, and the backups of earlier ones. */
  forget?: boolean | undefined;
}

/**
 * The function that sends a request: any `fetch`, undici's too. It gets a full URL, and headers as a
 * plain object.
 */
export type FetchLike = (url: string, init: {
  method: string;
  headers: Record<string, string>;
  /** Strings, bytes, forms and streams: every `fetch` takes them, with types of its own. */
  body?: never;
  redirect: "manual";
  signal: AbortSignal;
}) => Promise<unknown>;

/** A standard `fetch`, without what a runtime adds to its own. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Where sessions are saved: strings by key. Write your own to save them anywhere.
 *
 * Keys are strings of up to about 1,000 characters, values of up to about 64,000. Both are
 * secret, or tell who signed in: encrypt the values where others can read them. A failure
 * rejects; an error of this module keeps its code.
 */
export interface TokenStore {
  /** The value written last under this key, by any process; `undefined` when there is none. */
  read(key: string): Promise<string | undefined>;
  /** Writes a value, whole or not at all. Once this resolves, every process reads it. */
  write(key: string, value: string): Promise<void>;
  /** Removes a value; true when there was one. */
  remove(key: string): Promise<boolean>;
  /**
   * Runs `work` while no other caller, in any process that uses this store, runs one for the same
   * key. What `work` throws is thrown; the next one has its turn all the same, also when a process
   * ended in the middle.
   *
   * @throws what `signal` was aborted with, when it ends the wait; `work` is then not begun
   */
  exclusive<T>(key: string, work: () => Promise<T>, options: { signal: AbortSignal }): Promise<T>;
  /** Every key there is. Only `store move` needs it. */
  keys?(): Promise<string[]>;
}

/** What to work on: a list, or anything that gives one item after another. */
export type MapItems<T> = Iterable<T> | AsyncIterable<T>;

/** Options of `Session.map`. */
export interface MapOptions {
  /** How many items are worked on at a time. Default: 8. */
  concurrency?: number | undefined;
  /** Ends the work; the call rejects with `aborted`, or `timeout` for a signal of that kind. */
  signal?: AbortSignal | undefined;
  /** False shows no progress; a string is its title. Default: true. */
  progress?: boolean | string | undefined;
  /**
   * What a failure does: `"stop"` ends the work and rejects with it, `"collect"` goes on and gives
   * every item's outcome, as `Promise.allSettled` does. Default: `"stop"`.
   */
  onError?: "stop" | "collect" | undefined;
}

export type { TokenFunction };
