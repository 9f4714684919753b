import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { LoopbackHandler, LoopbackServer } from "./runtime.ts";

/** How long responses in progress have to finish when a server closes, in milliseconds. */
const CLOSING_TIME = 300;

/** The largest body that a handler gets, in bytes. */
const MAXIMUM_BODY = 65_536;

/** Listens on one loopback address under Node and Bun. */
export async function serveNodeLoopback(
  hostname: "127.0.0.1" | "::1",
  port: number,
  handler: LoopbackHandler,
): Promise<LoopbackServer> {
  const server = http.createServer((incoming, outgoing) => {
    answer(incoming, outgoing, handler).catch(() => {
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: hostname, port, exclusive: true }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        // Bun does not close connections that have sent nothing yet, but nothing responds to them any more.
        const timer = setTimeout(() => server.closeAllConnections(), CLOSING_TIME);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

async function answer(
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  handler: LoopbackHandler,
): Promise<void> {
  // The handler checks the requested `Host`, so the URL must contain it.
  const url = `http://${incoming.headers.host ?? ""}${incoming.url ?? "/"}`;
  if (!URL.canParse(url)) return void outgoing.writeHead(400).end();
  const method = incoming.method ?? "GET";
  const init: RequestInit = { method, headers: headersOf(incoming) };
  if (method !== "GET" && method !== "HEAD") {
    const body = await readBody(incoming);
    if (!body) return void outgoing.writeHead(413, { connection: "close" }).end();
    init.body = body;
  }
  const response = await handler(new Request(url, init), {
    from: incoming.socket.remotePort ?? 0,
    to: incoming.socket.localPort ?? 0,
  });
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(new Uint8Array(await response.arrayBuffer()));
}

function headersOf(incoming: http.IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

async function readBody(incoming: http.IncomingMessage): Promise<Blob | null> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const part of incoming) {
    length += part.length;
    if (length > MAXIMUM_BODY) return null;
    parts.push(new Uint8Array(part));
  }
  return new Blob(parts);
}
