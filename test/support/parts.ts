import { checkProvider, type ProviderInput } from "../../src/providers/define_provider.ts";
import type { GrantContext } from "../../src/grants/grant.ts";
import type { Provider } from "../../src/providers/provider.ts";
import type { Store, StoredToken } from "../../src/store/store.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import { renew, type RenewalSetup } from "../../src/renewal/renewal.ts";
import { TokenKeeper } from "../../src/renewal/token_keeper.ts";

/** A provider with endpoints and without discovery. */
export function plainProvider(input: Partial<ProviderInput> = {}): Provider {
  return checkProvider({
    name: "plain",
    apiUrl: "https://api.example.com/",
    authUrl: "https://auth.example.com",
    endpoints: { token: "/token", authorization: "/authorize", deviceAuthorization: "/device" },
    ...input,
  });
}

/** The parts of one exchange, as `getSession` builds them. */
export function grantParts(
  fetch: typeof globalThis.fetch,
  extra: Partial<GrantContext> & { provider?: Provider } = {},
): GrantContext {
  const { provider = plainProvider(), ...rest } = extra;
  return {
    system: rest.system ?? resolveSystem(provider, {}, {}),
    values: { client_id: "client", client_secret: "the-client-secret" },
    scope: provider.scope,
    openFetch: () => ({ fetch, close() {} }),
    timeout: 2_000,
    now: Date.now,
    clock: { offset: 0 },
    discovered: {},
    ...rest,
  };
}

/** A store that a test can inspect, and make fail. */
export interface FakeStore extends Store {
  readonly tokens: Map<string, StoredToken>;
  /** What happened, in order. */
  readonly log: string[];
  /** Thrown by the next writes. */
  writeError: Error | undefined;
  /** Thrown instead of acquiring the lock. */
  lockError: Error | undefined;
}

/** Keeps tokens in a map, and records the calls. */
export function fakeStore(): FakeStore {
  const tokens = new Map<string, StoredToken>();
  const log: string[] = [];
  const store: FakeStore = {
    tokens,
    log,
    writeError: undefined,
    lockError: undefined,
    read(key) {
      log.push("read");
      return Promise.resolve(tokens.get(key) ?? null);
    },
    write(key, token) {
      log.push("write");
      if (store.writeError) return Promise.reject(store.writeError);
      tokens.set(key, token);
      return Promise.resolve();
    },
    remove: (key) => Promise.resolve(tokens.delete(key)),
    async exclusive(_key, action) {
      if (store.lockError) throw store.lockError;
      log.push("lock");
      try {
        return await action();
      } finally {
        log.push("unlock");
      }
    },
    location: () => Promise.resolve(null),
    kept: "disk",
    shared: false,
    problem: undefined,
    readStrictly: (key) => Promise.resolve(tokens.get(key) ?? null),
    beginRefresh() {
      log.push("begin");
      return Promise.resolve("go");
    },
    endRefresh(_token, rotated) {
      log.push(rotated ? "rotated" : "not rotated");
      return Promise.resolve();
    },
  };
  return store;
}

/** A clock that moves only when a test moves it. */
export interface Clock {
  (): number;
  /** Moves it forward, in milliseconds. */
  move(milliseconds: number): void;
}

/** Makes a clock. It starts at the real time, so that a library's own clock is close. */
export function fakeClock(): Clock {
  let at = Date.now();
  return Object.assign(() => at, { move: (milliseconds: number) => void (at += milliseconds) });
}

/** The options for a keeper. */
export interface KeeperScript {
  clock?: Clock;
  dpop?: boolean;
  /** `null` for a grant that needs a person. */
  silent?: null;
}

/** A keeper with a fake server, store and clock. */
export function makeKeeper(
  fetch: typeof globalThis.fetch,
  { clock = fakeClock(), dpop = false, silent }: KeeperScript = {},
): { keeper: TokenKeeper; store: FakeStore; clock: Clock; setup: RenewalSetup } {
  const store = fakeStore();
  const provider = plainProvider({
    dpop,
    ...(silent === null ? { grant: "authorization_code" } : {}),
  });
  const grants = grantParts(fetch, { now: clock });
  const setup: RenewalSetup = {
    key: "key",
    store,
    provider,
    grants,
    signIn: () => Promise.reject(new Error("nobody was to be asked")),
    now: clock,
  };
  const keeper = new TokenKeeper({
    key: "key",
    store,
    values: grants.values,
    bound: dpop,
    renew: (held, options) => renew(setup, held, options),
    foreign: () => Promise.resolve(null),
    now: clock,
  });
  return { keeper, store, clock, setup };
}

/** A saved token. */
export function savedTokenOf(clock: Clock, members: Partial<StoredToken> = {}): StoredToken {
  const now = clock() / 1000;
  return {
    version: 1,
    key: "key",
    access_token: "saved-access-token",
    token_type: "bearer",
    expires_at: now + 900,
    obtained_at: now,
    ...members,
  };
}
