import { type Exchange, type Handler, sendJson } from "./exchange.ts";
import type { Fault } from "./fault.ts";
import type { Sandbox } from "./sandbox.ts";

/** The sandbox's control interface over HTTP, for tests in another process or language. */
export function controlHandler(sandbox: Sandbox): Handler {
  const routes: Record<string, (exchange: Exchange) => unknown> = {
    "GET /counters": () => sandbox.counters,
    "GET /requests": () => sandbox.requests,
    "GET /errors": () => sandbox.errors,
    "GET /environment": () => sandbox.environment,
    "GET /credentials": () => ({
      environment: sandbox.environment,
      users: sandbox.users,
      clients: sandbox.clients,
    }),
    "POST /fault": ({ body }) => {
      const { endpoint, fault, times }: {
        endpoint: string;
        fault: Fault | string;
        times?: number;
      } = JSON.parse(body);
      sandbox.fault(endpoint, fault, times);
    },
    "POST /clear-faults": () => sandbox.clearFaults(),
    "POST /reset": () => sandbox.reset(),
    "POST /lifetime": ({ body }) => sandbox.setTokenLifetime(Number(JSON.parse(body).seconds)),
    "POST /revoke": () => sandbox.revokeAccessTokens(),
    "POST /sign-in": async ({ body }) => ({
      redirect: await sandbox.completeSignIn(String(JSON.parse(body).url)),
    }),
    "POST /approve-device": ({ body }) => sandbox.approveDevice(String(JSON.parse(body).url)),
    "POST /package": async () => JSON.parse(await sandbox.signInForPackage()),
    "POST /deny-sign-in": async ({ body }) => ({
      redirect: await sandbox.denySignIn(String(JSON.parse(body).url)),
    }),
    "POST /deny-device": ({ body }) => sandbox.denyDevice(String(JSON.parse(body).url)),
  };
  return async (exchange) => {
    const { request, response, url } = exchange;
    // A foreign origin without a token: tests look here for secrets that should not arrive.
    if (url.pathname === "/echo") {
      return sendJson(response, 200, {
        method: request.method,
        path: url.pathname + url.search,
        headers: Object.keys(request.headers).sort(),
        body: exchange.body,
      });
    }
    const route = routes[`${request.method} ${url.pathname}`];
    if (!route) return sendJson(response, 404, { error: "not_found", routes: Object.keys(routes) });
    try {
      sendJson(response, 200, await route(exchange) ?? { ok: true });
    } catch (error) {
      sendJson(response, 400, { error: error instanceof Error ? error.message : String(error) });
    }
  };
}
