import type { Issuer } from "./create_issuer.ts";
import { type Handler, sendJson } from "./exchange.ts";
import type { Listener } from "./open_listener.ts";

const SECRETS = ["password", "client_secret", "client_assertion", "refresh_token", "code_verifier"];

/** How one system's authorization server is mounted. */
export interface ServeOptions {
  /** The system's name. */
  name: string;
  /** Names of endpoints for counts and faults, by their path or its first segments. */
  endpoints: Record<string, string>;
  /** What the engine does not do, by `METHOD /path`; a path that ends in `/*` takes what is below. */
  own?: Record<string, Handler>;
  /** Answers what belongs to neither, on a listener that API and authorization server share. */
  api?: Handler;
}

/** Lets an issuer answer on a listener, with a system's own handlers before it. */
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
      // A query ends up in logs, so the servers here take no secret from there.
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
