import type { DoctorReport } from "./doctor/doctor_report.ts";
import { AuthError } from "./errors.ts";
import { createApiFetch } from "./http/api_fetch.ts";
import type { System } from "./providers/system.ts";
import type { TokenKeeper } from "./renewal/token_keeper.ts";
import type { LogoutReport } from "./renewal/logout.ts";
import type { MapFunction, MapItems, MapOptions } from "./bulk/map.ts";
import type { GrantParts } from "./grants/grant.ts";
import type { TokenStore } from "./store/store.ts";

/** What a session is made of. */
export interface SessionParts {
  system: System;
  keeper: TokenKeeper;
  store: TokenStore;
  key: string;
  /** The folder of credentials and tokens, where there is one. */
  directory: string | undefined;
  /** Where the credentials came from, for people. */
  source: string;
  /** Why what was typed is not saved, if it should be. */
  unsaved?: AuthError | undefined;
  /** The user name, where the credentials have one. */
  account: string | undefined;
  grantParts: GrantParts;
  fetch: typeof fetch;
  /** The `fetch` of the session this one is a view of. */
  apiFetch?: typeof fetch;
  /** How long one API request may take, in milliseconds. */
  timeout: number;
  now: () => number;
}

let readParts: (session: Session) => SessionParts;

/** What a session is made of, secrets included. Not exported by the module. */
export function partsOf(session: Session): SessionParts {
  return readParts(session);
}

/**
 * A signed-in session: a `fetch` that carries the token and keeps it fresh.
 *
 * It shows no secret, however it is printed. Make one with `getSession`.
 */
export class Session {
  readonly #parts: SessionParts;
  readonly #fetch: typeof fetch;

  static {
    readParts = (session) => session.#parts;
  }

  /**
   * Made by `getSession`.
   *
   * @param parts what it has put together
   */
  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#fetch = parts.apiFetch ?? createApiFetch({
      system: parts.system,
      tokens: parts.keeper,
      fetch: parts.fetch,
      timeout: parts.timeout,
      now: parts.now,
      clock: parts.grantParts.clock,
    });
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
    return this.#fetch;
  }

  /** The provider's name, such as `"spatiafi"`. */
  get provider(): string {
    return this.#parts.system.provider.name;
  }

  /** Base URL of the API. */
  get apiUrl(): string {
    return this.#parts.system.apiUrl.href;
  }

  /** Who is signed in: the user name, what the `id_token` names, or the client id. */
  get account(): string {
    const { account, keeper, grantParts } = this.#parts;
    return account ?? keeper.token?.account ?? grantParts.values["client_id"] ?? "unknown";
  }

  /**
   * Where the credentials came from, in words: the options, the names of environment variables, a
   * file's path, or what was typed.
   */
  get source(): string {
    return this.#parts.source;
  }

  /** When the access token expires; it is renewed before that. The epoch after {@linkcode logout}. */
  get expiresAt(): Date {
    const seconds = this.#parts.keeper.token?.expires_at ?? 0;
    // A file may say anything; a `Date` ends there.
    return new Date(Math.max(-8.64e15, Math.min(seconds * 1000, 8.64e15)));
  }

  /** The scopes of the token as the server names them (RFC 6749 section 3.3), else those asked for. */
  get scope(): string | undefined {
    return this.#parts.keeper.token?.scope ?? this.#parts.grantParts.scope;
  }

  /** Why the token, or what was typed, could not be saved, or `undefined`; the session works from memory then. */
  get storeProblem(): AuthError | undefined {
    // A token can be had again; credentials may not.
    return this.#parts.unsaved ?? this.#parts.keeper.storeProblem;
  }

  /**
   * The claims of the `id_token`, else of the access token (RFC 7519), unverified: to read, not to
   * trust. `undefined` for opaque tokens.
   */
  get claims(): Promise<Record<string, unknown> | undefined> {
    const token = this.#parts.keeper.token;
    return import("./token/token_response.ts").then(({ claimsOf }) =>
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
    return (await stoppable(this.#parts.keeper.fresh(signal), signal)).access_token;
  }

  /**
   * Gets a new token now, even if the present one is still good.
   *
   * @param options `signal` ends the wait
   * @throws {AuthError} what the renewal met, as {@linkcode Session.token}
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<void> {
    await stoppable(this.#parts.keeper.refresh(options.signal), options.signal);
  }

  /**
   * Asks the API's probe whether the session works.
   *
   * @param options `signal` ends the wait
   * @throws {AuthError} `api_error` with the status, `unsupported` when the provider has no probe, and
   * what {@linkcode Session.fetch} met; `aborted`, or `timeout` for a signal of that kind
   */
  async verify(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { verify } = await import("./http/verify.ts");
    await stoppable(verify(this.#parts.system, this.#fetch, options.signal), options.signal);
  }

  /**
   * Looks at everything this session stands on: credentials, files, token, clock, proxy and
   * certificate settings, and whether the servers answer. It sends no secret.
   *
   * @param options `signal` ends the wait: what was not asked is in the report
   * @returns a report that shows as a card or as text, with what to do next
   */
  async doctor(options: { signal?: AbortSignal } = {}): Promise<DoctorReport> {
    const { examineSession } = await import("./doctor/examine_session.ts");
    return await examineSession(this.#parts, options.signal);
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
    const { pages } = await import("./http/pages.ts");
    yield* pages<T>(this.#parts.system, this.#fetch, url, init, this.#parts.timeout);
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
    return await (await import("./bulk/map.ts")).map(this, items, fn, options);
  }

  /**
   * Ends the session: the server is told (RFC 7009), then the saved token is removed. The app
   * credentials stay; `forgetCredentials` removes those.
   *
   * @returns what became of each token; a server that fails is in its `problems`, nothing is thrown
   */
  async logout(): Promise<LogoutReport> {
    return await (await import("./renewal/logout.ts")).logout(this.#parts);
  }

  /** What may be shown of a session. */
  toJSON(): Record<string, unknown> {
    return {
      provider: this.provider,
      account: this.account,
      source: this.source,
      apiUrl: this.apiUrl,
      expiresAt: this.#parts.keeper.token ? this.expiresAt.toISOString() : null,
    };
  }

  /** One line, for text. */
  toString(): string {
    const until = this.#parts.keeper.token ? `until ${this.expiresAt.toISOString()}` : "signed out";
    return `Session(${this.provider}, ${this.account}, ${until})`;
  }

  /** The card a notebook shows for a session that ends a cell. */
  async [Symbol.for("Jupyter.display")](): Promise<Record<string, string>> {
    const { sessionCard } = await import("./renewal/session_card.ts");
    return await sessionCard(this, this.#parts.system.provider.title, this.#parts.now());
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

/** A `fetch` rejects with the signal's own reason; everything else here with an error of ours. */
async function stoppable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!signal?.aborted || error instanceof AuthError) throw error;
    throw (await import("./http/retry.ts")).abortReason(signal);
  }
}
