import type { ApiCall, createApiCall } from "./api_call.ts";
import { type FirstAttempt, type Interruptible, Wire, type WireOptions } from "./wire.ts";

export type { FetchLike, Interruptible, TokenSource } from "./wire.ts";

/** A `fetch` without a runtime's own additions. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** What {@linkcode createApiFetch} needs. */
export interface ApiFetchOptions extends WireOptions {
  /** Loads the code for every call that is not a plain GET with a good response. */
  loadCall: () => Promise<{ createApiCall: typeof createApiCall }>;
  /** Lets the stop button end the wait for a response; only given in a kernel. */
  interruptible?: Interruptible | undefined;
}

/** True for a path that URL parsers cannot read as `//host`, even after they drop white space. */
function isPlainPath(input: string): boolean {
  return input.startsWith("/") && !(input.length > 1 && "/\\\t\n\r".includes(input.charAt(1)));
}

/**
 * Creates a session's `fetch`: it resolves relative URLs, sends the token only where it belongs,
 * renews once after a 401, and limits attempts and time.
 *
 * This file has the fast path, a plain GET with a good response; everything else is `api_call.ts`.
 */
export function createApiFetch(options: ApiFetchOptions): Fetch {
  const { system, tokens, loadCall, interruptible } = options;
  const { origin } = system.apiUrl;
  const { refusedPaths, dpop } = system.provider;
  const plain = refusedPaths === undefined && dpop !== true;
  // Another package's `fetch` needs the method. The runtime's own is a little faster without it.
  const named = options.fetch !== globalThis.fetch;
  const wire = new Wire(options);
  let loaded: Promise<ApiCall> | undefined;

  async function fetch(
    input: string | URL | Request,
    init?: RequestInit,
    stop?: AbortSignal,
  ): Promise<Response> {
    const token = tokens.current();
    // Nearly every call is a plain GET by path and needs no further checks: appended to the API's
    // origin, such a path cannot name another origin. Keep this path cheap.
    let first: FirstAttempt | undefined;
    if (
      plain && init === undefined && typeof input === "string" && isPlainPath(input) &&
      token !== null && token.dpop_key === undefined
    ) {
      const get: RequestInit = { headers: wire.headersOf(token) };
      if (named) get.method = "GET";
      const sent = wire.send(origin + input, get, stop);
      try {
        const response = await sent;
        if (response.status < 300) {
          wire.prove(token);
          return response;
        }
      } catch { /* `api_call.ts` judges it, like any first attempt */ }
      first = { token, sent };
    }
    loaded ??= loadCall().then(({ createApiCall }) => createApiCall(wire));
    return await (await loaded)(input, init, { first, stop });
  }

  if (interruptible === undefined) return (input, init) => fetch(input, init);
  return (input, init) => interruptible((stop) => fetch(input, init, stop));
}
