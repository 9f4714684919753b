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
 * Where credentials and tokens are saved, and for which account. Saved credentials are used only with
 * the servers they were saved for.
 */
export interface LocationOptions extends SystemUrls {
  /**
   * The absolute path, or `file:` URL, of a folder to save everything in, instead of the system's
   * folder in the user's configuration folder.
   */
  directory?: string | URL | undefined;
  /**
   * Another account of the system, such as `"work"`. It has its own app credentials, in
   * `app_credentials.<account>`, and its own tokens. Environment: `<PREFIX>_ACCOUNT`,
   * `ONECELL_ACCOUNT`. For another session of the same account, see `sessionKey`.
   */
  account?: string | undefined;
  /**
   * Ends every wait early. The call rejects with `aborted`, or with `timeout` if the signal timed out;
   * the `cause` is the signal's reason.
   */
  signal?: AbortSignal | undefined;
  /**
   * Where tokens are saved, instead of the system's default: on disk, in memory, in Redis
   * (`"redis://HOST:PORT"`), in the system's keyring, or in your own store. Environment:
   * `ONECELL_STORE`. App credentials are saved there too, except with `"disk"` and `"memory"`: then
   * they are in the file that the Python tutorial reads. With `"memory"`, values that you type are not
   * saved. App credentials that a sign-in creates are, because their secret is never shown again.
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

/** How to reach the servers. */
export interface ConnectionOptions extends SystemUrls {
  /** Sends every request, instead of the runtime's `fetch`. It must not resend a POST by itself. */
  fetch?: FetchLike | undefined;
  /**
   * How long to wait for a server, in milliseconds. For a sign-in: one exchange with all its attempts,
   * default 30 000. For the API: one attempt, until the headers arrive, default 100 000.
   */
  timeout?: number | undefined;
}

/** Options of `getSession`. `F` lists the names of the system's credential values. */
export interface SessionOptions<F extends string = string>
  extends LocationOptions, ConnectionOptions {
  /**
   * Credential values, or the result of `loadCredentials`. They come before the environment and the
   * file. An unknown name is an error.
   */
  credentials?: Credentials | CredentialValues<F> | undefined;
  /**
   * A token, or a source of tokens. Then nothing signs in and nothing is saved. A source is used again
   * when the token expires or the API refuses it. Environment: `<PREFIX>_ACCESS_TOKEN`, or the file that
   * `<PREFIX>_ACCESS_TOKEN_FILE` names, which is read again when it changes.
   */
  token?: string | ExternalToken | undefined;
  /**
   * The token that identifies the user, for the grants `token_exchange` (RFC 8693) and `jwt_bearer`
   * (RFC 7523), instead of the definition's. It is requested each time, and the session stays in memory.
   */
  subjectToken?: ExternalToken | undefined;
  /** The assertion for the client authentication `federated_jwt`, instead of the definition's. */
  clientAssertion?: ExternalToken | undefined;
  /** Another session of the same account: its own token, the same app credentials. */
  sessionKey?: string | undefined;
  /** How long the token must still be valid, in seconds; otherwise it is renewed first. */
  minLifetime?: number | undefined;
  /** Scopes to request instead of the system's: a list, or one string with spaces. */
  scope?: string | readonly string[] | undefined;
  /** False: never prompt. Default: prompt if there is a notebook or a terminal. */
  interactive?: boolean | undefined;
  /** Sign in again even if a session is saved. This prompts if the system needs a person. */
  forceLogin?: boolean | undefined;
  /** How to sign in, instead of the automatic choice. */
  method?: SignInMethod | undefined;
  /**
   * True: show nothing in a notebook when a saved session is found. Default: show one line, unless
   * the variable `ONECELL_QUIET` is `1`.
   */
  quiet?: boolean | undefined;
  /** More origins the token may go to, such as `"https://files.example.com"`. */
  origins?: readonly (string | URL)[] | undefined;
  /** Answers the prompts, for your own user interface and for tests. */
  person?: Person | undefined;
}

/** Options of `logout`. */
export interface LogoutOptions
  extends
    LocationOptions,
    ConnectionOptions,
    Pick<SessionOptions, "sessionKey" | "scope" | "credentials"> {
  /** True: every saved session of the system, including other accounts. */
  all?: boolean | undefined;
  /** True: also remove the saved app credentials and the backups of earlier ones. */
  forget?: boolean | undefined;
}

/**
 * The function that sends a request: any `fetch`, including undici's. It gets a full URL, and headers
 * as a plain object.
 */
export type FetchLike = (url: string, init: {
  method: string;
  headers: Record<string, string>;
  /** Strings, bytes, forms and streams. Every `fetch` takes them, but each has its own types. */
  body?: never;
  redirect: "manual";
  signal: AbortSignal;
}) => Promise<unknown>;

/** A standard `fetch`, without the extensions of a runtime. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Saves sessions as strings by key. Write your own to save them anywhere.
 *
 * Keys are strings of up to about 1,000 characters, values of up to about 64,000. Both are
 * secret or say who signed in: encrypt the values if others can read them. On a failure, reject;
 * an error of this module keeps its code.
 */
export interface TokenStore {
  /** The value that any process wrote last under this key; `undefined` if there is none. */
  read(key: string): Promise<string | undefined>;
  /** Writes a value, whole or not at all. Once this resolves, every process reads the new value. */
  write(key: string, value: string): Promise<void>;
  /** Removes a value; true if there was one. */
  remove(key: string): Promise<boolean>;
  /**
   * Runs `work` while no other caller, in any process that uses this store, runs work for the same
   * key. It throws what `work` throws. If a process ends in the middle, the next caller still gets
   * its turn.
   *
   * @throws the reason of `signal` if it ends the wait; `work` then does not start
   */
  exclusive<T>(key: string, work: () => Promise<T>, options: { signal: AbortSignal }): Promise<T>;
  /** All keys. Only `store move` needs it. */
  keys?(): Promise<string[]>;
}

/** The items to work on: a list, or anything that can be iterated over. */
export type MapItems<T> = Iterable<T> | AsyncIterable<T>;

/** Options of `Session.map`. */
export interface MapOptions {
  /** How many items to work on at a time. Default: 8. */
  concurrency?: number | undefined;
  /** Ends the work. The call rejects with `aborted`, or with `timeout` if the signal timed out. */
  signal?: AbortSignal | undefined;
  /** False hides the progress bar; a string is its title. Default: true. */
  progress?: boolean | string | undefined;
  /**
   * What to do after a failure: `"stop"` ends the work and rejects with the error, `"collect"` continues
   * and returns every item's outcome, as `Promise.allSettled` does. Default: `"stop"`.
   */
  onError?: "stop" | "collect" | undefined;
}

export type { TokenFunction };
