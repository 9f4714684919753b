import type { Issuer } from "./create_issuer.ts";
import { type Exchange, type Handler, pause, send, sendJson } from "./exchange.ts";
import { checkBearer } from "./check_bearer.ts";

const PAGES = 3;

/**
 * The API of every stand-in. It needs a bearer token.
 *
 * @param metadata the URL of its protected-resource metadata (RFC 9728 section 5.1)
 */
export function resourceApi(
  issuer: Issuer,
  own?: Record<string, Handler>,
  metadata?: string,
): Handler {
  const named = metadata === undefined ? "" : `, resource_metadata="${metadata}"`;
  const authorized = checkBearer(issuer);
  return async (exchange) => {
    const verdict = await authorized(exchange);
    if ("refusal" in verdict) {
      return sendJson(
        exchange.response,
        401,
        { error: "invalid_token", message: verdict.refusal },
        {
          "www-authenticate":
            `Bearer realm="sandbox", error="invalid_token", error_description="${verdict.refusal}"${named}`,
        },
      );
    }
    const { pathname } = exchange.url;
    const handler = own?.[pathname] ?? routes[pathname] ??
      routes[pathname.replace(/\/\d+$/, "/:number")];
    if (!handler) return sendJson(exchange.response, 404, { error: "not_found", path: pathname });
    await handler(exchange);
  };
}

const routes: Record<string, Handler> = {
  "/api/info": ({ response, url }) => {
    const id = url.searchParams.get("item_id") ?? "none";
    sendJson(response, 200, { item_id: id, title: `About ${id}`, assets: ["map.tif"] });
  },
  "/api/echo": ({ request, response, url, body }) => {
    sendJson(response, 200, {
      method: request.method,
      path: url.pathname + url.search,
      headers: Object.keys(request.headers).sort(),
      content_type: request.headers["content-type"] ?? null,
      body,
    });
  },
  "/api/big": ({ response, url }) => {
    send(response, 200, "x".repeat(Number(url.searchParams.get("n") ?? 1_000_000)));
  },
  "/api/slow": async (exchange) => {
    const ms = Number(exchange.url.searchParams.get("ms") ?? 1000);
    await pause(exchange, ms);
    if (!exchange.response.destroyed) sendJson(exchange.response, 200, { waited: ms });
  },
  "/api/status/:number": ({ response, url }) => {
    const status = Number(url.pathname.split("/").at(-1));
    const retry = url.searchParams.get("retry_after");
    sendJson(response, status, { status }, retry ? { "retry-after": retry } : {});
  },
  "/api/redirect": ({ response, url }) => {
    const location = url.searchParams.get("to") ?? "/api/echo";
    send(response, Number(url.searchParams.get("status") ?? 302), "", { location });
  },
  // RFC 8288. `next` points the reader to another address, which it may refuse.
  "/api/pages": (exchange) => {
    const { number, next } = pageOf(exchange, "page");
    const link = next
      ? { link: `<${next}>; rel="next", <${exchange.url.pathname}>; rel="first"` }
      : {};
    sendJson(exchange.response, 200, [{ page: number }], link);
  },
  "/api/odata": (exchange) => {
    const { number, next } = pageOf(exchange, "$skip");
    const link = next ? { "@odata.nextLink": next } : {};
    sendJson(exchange.response, 200, { value: [{ page: number }], ...link });
  },
};

function pageOf({ url }: Exchange, parameter: string): { number: number; next?: string } {
  const number = Number(url.searchParams.get(parameter) ?? 1);
  if (number >= PAGES) return { number };
  const following = new URL(url.searchParams.get("next") ?? url.href);
  following.searchParams.set(parameter, String(number + 1));
  return { number, next: following.href };
}
