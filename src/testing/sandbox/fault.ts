/** What can go wrong at an endpoint: another response, a changed one, or none. */
export type Fault =
  /** Responds at once, without doing the work. */
  | { kind: "status"; status: number; headers?: Record<string, string>; body?: string }
  /** Closes the connection without a response, before the work. */
  | { kind: "reset" }
  /** Does the work, then closes the connection without a response. */
  | { kind: "lost" }
  /** Never responds. */
  | { kind: "hang" }
  /** Sends the real response one byte at a time. */
  | { kind: "drip"; interval?: number }
  /** Changes members of the real JSON response. */
  | { kind: "patch"; set?: Record<string, unknown>; remove?: string[] }
  /** Replaces `expires_in` in the real response with the absolute `expires_at`. */
  | { kind: "expires-at" }
  /** Streams a JSON body of this size. */
  | { kind: "huge"; megabytes: number }
  /** Responds 400, with the body of the request in `error_description`. */
  | { kind: "echo" }
  /** Sends the real response with a `Date` header that is off by this many seconds. */
  | { kind: "date"; seconds: number }
  /** Closes a connection when a second request arrives on it. */
  | { kind: "die-on-reuse" };

const html = { "content-type": "text/html; charset=utf-8" };
const json = { "content-type": "application/json" };
const busy = "<html><body><h1>Bad gateway</h1></body></html>";

/** Faults by name, for `sandbox.fault` and the control port. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "500": { kind: "status", status: 500, headers: json, body: '{"error":"server_error"}' },
  "502-html": { kind: "status", status: 502, headers: html, body: busy },
  "503": { kind: "status", status: 503, headers: { "retry-after": "1" }, body: "" },
  "429": { kind: "status", status: 429, headers: { "retry-after": "1" }, body: "" },
  "reset": { kind: "reset" },
  "lost": { kind: "lost" },
  "hang": { kind: "hang" },
  "drip": { kind: "drip" },
  "invalid-json": { kind: "status", status: 200, headers: json, body: '{"access_token":' },
  "html-200": { kind: "status", status: 200, headers: html, body: "<html>Welcome</html>" },
  "no-access-token": { kind: "patch", remove: ["access_token"] },
  "expires-missing": { kind: "patch", remove: ["expires_in"] },
  "expires-string": { kind: "patch", set: { expires_in: "900" } },
  "expires-zero": { kind: "patch", set: { expires_in: 0 } },
  "expires-negative": { kind: "patch", set: { expires_in: -1 } },
  "expires-huge": { kind: "patch", set: { expires_in: 1e12 } },
  "expires-at": { kind: "expires-at" },
  "token-type-mac": { kind: "patch", set: { token_type: "MAC" } },
  "token-type-missing": { kind: "patch", remove: ["token_type"] },
  "302": { kind: "status", status: 302, headers: { location: "http://127.0.0.1:9/" }, body: "" },
  "huge": { kind: "huge", megabytes: 200 },
  "401": {
    kind: "status",
    status: 401,
    headers: { ...json, "www-authenticate": 'Bearer realm="sandbox", error="invalid_token"' },
    body: '{"error":"invalid_client"}',
  },
  // RFC 8628: the device polls too often.
  "slow-down": { kind: "status", status: 400, headers: json, body: '{"error":"slow_down"}' },
  "echo": { kind: "echo" },
  "date": { kind: "date", seconds: 600 },
  "die-on-reuse": { kind: "die-on-reuse" },
};

/** The faults that wait at the endpoints; each is used up by the requests that meet it. */
export class FaultQueue {
  readonly #waiting = new Map<string, { fault: Fault; times: number }[]>();

  add(endpoint: string, fault: Fault, times: number): void {
    const queue = this.#waiting.get(endpoint) ?? [];
    this.#waiting.set(endpoint, [...queue, { fault, times }]);
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** The fault for this request, if any. `reused`: its connection has served a request before. */
  take(endpoint: string, reused: boolean): Fault | undefined {
    const queue = this.#waiting.get(endpoint);
    const next = queue?.[0];
    if (!queue || !next) return undefined;
    if (next.fault.kind === "die-on-reuse" && !reused) return undefined;
    next.times -= 1;
    if (next.times <= 0) queue.shift();
    return next.fault;
  }
}
