import type { Credentials } from "../credentials/credentials.ts";
import type { Person } from "../person/person.ts";
import type { SignInMethod } from "../providers/provider.ts";
import type { ProviderUrls } from "../providers/system.ts";

/** Options that several functions share. */
export interface CommonOptions extends ProviderUrls {
  /**
   * A folder to keep everything in, instead of the provider's folder below the user's configuration
   * directory.
   */
  directory?: string;
  /**
   * Another account of the system, such as `"work"`: it has app credentials of its own, in
   * `app_credentials.<account>`, and tokens of its own. Environment: `<PREFIX>_ACCOUNT`, `ONECELL_ACCOUNT`.
   */
  account?: string;
  /**
   * Ends every wait early: the call rejects with `aborted`, or with `timeout` for a signal of that
   * kind; `doctor` says in its report what it did not wait for.
   */
  signal?: AbortSignal;
  /** Sends all requests, instead of the runtime's `fetch`. It must not send a POST again by itself. */
  fetch?: typeof fetch;
  /**
   * How long to wait for a server, in milliseconds. To sign in: one exchange with all its attempts,
   * 30 000 unless told otherwise. For the API: one attempt, until its headers are there, 100 000.
   */
  timeout?: number;
  /** False: never ask anybody. Default: ask where a notebook or a terminal is there. */
  interactive?: boolean;
  /** Who is asked, for tests and for other user interfaces. */
  person?: Person;
}

/** Options of `getSession`. */
export interface SessionOptions extends CommonOptions {
  /**
   * Another session of the same account, such as `"batch"`: it has a token of its own and the same app
   * credentials. Letters, digits, `.`, `-`, `_`. For another account see `account`.
   */
  sessionKey?: string;
  /** Signs in again, whatever is saved: a person is asked, or enrols, again where one is there. */
  forceLogin?: boolean;
  /** Credential values; they come before the environment and the file. */
  credentials?: Record<string, unknown> | Credentials;
  /** Scopes to ask for, separated by spaces, instead of the provider's. */
  scope?: string;
  /**
   * Where tokens, and credentials that are typed, are kept, instead of where the provider says. App
   * credentials that a sign-in creates are saved all the same: nobody sees their secret again.
   */
  keepTokens?: "disk" | "memory";
  /** More origins the token may go to, such as `"https://files.example.com"`. */
  origins?: string[];
  /** How to ask a person, instead of choosing. */
  method?: SignInMethod;
}

/** Options of `createCredentials`. */
export interface CreateOptions extends CommonOptions {
  /** The account's user name. */
  username: string;
  /** The account's password; used this once, kept nowhere. */
  password: string;
}

/** Options of `logout`: which session, as for `getSession`. */
export interface LogoutOptions
  extends CommonOptions, Pick<SessionOptions, "sessionKey" | "scope" | "credentials"> {
  /** True: every saved session of the system, also those of other accounts. */
  all?: boolean;
  /** True: remove the saved app credentials too, and the earlier ones kept beside them. */
  forget?: boolean;
}
