import type { IncomingMessage, ServerResponse } from "node:http";

/** One request and its answer, with the body already read. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  body: string;
  endpoint: string;
}

export type Handler = (exchange: Exchange) => Promise<void> | void;

/**
 * Answers with JSON. Nothing here or elsewhere uses `writeHead`: a fault can then still change
 * status and headers.
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

/** Answers with a page. */
export function sendHtml(response: ServerResponse, status: number, page: string): void {
  send(response, status, page, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
  });
}

/** Answers with any text. */
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

/** Waits, but not longer than the client or the sandbox does. */
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
