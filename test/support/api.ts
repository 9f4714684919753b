import { createApiCall } from "../../src/http/api_call.ts";
import { type ApiFetchOptions, createApiFetch, type Fetch } from "../../src/http/api_fetch.ts";
import type { Provider } from "../../src/providers/provider.ts";
import { resolveSystem } from "../../src/providers/system.ts";
import type { TokenKeeper } from "../../src/renewal/token_keeper.ts";
import { type Clock, fakeClock, makeKeeper, plainProvider } from "./parts.ts";
import { type FakeServer, fakeServer, type Respond, tokenAnswer } from "./fake_server.ts";

/** A session's `fetch`, and the servers it talks to. */
export interface FakeApi {
  session: { fetch: Fetch };
  auth: FakeServer;
  api: FakeServer;
  clock: Clock;
  keeper: TokenKeeper;
}

/** A session's `fetch` between a fake authorization server and a fake API at `https://api.example.com`. */
export function fakeApi(
  respond: Respond,
  options: {
    provider?: Provider;
    origins?: string[];
    timeout?: number;
    dpop?: boolean;
    more?: Partial<ApiFetchOptions>;
  } = {},
): FakeApi {
  const provider = options.provider ?? plainProvider();
  const clock = fakeClock();
  const members = options.dpop ? { token_type: "DPoP" } : {};
  const auth = fakeServer((_, number) => tokenAnswer(number, members));
  const { keeper } = makeKeeper(auth.fetch, { clock, dpop: options.dpop === true });
  const api = fakeServer(respond);
  const session = {
    fetch: createApiFetch({
      system: resolveSystem(provider, {}, {}, options.origins ?? []),
      tokens: keeper,
      fetch: api.fetch,
      timeout: options.timeout ?? 2_000,
      now: clock,
      clock: { offset: 0 },
      loadCall: () => Promise.resolve({ createApiCall }),
      ...options.more,
    }),
  };
  return { session, auth, api, clock, keeper };
}

/** A redirect. */
export function redirect(location: string, status = 302): Response {
  return new Response(null, { status, headers: { location } });
}
