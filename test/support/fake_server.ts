/** One request that a fake server received. */
export interface Arrival {
  url: URL;
  method: string;
  headers: Headers;
  /** The form, for a token request. */
  form: URLSearchParams;
}

/** A server inside this process: a `fetch` that responds, and a record of the requests. */
export interface FakeServer {
  readonly fetch: typeof fetch;
  readonly arrivals: Arrival[];
  /** Handles a request; may be changed. */
  answer: Respond;
  /** How many requests had this `grant_type` or this path. */
  count(what: string): number;
}

/** Handles one request of a fake server. */
export type Respond = (arrival: Arrival, number: number) => Response | Promise<Response>;

/** Creates a fake server from a function. It reads only text and form bodies. */
export function fakeServer(respond: Respond): FakeServer {
  const arrivals: Arrival[] = [];
  const server: FakeServer = {
    arrivals,
    answer: respond,
    count: (what) =>
      arrivals.filter(({ form, url }) => form.get("grant_type") === what || url.pathname === what)
        .length,
    async fetch(input, init) {
      const request = new Request(input as string, init);
      const { signal } = request;
      signal.throwIfAborted();
      const arrival: Arrival = {
        url: new URL(request.url),
        method: request.method,
        headers: request.headers,
        form: new URLSearchParams(request.body ? await request.text() : ""),
      };
      arrivals.push(arrival);
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal.reason);
      signal.addEventListener("abort", abort);
      try {
        const answer = server.answer(arrival, arrivals.length);
        const response = await Promise.race([aborted.promise, answer]);
        const location = response.headers.get("location");
        const follows = request.redirect === "follow" && response.status >= 300 &&
          location !== null;
        if (!follows) return response;
        // As `fetch` does. A request that must not go there is recorded.
        if (arrivals.length > 20) throw new TypeError("too many redirects");
        return await server.fetch(new URL(location, request.url), { headers: request.headers });
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
  };
  return server;
}

/** A JSON response. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers });
}

/** A token response. Every number gives another token. */
export function tokenAnswer(number: number, members: Record<string, unknown> = {}): Response {
  return json({
    access_token: `access-token-${number}`,
    token_type: "Bearer",
    expires_in: 900,
    ...members,
  });
}

/** A response that never comes. Only the request's signal ends the wait. */
export function never(): Promise<Response> {
  return new Promise(() => {});
}
