import type { MapItems, MapOptions } from "./bulk/map.ts";
import { sourceText } from "./credentials/choose_credentials.ts";
import type { DoctorReport } from "./doctor/doctor_report.ts";
import { abortReason, AuthError } from "./errors.ts";
import type { Api } from "./http/read_answer.ts";
import * as lazy from "./lazy.ts";
import { accountOf, type Connection } from "./renewal/connection.ts";
import type { LogoutReport } from "./renewal/logout.ts";
import type { ShownSession } from "./renewal/session_card.ts";

let readConnection: (session: Session) => Connection;

/** What a session stands on, secrets included. Not exported by the module. */
export function connectionOf(session: Session): Connection {
  return readConnection(session);
}

/** What to do with one item of `Session.map`. */
export type MapFunction<T, R> = (item: T, session: Session, index: number) => R | PromiseLike<R>;

/**
 * A signed-in session: a `fetch` that carries the token and keeps it fresh.
 *
 * It shows no secret, however it is printed. Make one with `getSession`.
 */
export class Session {
  readonly #connection: Connection;

  static {
    readConnection = (session) => session.#connection;
  }

  /**
   * Made by `getSession`.
   *
   * @param connection what it has put together
   */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

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
  get fetch(): typeof fetch {
    return this.#connection.fetch;
  }

  /** The provider's name, such as `"spatiafi"`. */
  get provider(): string {
    return this.#connection.system.provider.name;
  }

  /** Base URL of the API. */
  get apiUrl(): string {
    return this.#connection.system.apiUrl.href;
  }

  /** Who is signed in: the user name, what the `id_token` names, or the client id. */
  get account(): string {
    return accountOf(this.#connection) ?? "unknown";
  }

  /**
   * Where the credentials came from, in words: the options, the names of environment variables, a
   * file's path, or what was typed.
   */
  get source(): string {
    return sourceText(this.#connection.sources);
  }

  /** When the access token expires; it is renewed before that. The epoch after {@linkcode logout}. */
  get expiresAt(): Date {
    const seconds = this.#connection.keeper.token?.expires_at ?? 0;
    // A file may say anything; a `Date` ends there.
    return new Date(Math.max(-8.64e15, Math.min(seconds * 1000, 8.64e15)));
  }

  /** The scopes of the token as the server names them (RFC 6749 section 3.3), else those asked for. */
  get scope(): string | undefined {
    return this.#connection.keeper.token?.scope ?? this.#connection.grants.scope;
  }

  /** Why the token, or what was typed, could not be saved, or `undefined`; the session works from memory then. */
  get storeProblem(): AuthError | undefined {
    // A token can be had again; credentials may not.
    return this.#connection.unsaved ?? this.#connection.keeper.storeProblem;
  }

  /**
   * The claims of the `id_token`, else of the access token (RFC 7519), unverified: to read, not to
   * trust. `undefined` for opaque tokens.
   */
  get claims(): Promise<Record<string, unknown> | undefined> {
    const token = this.#connection.keeper.token;
    return lazy.claims().then(({ claimsOf }) =>
      token ? claimsOf(token.id_token ?? token.access_token) : undefined
    );
  }

  /**
   * The access token, renewed if need be. It is a secret: keep it out of outputs.
   *
   * @param options `signal` ends the wait
   * @throws {AuthError} what a renewal met, such as `network`, `session_expired`,
   * `credentials_missing`; `aborted`, or `timeout` for a signal of that kind
   */
  async token(options: { signal?: AbortSignal } = {}): Promise<string> {
    const { signal } = options;
    return (await stoppable(this.#connection.keeper.fresh(signal), signal)).access_token;
  }

  /**
   * Gets a new token now, even if the present one is still good.
   *
   * @param options `signal` ends the wait
   * @throws {AuthError} what the renewal met, as {@linkcode Session.token}
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<void> {
    await stoppable(this.#connection.keeper.refresh(options.signal), options.signal);
  }

  /**
   * Asks the API's probe whether the session works.
   *
   * @param options `signal` ends the wait
   * @throws {AuthError} `api_error` with the status, `unsupported` when the provider has no probe, and
   * what {@linkcode Session.fetch} met; `aborted`, or `timeout` for a signal of that kind
   */
  async verify(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { verify } = await lazy.verify();
    await verify(this.#api(), options);
  }

  /**
   * Looks at everything this session stands on: credentials, files, token, clock, proxy and
   * certificate settings, and whether the servers answer. It sends no secret.
   *
   * @param options `signal` ends the wait: what was not asked is in the report
   * @returns a report that shows as a card or as text, with what to do next
   */
  async doctor(options: { signal?: AbortSignal } = {}): Promise<DoctorReport> {
    return await (await lazy.doctor()).examineSession(this.#connection, options.signal);
  }

  /**
   * Follows an API's pages: `@odata.nextLink` (OData 4.01), and `Link` with `rel="next"` (RFC 8288).
   * Each page is its parsed JSON; it may take as long as its headers may.
   *
   * @param url the first page
   * @param init for every request
   * @throws {AuthError} `api_error` for an HTTP error, `bad_response` for a page that is not JSON or
   * links back to an earlier one, `foreign_origin` when one links elsewhere; else as `fetch`
   */
  async *pages<T = unknown>(url: string | URL, init?: RequestInit): AsyncGenerator<T> {
    const { pages } = await lazy.pages();
    yield* pages<T>(this.#api(), url, init);
  }

  /** What reads the API's answers. */
  #api(): Api {
    const { system, fetch, timeout, keeper } = this.#connection;
    const secrets = () => {
      const { access_token, refresh_token, id_token } = keeper.token ?? {};
      return [access_token, refresh_token, id_token, keeper.values["client_secret"]]
        .filter((secret) => secret !== undefined);
    };
    return { system, fetch, timeout, secrets };
  }

  /**
   * Works on many items, several at a time, and gives the results in the order of the items. A
   * notebook or a terminal shows how far it is. The items are taken as they are needed, so they may
   * be far more than fit into memory; so may not the results: let `fn` save what is large.
   *
   * @param items a list, or anything to iterate over, asynchronously too
   * @param fn what to do with one item; requests of the session it is given end when the work stops
   * @param options see {@linkcode MapOptions}
   * @throws {AuthError} `invalid_argument`; `aborted`, or `timeout` for a signal of that kind; and the
   * first error of `fn`, when that stops the work
   *
   * @example Many requests
   * ```ts
   * import { getSession } from "@onecell/auth";
   *
   * const s = await getSession("spatiafi");
   * const titles = await s.map(["a", "b", "c"], async (id, s) => {
   *   const response = await s.fetch(`/api/info?item_id=${id}`);
   *   return (await response.json()).title;
   * }, { concurrency: 4 });
   * ```
   */
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options?: MapOptions & { onError?: "stop" },
  ): Promise<R[]>;
  /** The same, going on after failures: every item's outcome, as of `Promise.allSettled`. */
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions & { onError: "collect" },
  ): Promise<PromiseSettledResult<R>[]>;
  /** The same with options that were put together elsewhere: `onError` decides what comes back. */
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions,
  ): Promise<R[] | PromiseSettledResult<R>[]>;
  async map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions = {},
  ): Promise<R[] | PromiseSettledResult<R>[]> {
    const connection = this.#connection;
    const own = (fetch: typeof globalThis.fetch) => new Session({ ...connection, fetch });
    const { map } = await lazy.bulk();
    return await map(items, fn, options, {
      title: connection.system.provider.title,
      fetch: connection.fetch,
      view: own,
      runtime: connection.profile.runtime,
    });
  }

  /**
   * Ends the session: the server is told (RFC 7009), then the saved token is removed. The app
   * credentials stay; `forgetCredentials` removes those.
   *
   * @returns what became of each token; a server that fails is in its `problems`, nothing is thrown
   */
  async logout(): Promise<LogoutReport> {
    return await (await lazy.logout()).logout(this.#connection);
  }

  /** What may be shown of a session. */
  toJSON(): Record<string, unknown> {
    return {
      provider: this.provider,
      account: this.account,
      source: this.source,
      apiUrl: this.apiUrl,
      expiresAt: this.#connection.keeper.token ? this.expiresAt.toISOString() : null,
    };
  }

  /** One line, for text. */
  toString(): string {
    const until = this.#connection.keeper.token
      ? `until ${this.expiresAt.toISOString()}`
      : "signed out";
    return `Session(${this.provider}, ${this.account}, ${until})`;
  }

  /** The card a notebook shows for a session that ends a cell. */
  async [Symbol.for("Jupyter.display")](): Promise<Record<string, string>> {
    const { sessionCard } = await lazy.sessionCard();
    return sessionCard(shownOf(this), this.#connection.now());
  }

  /** What `console.log` shows in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `console.log` shows in Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** What a card says of a session. */
export function shownOf(session: Session): ShownSession {
  const { system, keeper, profile } = connectionOf(session);
  return {
    title: system.provider.title,
    account: session.account,
    source: session.source,
    apiUrl: session.apiUrl,
    expiresAt: keeper.token ? session.expiresAt : undefined,
    isSaved: session.storeProblem === undefined,
    home: profile.runtime.homeDirectory(),
  };
}

/** A `fetch` rejects with the signal's own reason; everything else here with an error of ours. */
async function stoppable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!signal?.aborted || error instanceof AuthError) throw error;
    throw abortReason(signal);
  }
}
