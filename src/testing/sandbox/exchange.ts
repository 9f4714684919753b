import type { IncomingMessage, ServerResponse } from "node:http";

/** One request, with its body already read, and its response. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  body: string;
  endpoint: string;
}

export type Handler = (exchange: Exchange) => Promise<void> | void;

/**
 * Responds with JSON. The sandbox never uses `writeHead`, so a fault can still change status and
 * headers.
 */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  send(response, status, JSON.stringify(value), {
    "content-type": "application/json",
    "cache-control": "no-store",
    ...headers,
  });
}

/** Responds with a page. */
export function sendHtml(response: ServerResponse, status: number, page: string): void {
  send(response, status, page, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
  });
}

/** Responds with any text. */
export function send(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  const bytes = new TextEncoder().encode(text);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader("content-length", String(bytes.length));
  response.end(bytes);
}

/** Waits, and stops waiting when the connection closes. */
export function pause(exchange: Exchange, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      exchange.response.off("close", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    exchange.response.on("close", done);
  });
}
