import type { ApiCall, createApiCall } from "./api_call.ts";
import { type FirstAttempt, type Interruptible, Wire, type WireOptions } from "./wire.ts";

export type { FetchLike, Interruptible, TokenSource } from "./wire.ts";

/** A `fetch` without what a runtime adds to its own. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** What {@linkcode createApiFetch} needs. */
export interface ApiFetchOptions extends WireOptions {
  /** Loads what a call needs that is more than a plain GET with a good answer. */
  loadCall: () => Promise<{ createApiCall: typeof createApiCall }>;
  /** Lets the stop button end the wait for an answer; given in a kernel only. */
  interruptible?: Interruptible | undefined;
}

/** A slash, and not what URL parsers read, alone or without the white space, as the two of a host. */
function isPlainPath(input: string): boolean {
  return input.startsWith("/") && !(input.length > 1 && "/\\\t\n\r".includes(input.charAt(1)));
}

/**
 * Makes the `fetch` of a session: relative URLs, the token where it belongs and nowhere else, one
 * renewal after a 401, bounded attempts, a timeout.
 *
 * Here is the short way of a plain GET whose answer is good; everything else is `api_call.ts`.
 */
export function createApiFetch(options: ApiFetchOptions): Fetch {
  const { system, tokens, loadCall, interruptible } = options;
  const { origin } = system.apiUrl;
  const { refusedPaths, dpop } = system.provider;
  const plain = refusedPaths === undefined && dpop !== true;
  // Another package's `fetch` is told the method; the runtime's own knows, and is a little faster so.
  const named = options.fetch !== globalThis.fetch;
  const wire = new Wire(options);
  let loaded: Promise<ApiCall> | undefined;

  async function fetch(
    input: string | URL | Request,
    init?: RequestInit,
    stop?: AbortSignal,
  ): Promise<Response> {
    const token = tokens.current();
    // Nearly every call is a plain GET by path, which needs no closer look: put behind the API's
    // origin, such a path cannot name another. It costs no more than it must.
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
      } catch { /* judged there, as any first attempt */ }
      first = { token, sent };
    }
    loaded ??= loadCall().then(({ createApiCall }) => createApiCall(wire));
    return await (await loaded)(input, init, { first, stop });
  }

  if (interruptible === undefined) return (input, init) => fetch(input, init);
  return (input, init) => interruptible((stop) => fetch(input, init, stop));
}
