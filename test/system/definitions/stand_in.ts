/**
 * A server on this machine that stands in for the hosts of a real service, and responds as its
 * documentation says. It tests a definition as it ships: the URLs stay unchanged, but requests to its hosts
 * go here. Requests to any other host are not sent.
 */
export interface StandIn extends AsyncDisposable {
  /** For the option `fetch`. */
  readonly fetch: typeof fetch;
  /** The requests, by method and URL as the real service would see them. */
  readonly arrivals: readonly Arrival[];
}

/** One request, as the real service would see it. */
export interface Arrival {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly form: URLSearchParams;
  /** The username and password of HTTP Basic; `undefined` without it. */
  readonly basic: string | undefined;
  /** The access token; `undefined` without one. */
  readonly bearer: string | undefined;
}

/** The response of a service; `undefined` for anything it does not have. */
export type Answers = (arrival: Arrival) => Response | undefined | Promise<Response | undefined>;

const REAL = "x-stand-in-for";

/** Starts one on a loopback port. */
export function startStandIn(hosts: readonly string[], answers: Answers): StandIn {
  const arrivals: Arrival[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { method, headers } = request;
    const url = new URL(headers.get(REAL) ?? "");
    const [scheme, value = ""] = (headers.get("authorization") ?? "").split(" ");
    const arrival: Arrival = {
      method,
      url,
      headers,
      form: new URLSearchParams(await request.text()),
      basic: scheme === "Basic" ? atob(value) : undefined,
      bearer: scheme === "Bearer" ? value : undefined,
    };
    arrivals.push(arrival);
    return await answers(arrival) ?? new Response("Not Found", { status: 404 });
  });
  return {
    arrivals,
    async fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input);
      if (!hosts.includes(url.host) || url.protocol !== "https:") {
        throw new TypeError(`nothing is sent to ${url.origin} in a test`);
      }
      const headers = new Headers(init?.headers);
      headers.set(REAL, url.href);
      return await fetch(`http://127.0.0.1:${server.addr.port}${url.pathname}`, {
        ...init,
        headers,
      });
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A JSON response. */
export function json(body: unknown, status = 200): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}

/** A device authorization (RFC 8628) that a person approves between the first poll and the second. */
export class DeviceFlow {
  readonly #code = crypto.randomUUID();
  #polls = 0;

  /** The response to the device request. */
  begin(more: Record<string, unknown>): Record<string, unknown> {
    return {
      device_code: this.#code,
      user_code: "WDJB-MJHT",
      expires_in: 900,
      interval: 1,
      ...more,
    };
  }

  /** Whether a poll comes too early; `undefined` for another device's code. */
  poll({ form }: Arrival): "pending" | "approved" | undefined {
    const grant = "urn:ietf:params:oauth:grant-type:device_code";
    if (form.get("grant_type") !== grant || form.get("device_code") !== this.#code) {
      return undefined;
    }
    return this.#polls++ === 0 ? "pending" : "approved";
  }
}
