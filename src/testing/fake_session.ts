import { map } from "../bulk/map.ts";
import { AuthError } from "../errors.ts";
import { prepareRequest } from "../http/api_request.ts";
import { items, json, pages, verify } from "../http/read_api.ts";
import type { Fetch, MapItems, MapOptions } from "../interface/options.ts";
import type { MapFunction, Session } from "../interface/session.ts";
import { withDefaults } from "../providers/define_provider.ts";
import { resolveSystem } from "../providers/system.ts";
import { currentRuntime } from "../runtime/current.ts";

/** Responds to the requests of a fake session, as the API would. */
export type FakeHandler = (request: Request) => Response | Promise<Response>;

/** How long a page may take, in milliseconds. */
const TIMEOUT = 10_000;

/**
 * A session for tests. A function gets the requests, with a worthless token; there is no server and no
 * file. It refuses other origins, and reads JSON and pages as a real session does. It does not retry.
 *
 * @param handler responds to every request
 * @param partial members to replace, such as `{ apiUrl: "https://api.spatiafi.com/" }`
 *
 * @example Test your own program
 * ```ts
 * import { fakeSession } from "@onecell/auth/testing";
 *
 * const session = fakeSession(() => new Response("busy", { status: 429 }));
 * const response = await session.fetch("/api/info");
 * if (response.status !== 429) throw new Error("the fake did not respond");
 * ```
 */
export function fakeSession(handler: FakeHandler, partial: Partial<Session> = {}): Session {
  const apiUrl = partial.apiUrl ?? "https://api.example.com/";
  const name = partial.provider ?? "fake";
  const provider = withDefaults({ name, title: partial.title ?? "Fake", apiUrl });
  const system = resolveSystem(provider, {}, {});
  let token: string | undefined = "fake-token-1";
  let renewals = 1;
  const tokenNow = (): string => {
    if (token !== undefined) return token;
    throw new AuthError(
      "login_required",
      "You signed out of this session. Call fakeSession again.",
    );
  };
  const fetch: Fetch = async (input, init) => {
    init?.signal?.throwIfAborted();
    const plain = { system, fetch: globalThis.fetch };
    const { url, headers, init: rest, signal } = await prepareRequest(plain, input, init);
    const request = new Request(url, {
      ...rest,
      headers: { ...headers, authorization: `Bearer ${tokenNow()}` },
      ...(signal ? { signal } : {}),
    });
    return await handler(request);
  };
  const api = () => ({ system, fetch: session.fetch as typeof globalThis.fetch, timeout: TIMEOUT });
  const work = async <T, R>(
    list: MapItems<T>,
    fn: MapFunction<T, R>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[] | PromiseSettledResult<Awaited<R>>[]> =>
    await map(list, fn, { progress: false, ...options }, {
      title: provider.title,
      fetch: session.fetch,
      view: (fetch): Session => Object.create(session, { fetch: { value: fetch } }),
      runtime: await currentRuntime(),
      kernel: null,
    });
  const session: Session = {
    provider: name,
    title: provider.title,
    apiUrl: system.apiUrl.href,
    get account() {
      return token && "fake-account";
    },
    source: "fakeSession",
    scope: undefined,
    get expiresAt() {
      return token === undefined ? undefined : new Date(Date.now() + 3_600_000);
    },
    storeProblem: undefined,
    fetch,
    json: (url, init) => json(api(), url, init),
    token: () => Promise.resolve().then(tokenNow),
    claims: () => Promise.resolve(undefined),
    refresh: () =>
      Promise.resolve().then(() => {
        tokenNow();
        token = `fake-token-${++renewals}`;
      }),
    verify: (options = {}) => verify(api(), { ...options, url: options.url ?? "/" }),
    pages: (url, init) => pages(api(), url, init),
    items(url, { of, ...init } = {}) {
      return items(session.pages(url, init), of);
    },
    map: work as Session["map"],
    doctor: () =>
      Promise.resolve({
        ok: true,
        findings: [],
        toJSON: () => ({ ok: true }),
        toString: () => `${provider.title}: no problems found`,
      }),
    logout() {
      const removed = token !== undefined;
      token = undefined;
      return Promise.resolve({
        refreshToken: "none",
        accessToken: removed ? "unsupported" : "none",
        removed,
        problems: [],
      });
    },
    toJSON: () => ({ provider: name, account: session.account, apiUrl: session.apiUrl }),
    toString: () => `Session(${name}, fake)`,
  };
  return Object.defineProperties(session, Object.getOwnPropertyDescriptors(partial)) as Session;
}
