import type { AuthError } from "../errors.ts";
import type { Fetch, MapItems, MapOptions } from "./options.ts";
import type { DoctorReport, LogoutReport } from "./report.ts";

/** Claims of a token (RFC 7519, OpenID Connect Core section 5.1), unverified: to read, not to trust. */
export interface Claims {
  /** Whose token it is, as the server names them. */
  readonly sub?: string;
  /** Their email address, if the server gives it. */
  readonly email?: string;
  /** Any other claim. */
  readonly [claim: string]: unknown;
}

/** What to do with one item of `Session.map`. */
export type MapFunction<T, R> = (item: T, index: number, session: Session) => R | PromiseLike<R>;

/** What `Session.json` takes, in addition to what `fetch` takes. */
export interface JsonInit extends RequestInit {
  /** Sent as the body, in JSON; the method is then POST unless another is given. */
  json?: unknown;
  /** Parameters to add to the URL: a list gives one for each item, `undefined` and `null` none. */
  query?: Record<string, unknown> | undefined;
}

/** How `Session.items` reads a page, in addition to what `fetch` takes. */
export interface ItemsInit<T> extends RequestInit {
  /** Picks the items of a page. */
  of?: ((page: unknown) => Iterable<T>) | undefined;
}

/**
 * A signed-in session: a `fetch` that carries the token and keeps it fresh.
 *
 * It shows no secret, however it is printed. `getSession` makes one; `fakeSession` of
 * `@onecell/auth/testing` makes one for tests.
 */
export interface Session {
  /**
   * A `fetch` for the API, to call or to pass to any client that takes one. Relative URLs resolve
   * against the API. The token is renewed before it expires and once after a 401. A passing failure is
   * tried three times, where the body can be sent again: of the statuses the provider lists (429, 502,
   * 503, 504) 429 and 503 for every method, the others and a lost connection for GET, HEAD, OPTIONS, PUT
   * and DELETE, which do no harm twice; 500 for GET. HTTP errors come as a response, as `fetch` does it.
   *
   * It rejects with an {@linkcode AuthError}: `invalid_argument`, `foreign_origin`, `insecure_url`,
   * `redirect_refused`, `timeout`, `network`, `tls`, `permission_denied`, or what a renewal met; and
   * with the reason of `init.signal`, as `fetch` does.
   */
  readonly fetch: Fetch;
  /**
   * Sends a request and returns the parsed JSON of the response.
   *
   * @param url relative to the API, or a full URL
   * @param init what `fetch` takes, and `json` and `query`
   * @throws {AuthError} `api_error` for an HTTP error, with `status`, `retryAfter` and the beginning of the
   * `body`; `bad_response` for a response that is not JSON; else as `fetch`, and `aborted` for a signal
   */
  json<T = unknown>(url: string | URL, init?: JsonInit): Promise<T>;
  /**
   * The access token, for clients that take no `fetch`; renewed if needed. It is a secret: keep it out
   * of outputs.
   *
   * @param options `signal` ends the wait; `minLifetime` is how long it must still be valid, in seconds
   * @throws {AuthError} what a renewal met, such as `network` or `login_required`; `aborted`, or `timeout`
   * for a signal of that kind
   */
  token(
    options?: { signal?: AbortSignal | undefined; minLifetime?: number | undefined },
  ): Promise<string>;
  /** The claims of the `id_token`, else of the access token, unverified; `undefined` for opaque tokens. */
  claims(): Promise<Claims | undefined>;
  /**
   * Gets a new token now, even if the current one is still valid.
   *
   * @param options `signal` ends the wait
   * @throws {AuthError} what the renewal met, as {@linkcode Session.token}
   */
  refresh(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Asks the API whether the session works.
   *
   * @param options `url` of the API to ask, for systems without a probe; `signal` ends the wait
   * @throws {AuthError} `api_error` with the status, `unsupported` when the system has no probe, and what
   * {@linkcode Session.fetch} met; `aborted`, or `timeout` for a signal of that kind
   */
  verify(
    options?: { signal?: AbortSignal | undefined; url?: string | URL | undefined },
  ): Promise<void>;
  /**
   * Follows an API's pages: `@odata.nextLink` (OData 4.01), and `Link` with `rel="next"` (RFC 8288).
   * Each page is its parsed JSON; it may take as long as its headers may.
   *
   * @param url the first page
   * @param init for every request
   * @throws {AuthError} `api_error` for an HTTP error, `bad_response` for a page that is not JSON or
   * links back to an earlier one, `foreign_origin` when one links elsewhere; else as `fetch`, and
   * `aborted`, or `timeout`, for a signal
   */
  pages<T = unknown>(url: string | URL, init?: RequestInit): AsyncGenerator<T, void, void>;
  /**
   * The same, item by item: the members of each page's `value`, `items`, `results` or `features`, or what
   * `of` picks.
   */
  items<T = unknown>(url: string | URL, init?: ItemsInit<T>): AsyncGenerator<T, void, void>;
  /**
   * Works on many items, several at a time, and gives the results in the order of the items. A
   * notebook or a terminal shows how far it is. The items are taken as they are needed, so they may
   * be far more than fit into memory; the results may not: let `fn` save what is large.
   *
   * @param items a list, or anything to iterate over, asynchronously too
   * @param fn what to do with one item; requests of the session it is given end when the work stops
   * @param options see {@linkcode MapOptions}
   * @throws {AuthError} `invalid_argument`; `aborted`, or `timeout` for a signal of that kind;
   * `cancelled` for the stop button; and the first error of `fn`, when that stops the work
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
  /** The same, going on after failures: every item's outcome, as of `Promise.allSettled`. */
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions & { onError: "collect" },
  ): Promise<PromiseSettledResult<Awaited<R>>[]>;
  /** The same with options that were put together elsewhere: `onError` decides what comes back. */
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions,
  ): Promise<Awaited<R>[] | PromiseSettledResult<Awaited<R>>[]>;
  /**
   * Checks everything this session depends on: credentials, files, token, clock, proxy and
   * certificate settings, and whether the servers respond. It sends no secret.
   *
   * @param options `signal` ends the wait; the report says what was not checked
   * @returns a report that shows as a card or as text, with what to do next
   */
  doctor(options?: { signal?: AbortSignal | undefined }): Promise<DoctorReport>;
  /**
   * Signs out: revokes the tokens at the server (RFC 7009), then removes the saved token. The app
   * credentials stay; `forgetCredentials` removes those.
   *
   * @param options `signal` ends the wait
   * @returns what became of each token; a server's failure is in its `problems` and is not thrown
   */
  logout(options?: { signal?: AbortSignal | undefined }): Promise<LogoutReport>;
  /** The system's name, such as `"spatiafi"`. */
  readonly provider: string;
  /** The system's name for people. */
  readonly title: string;
  /** Base URL of the API. */
  readonly apiUrl: string;
  /**
   * Who is signed in: the username, the subject of the `id_token`, the name of an account that is not the
   * usual one, or the client ID. `undefined` after {@linkcode Session.logout}.
   */
  readonly account: string | undefined;
  /**
   * Where the credentials came from, in words: `"passed in code"`, the names of environment variables,
   * or the path of the file they are saved in.
   */
  readonly source: string;
  /** The scopes of the token as the server names them (RFC 6749 section 3.3), else those asked for. */
  readonly scope: string | undefined;
  /** When the access token expires; it is renewed before that. `undefined` after signing out. */
  readonly expiresAt: Date | undefined;
  /** Why the token, or what was typed, could not be saved. The session then works from memory. */
  readonly storeProblem: AuthError | undefined;
  /** What may be shown of a session. */
  toJSON(): Record<string, unknown>;
  /** The session in one line. */
  toString(): string;
}
