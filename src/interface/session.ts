import type { AuthError } from "../errors.ts";
import type { Fetch, MapItems, MapOptions } from "./options.ts";
import type { DoctorReport, LogoutReport } from "./report.ts";

/** Claims of a token (RFC 7519, OpenID Connect Core section 5.1). They are not verified: do not trust them. */
export interface Claims {
  /** The user's ID at the server. */
  readonly sub?: string;
  /** The user's email address, if the server includes it. */
  readonly email?: string;
  /** Any other claim. */
  readonly [claim: string]: unknown;
}

/** What to do with one item of `Session.map`. */
export type MapFunction<T, R> = (item: T, index: number, session: Session) => R | PromiseLike<R>;

/** Options of `Session.json`, in addition to those of `fetch`. */
export interface JsonInit extends RequestInit {
  /** Sent as the body, in JSON. The method is then POST unless you pass another. */
  json?: unknown;
  /** Parameters to add to the URL. A list adds one for each item; `undefined` and `null` add none. */
  query?: Record<string, unknown> | undefined;
}

/** Options of `Session.items`, in addition to those of `fetch`. */
export interface ItemsInit<T> extends RequestInit {
  /** Returns the items of a page. */
  of?: ((page: unknown) => Iterable<T>) | undefined;
}

/**
 * A signed-in session: a `fetch` that carries the token and keeps it fresh.
 *
 * It shows no secret, no matter how you print it. `getSession` returns one; `fakeSession` of
 * `@onecell/auth/testing` returns one for tests.
 */
export interface Session {
  /**
   * A `fetch` for the API. Call it, or pass it to any client that accepts a `fetch`. Relative URLs
   * resolve against the API. The token renews before it expires, and once after a 401. A temporary
   * failure is tried three times if the body can be sent again. Of the statuses that the provider lists
   * (429, 502, 503, 504), 429 and 503 are retried for every method; the others and a lost connection
   * only for GET, HEAD, OPTIONS, PUT and DELETE, which are safe to repeat; 500 only for GET. An HTTP
   * error is a response, as with `fetch`.
   *
   * It rejects with an {@linkcode AuthError}: `invalid_argument`, `foreign_origin`, `insecure_url`,
   * `redirect_refused`, `timeout`, `network`, `tls`, `permission_denied`, or the error of a renewal. It
   * rejects with the reason of `init.signal` if that is aborted, as `fetch` does.
   */
  readonly fetch: Fetch;
  /**
   * Sends a request and returns the parsed JSON of the response.
   *
   * @param url relative to the API, or a full URL
   * @param init the options of `fetch`, and `json` and `query`
   * @throws {AuthError} `api_error` for an HTTP error, with `status`, `retryAfter` and the beginning of the
   * `body`; `bad_response` for a response that is not JSON; otherwise as `fetch`, and `aborted` for a signal
   */
  json<T = unknown>(url: string | URL, init?: JsonInit): Promise<T>;
  /**
   * Returns the access token, for clients that accept no `fetch`. It renews if needed. It is a secret:
   * keep it out of outputs.
   *
   * @param options `signal` ends the wait; `minLifetime` is how long it must still be valid, in seconds
   * @throws {AuthError} the error of a renewal, such as `network` or `login_required`; `aborted`, or
   * `timeout` if the signal timed out
   */
  token(
    options?: { signal?: AbortSignal | undefined; minLifetime?: number | undefined },
  ): Promise<string>;
  /** The unverified claims of the `id_token`, or else of the access token; `undefined` for opaque tokens. */
  claims(): Promise<Claims | undefined>;
  /**
   * Gets a new token now, even if the current one is still valid.
   *
   * @param options `signal` ends the wait
   * @throws {AuthError} the error of the renewal, as for {@linkcode Session.token}
   */
  refresh(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Checks that the API accepts the session.
   *
   * @param options `url` of the API to request, for systems without a probe; `signal` ends the wait
   * @throws {AuthError} `api_error` with the status, `unsupported` if the system has no probe, and the
   * errors of {@linkcode Session.fetch}; `aborted`, or `timeout` if the signal timed out
   */
  verify(
    options?: { signal?: AbortSignal | undefined; url?: string | URL | undefined },
  ): Promise<void>;
  /**
   * Follows an API's pages: `@odata.nextLink` (OData 4.01), and `Link` with `rel="next"` (RFC 8288).
   * Each page is parsed JSON. The time limit for a page is that of its headers.
   *
   * @param url the first page
   * @param init options for every request
   * @throws {AuthError} `api_error` for an HTTP error, `bad_response` for a page that is not JSON or
   * links back to an earlier one, `foreign_origin` for a link to another origin; otherwise as `fetch`,
   * and `aborted`, or `timeout`, for a signal
   */
  pages<T = unknown>(url: string | URL, init?: RequestInit): AsyncGenerator<T, void, void>;
  /**
   * The same, item by item: the members of each page's `value`, `items`, `results` or `features`, or the
   * items that `of` returns.
   */
  items<T = unknown>(url: string | URL, init?: ItemsInit<T>): AsyncGenerator<T, void, void>;
  /**
   * Works on many items, several at a time, and returns the results in the order of the items. A
   * notebook or a terminal shows the progress. Items are read only when they are needed, so they need not
   * fit into memory. The results must: let `fn` save large ones.
   *
   * @param items a list, or anything that can be iterated over, also asynchronously
   * @param fn handles one item. Requests of the session that it receives end when the work stops
   * @param options see {@linkcode MapOptions}
   * @throws {AuthError} `invalid_argument`; `aborted`, or `timeout` if the signal timed out;
   * `cancelled` for the stop button; and the first error of `fn`, if that stops the work
   *
   * @example Many requests
   * ```ts
   * import { getSession } from "@onecell/auth";
   *
   * const s = await getSession("spatiafi");
   * const titles = await s.map(["a", "b", "c"], async (id, _, s) => {
   *   const response = await s.fetch(`/api/info?item_id=${id}`);
   *   return (await response.json()).title;
   * }, { concurrency: 4 });
   * ```
   */
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options?: MapOptions & { onError?: "stop" | undefined },
  ): Promise<Awaited<R>[]>;
  /** The same, but it continues after failures and returns every outcome, as `Promise.allSettled` does. */
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions & { onError: "collect" },
  ): Promise<PromiseSettledResult<Awaited<R>>[]>;
  /** The same with options that were built elsewhere: `onError` decides the result. */
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions,
  ): Promise<Awaited<R>[] | PromiseSettledResult<Awaited<R>>[]>;
  /**
   * Checks everything this session depends on: credentials, files, token, clock, proxy and
   * certificate settings, and whether the servers respond. It sends no secret.
   *
   * @param options `signal` ends the wait; the report then says what was not checked
   * @returns a report that shows as a card or as text and says what to do next
   */
  doctor(options?: { signal?: AbortSignal | undefined }): Promise<DoctorReport>;
  /**
   * Signs out: revokes the tokens at the server (RFC 7009), then removes the saved token. The app
   * credentials stay; `forgetCredentials` removes those.
   *
   * @param options `signal` ends the wait
   * @returns what happened to each token; a server's failure is in `problems` and is not thrown
   */
  logout(options?: { signal?: AbortSignal | undefined }): Promise<LogoutReport>;
  /** The system's name, such as `"spatiafi"`. */
  readonly provider: string;
  /** The system's display name. */
  readonly title: string;
  /** Base URL of the API. */
  readonly apiUrl: string;
  /**
   * Who is signed in: the username, the subject of the `id_token`, the name of an account other than the
   * default one, or the client ID. `undefined` after {@linkcode Session.logout}.
   */
  readonly account: string | undefined;
  /**
   * Where the credentials came from, in words: `"passed in code"`, the names of environment variables,
   * or the path of the file they are saved in.
   */
  readonly source: string;
  /** The token's scopes, as the server returned them (RFC 6749 section 3.3), or else the requested ones. */
  readonly scope: string | undefined;
  /** When the access token expires. It renews before that. `undefined` after signing out. */
  readonly expiresAt: Date | undefined;
  /** Why the token, or what you typed, could not be saved. The session then works from memory. */
  readonly storeProblem: AuthError | undefined;
  /** The details of a session that are safe to show. */
  toJSON(): Record<string, unknown>;
  /** The session in one line. */
  toString(): string;
}
