import type { Issuer } from "./create_issuer.ts";
import { type Handler, sendJson } from "./exchange.ts";
import type { Listener } from "./open_listener.ts";

const SECRETS = ["password", "client_secret", "client_assertion", "refresh_token", "code_verifier"];

/** Options of `serveIssuer`. */
export interface ServeOptions {
  /** The system's name. */
  name: string;
  /** Names of endpoints, for counters and faults, by path or by its first segments. */
  endpoints: Record<string, string>;
  /** Handlers that run before oidc-provider, by `METHOD /path`; `/*` at the end matches any segment. */
  own?: Record<string, Handler>;
  /** Handles all other paths, if API and authorization server share a listener. */
  api?: Handler;
}

/** Serves an issuer on a listener, after a system's own handlers. */
export function serveIssuer(listener: Listener, issuer: Issuer, options: ServeOptions): void {
  const { own, api } = options;
  const names = Object.entries(options.endpoints).sort(([a], [b]) => b.length - a.length);
  const mount = new URL(issuer.issuer).pathname.replace(/\/$/, "");
  const isApi = (pathname: string): boolean => api !== undefined && !pathname.startsWith(mount);
  listener.serve({
    name: options.name,
    endpointOf: (pathname) => {
      if (isApi(pathname)) return "api";
      const found = names.find(([path]) => pathname === path || pathname.startsWith(`${path}/`));
      return found?.[1] ?? "auth";
    },
    handle: (exchange) => {
      const { request, response, url } = exchange;
      if (api && isApi(url.pathname)) return api(exchange);
      // URLs end up in logs, so these servers refuse secrets in the query.
      const exposed = SECRETS.find((name) => url.searchParams.has(name));
      if (exposed) {
        return sendJson(response, 400, {
          error: "invalid_request",
          error_description: `${exposed} must not be in the query`,
        });
      }
      const key = `${request.method} ${url.pathname}`;
      const handler = own?.[key] ?? own?.[key.replace(/\/[^/]*$/, "/*")];
      return handler ? handler(exchange) : issuer.handle(exchange);
    },
  });
}
