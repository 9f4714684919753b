/** One request a fake server got. */
export interface Arrival {
  url: URL;
  method: string;
  headers: Headers;
  /** The form, for a token request. */
  form: URLSearchParams;
}

/** A server inside this process: a `fetch` that answers, and a record of what arrived. */
export interface FakeServer {
  readonly fetch: typeof fetch;
  readonly arrivals: Arrival[];
  /** How many requests had this `grant_type`, or were for this path. */
  count(what: string): number;
}

/** What a fake server does with one request. */
export type Respond = (arrival: Arrival, number: number) => Response | Promise<Response>;

/** Plays a server with a function. Only text and form bodies are read. */
export function fakeServer(respond: Respond): FakeServer {
  const arrivals: Arrival[] = [];
  return {
    arrivals,
    count: (what) =>
      arrivals.filter(({ form, url }) => form.get("grant_type") === what || url.pathname === what)
        .length,
    async fetch(input, init) {
      const request = new Request(input as string, init);
      init?.signal?.throwIfAborted();
      const arrival: Arrival = {
        url: new URL(request.url),
        method: request.method,
        headers: request.headers,
        form: new URLSearchParams(request.body ? await request.text() : ""),
      };
      arrivals.push(arrival);
      const response = await respond(arrival, arrivals.length);
      init?.signal?.throwIfAborted();
      return response;
    },
  };
}

/** A JSON answer. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers });
}

/** A token answer; every number gives another token. */
export function tokenAnswer(number: number, members: Record<string, unknown> = {}): Response {
  return json({
    access_token: `access-token-${number}`,
    token_type: "Bearer",
    expires_in: 900,
    ...members,
  });
}

/** A `fetch` that answers only when it is told to, or when its signal ends it. */
export function never(_url: unknown, init?: RequestInit): Promise<Response> {
  return new Promise((_, reject) => {
    const signal = init?.signal;
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
