import { localTime, shortenHome } from "./base/text.ts";
import { sourceText } from "./credentials/choose_credentials.ts";
import type { Api } from "./http/read_answer.ts";
import { abortReason, AuthError, showCaller } from "./errors.ts";
import type { Fetch, MapItems, MapOptions } from "./interface/options.ts";
import type { DoctorReport, LogoutReport, ScanReport } from "./interface/report.ts";
import type { Claims, ItemsInit, JsonInit, MapFunction, Session } from "./interface/session.ts";
import { accountOf, type Connection, personOf, renewsItself } from "./renewal/connection.ts";
import { accountInUse } from "./profile/profile.ts";
import type { ShownSession } from "./renewal/session_card.ts";
import { claimsOf } from "./token/token.ts";
import * as lazy from "./lazy.ts";

let readConnection: (session: OpenSession) => Connection;

/** Returns a session's connection and its secrets, in this copy of the module. Not part of the public API. */
export function connectionOf(session: Session): Connection {
  return readConnection(session as OpenSession);
}

/** Scans for the secrets of a session from any copy of this module: see {@linkcode scanWith}. */
const SCAN = Symbol.for("@onecell/auth/session");

/** A session on top of its connection. The interface documents its members. */
export class OpenSession implements Session {
  readonly #connection: Connection;

  static {
    readConnection = (session) => session.#connection;
  }

  /** @param connection from `getSession` */
  constructor(connection: Connection) {
    this.#connection = connection;
    // `console.table` shows only an object's own properties.
    for (const name of ["provider", "account", "expiresAt"]) {
      const property = Object.getOwnPropertyDescriptor(OpenSession.prototype, name) ?? {};
      Object.defineProperty(this, name, { ...property, enumerable: true });
    }
  }

  get fetch(): Fetch {
    return this.#connection.fetch;
  }

  get provider(): string {
    return this.#connection.system.provider.name;
  }

  get title(): string {
    return this.#connection.system.provider.title;
  }

  get apiUrl(): string {
    return this.#connection.system.apiUrl.href;
  }

  get account(): string | undefined {
    const { keeper } = this.#connection;
    return keeper.token ? accountOf(this.#connection) : undefined;
  }

  get source(): string {
    const { profile, sources } = this.#connection;
    return shortenHome(sourceText(sources), profile.runtime.homeDirectory());
  }

  get expiresAt(): Date | undefined {
    const seconds = this.#connection.keeper.token?.expires_at;
    // A file may hold any number, but a `Date` has limits.
    return seconds === undefined
      ? undefined
      : new Date(Math.max(-8.64e15, Math.min(seconds * 1000, 8.64e15)));
  }

  get scope(): string | undefined {
    return this.#connection.keeper.token?.scope ?? this.#connection.grants.scope;
  }

  get storeProblem(): AuthError | undefined {
    // A new token can be requested; lost credentials cannot be restored.
    return this.#connection.unsaved ?? this.#connection.keeper.storeProblem;
  }

  claims(): Promise<Claims | undefined> {
    const { token } = this.#connection.keeper;
    return Promise.resolve(token ? claimsOf(token.id_token ?? token.access_token) : undefined);
  }

  async token(
    options: { signal?: AbortSignal | undefined; minLifetime?: number | undefined } = {},
  ): Promise<string> {
    const { signal, minLifetime = 0 } = checked(options, "token", TOKEN_OPTIONS);
    return (await stoppable(freshFor(this.#connection, minLifetime, signal), signal)).access_token;
  }

  async refresh(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = checked(options, "refresh", SIGNAL);
    await stoppable(this.#connection.keeper.refresh(signal), signal);
  }

  async verify(
    options: { signal?: AbortSignal | undefined; url?: string | URL | undefined } = {},
  ): Promise<void> {
    const { signal, url } = checked(options, "verify", VERIFY_OPTIONS);
    const { verify } = await lazy.readApi();
    await stoppable(verify(this.#api(), { url, signal }), signal);
  }

  async doctor(options: { signal?: AbortSignal | undefined } = {}): Promise<DoctorReport> {
    const { signal } = checked(options, "doctor", SIGNAL);
    const { examineSession } = await lazy.doctor();
    return await this.#untilStopped(() => examineSession(this.#connection, signal));
  }

  async json<T = unknown>(url: string | URL, init?: JsonInit): Promise<T> {
    if (init?.body && Object.getPrototypeOf(init.body) === Object.prototype) {
      throw new AuthError(
        "invalid_argument",
        "session.json: an object cannot be a body. Pass it as json: { … } to send it as JSON.",
      );
    }
    const { json } = await lazy.readApi();
    return await stoppable(json<T>(this.#api(), url, init), init?.signal ?? undefined);
  }

  async *pages<T = unknown>(
    url: string | URL,
    init?: RequestInit,
  ): AsyncGenerator<T, void, void> {
    const { pages } = await lazy.readApi();
    yield* each(pages<T>(this.#api(), url, init), init?.signal ?? undefined);
  }

  async *items<T = unknown>(
    url: string | URL,
    init?: ItemsInit<T>,
  ): AsyncGenerator<T, void, void> {
    const { of, ...rest } = init ?? {};
    const { items } = await lazy.readApi();
    yield* items<T>(this.pages(url, rest), of);
  }

  /** How to read the API's responses. */
  #api(): Api {
    const { system, fetch, timeout, keeper, interruptible } = this.#connection;
    const secrets = () => {
      const { access_token, refresh_token, id_token } = keeper.token ?? {};
      return [access_token, refresh_token, id_token, keeper.values["client_secret"]]
        .filter((secret) => secret !== undefined);
    };
    return { system, fetch, timeout, secrets, interruptible };
  }

  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options?: MapOptions & { onError?: "stop" | undefined },
  ): Promise<Awaited<R>[]>;
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions & { onError: "collect" },
  ): Promise<PromiseSettledResult<Awaited<R>>[]>;
  map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions,
  ): Promise<Awaited<R>[] | PromiseSettledResult<Awaited<R>>[]>;
  async map<T, R>(
    items: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[] | PromiseSettledResult<Awaited<R>>[]> {
    const connection = this.#connection;
    const own = (fetch: Fetch) => new OpenSession({ ...connection, fetch });
    const { map } = await lazy.bulk();
    return await map(items, fn, options, {
      title: connection.system.provider.title,
      fetch: connection.fetch,
      view: own,
      runtime: connection.profile.runtime,
    });
  }

  async logout(options: { signal?: AbortSignal | undefined } = {}): Promise<LogoutReport> {
    const { signal } = checked(options, "logout", SIGNAL);
    const { logout } = await lazy.logout();
    if (signal?.aborted) throw abortReason(signal);
    // A sign-out that has begun finishes.
    const ended = this.#untilStopped(() => logout(this.#connection, signal));
    return await stoppable(ended, signal);
  }

  #untilStopped<T>(work: () => Promise<T>): Promise<T> {
    return this.#connection.interruptible?.(work) ?? work();
  }

  toJSON(): Record<string, unknown> {
    return {
      provider: this.provider,
      account: this.account,
      source: this.source,
      apiUrl: this.apiUrl,
      expiresAt: this.expiresAt?.toISOString(),
    };
  }

  toString(): string {
    const { account, expiresAt } = this;
    if (!expiresAt) return `Session(${this.provider}, signed out)`;
    const expires = localTime(expiresAt.getTime(), this.#connection.now());
    return `Session(${this.provider}, ${account}, expires ${expires})`;
  }

  /** The card that a notebook shows if the session is a cell's last value. */
  async [Symbol.for("Jupyter.display")](): Promise<Record<string, string>> {
    const { sessionCard } = await lazy.sessionCard();
    return await sessionCard(this, shownOf(this.#connection, this), this.#connection.now());
  }

  /** Scans a notebook for this session's secrets without exposing them. */
  async [SCAN](file: string | URL, directory: string | undefined): Promise<ScanReport> {
    const { profile: { provider, folder }, keeper: { values, token } } = this.#connection;
    const { scanFile } = await lazy.scan();
    return await scanFile(file, { provider, folder: directory ?? folder, values, token });
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

/**
 * Returns the function that scans a notebook for a session's secrets, from any copy of the module.
 *
 * @returns `undefined` if the value is not such a session
 */
export function scanWith(
  session: unknown,
): ((file: string | URL, directory: string | undefined) => Promise<ScanReport>) | undefined {
  if (typeof session !== "object" || session === null) return undefined;
  const scan: unknown = Reflect.get(session, SCAN);
  return typeof scan === "function" ? scan.bind(session) : undefined;
}

/** The details of a session that its card shows. */
export function shownOf(connection: Connection, session: Session): ShownSession {
  const { keeper, profile, sources } = connection;
  return {
    title: session.title,
    person: personOf(connection),
    client: keeper.values["client_id"],
    account: accountInUse(profile),
    sources,
    apiUrl: session.apiUrl,
    expiresAt: keeper.token ? session.expiresAt : undefined,
    renews: renewsItself(connection),
    isSaved: session.storeProblem === undefined,
    home: profile.runtime.homeDirectory(),
  };
}

/** Returns a token that is valid for at least this many seconds. It renews at most once. */
export async function freshFor(
  { keeper, now, system }: Connection,
  seconds: number,
  signal: AbortSignal | undefined,
): ReturnType<Connection["keeper"]["fresh"]> {
  const left = ({ expires_at }: { expires_at: number }) => expires_at - now() / 1000;
  const token = await keeper.fresh(signal);
  if (left(token) >= seconds) return token;
  const renewed = await keeper.refresh(signal);
  if (left(renewed) >= seconds) return renewed;
  throw new AuthError(
    "unsupported",
    `${system.provider.title} issues tokens for ${Math.floor(left(renewed))} seconds, less ` +
      `than the option minLifetime of ${seconds}. Lower it.`,
  );
}

const SIGNAL = ["signal"] as const;
const TOKEN_OPTIONS = ["signal", "minLifetime"] as const;
const VERIFY_OPTIONS = ["signal", "url"] as const;

/** Refuses unknown options, because a mistyped one would be ignored. */
function checked<T extends object>(options: T, caller: string, known: readonly string[]): T {
  const refuse = (problem: string) =>
    new AuthError("invalid_argument", `session.${caller}: ${problem}`);
  if (typeof options !== "object" || options === null) {
    throw refuse("the options must be an object.");
  }
  const { signal, minLifetime } = options as Record<string, unknown>;
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw refuse(`unknown option "${unknown}". Known: ${known.join(", ")}.`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw refuse('"signal" must be an AbortSignal.');
  }
  if (minLifetime !== undefined && !(typeof minLifetime === "number" && minLifetime >= 0)) {
    throw refuse('"minLifetime" must be a number of seconds.');
  }
  return options;
}

/** `fetch` rejects with the signal's own reason. Everything else rejects with our own error. */
async function stoppable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asOurs(error, signal);
  }
}

/** The same for an async generator. */
async function* each<T>(
  work: AsyncGenerator<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, void> {
  try {
    yield* work;
  } catch (error) {
    throw asOurs(error, signal);
  }
}

function asOurs(error: unknown, signal: AbortSignal | undefined): unknown {
  const ours = signal?.aborted && !AuthError.is(error) ? abortReason(signal) : error;
  if (AuthError.is(ours)) showCaller(ours);
  return ours;
}
