import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { applyFault } from "./apply_fault.ts";
import { type Exchange, type Handler, send, sendJson } from "./exchange.ts";
import type { SandboxState } from "./sandbox_state.ts";

const HOST = "127.0.0.1";
const MAX_BODY = 32 * 1024 * 1024;

/** One origin of the sandbox. */
export interface Listener {
  readonly origin: string;
  /** Starts to respond; until then every response is 503. `endpointOf` names the counters. */
  serve(options: { name: string; endpointOf: EndpointOf; handle: Handler }): void;
  stop(): Promise<void>;
}

/** The name of a request's endpoint, such as `"token"`. */
export type EndpointOf = (pathname: string, method: string) => string;

/** Opens a listener on the loopback interface; port 0 takes a free one. */
export async function openListener(state: SandboxState, port = 0): Promise<Listener> {
  const served = new WeakMap<Socket, number>();
  let serving: Parameters<Listener["serve"]>[0] | undefined;
  let origin = "";

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!serving) return send(response, 503, "starting");
    const url = new URL(request.url ?? "/", origin);
    const method = request.method ?? "GET";
    const endpoint = `${serving.name}.${serving.endpointOf(url.pathname, method)}`;
    const onConnection = (served.get(request.socket) ?? 0) + 1;
    served.set(request.socket, onConnection);
    state.count(endpoint);
    const headers = Object.keys(request.headers);
    // Count it once it is sent: a reset connection has no status.
    response.once("finish", () => state.count(`${endpoint}.${response.statusCode}`));
    state.remember({ endpoint, method, url: url.href, headers, onConnection });

    const exchange: Exchange = { request, response, url, endpoint, body: await readBody(request) };
    countGrantType(state, exchange);
    const fault = state.faults.take(endpoint, onConnection > 1);
    if (fault) return await applyFault(fault, exchange, serving.handle);
    await serving.handle(exchange);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      if (response.destroyed) return;
      state.errors.push(error instanceof Error ? error.stack ?? error.message : String(error));
      if (response.headersSent) request.socket.destroy();
      else sendJson(response, 500, { error: "server_error" });
    });
  });
  // Tests keep connections open for longer than the default five seconds.
  server.keepAliveTimeout = 60_000;
  origin = `http://${HOST}:${await listen(server, port)}`;

  return {
    origin,
    serve: (options) => void (serving = options),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      const address = server.address();
      if (address && typeof address === "object") resolve(address.port);
      else reject(new Error("The listener has no port."));
    });
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (!length && !encoding) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error("The request body is too large for the sandbox.");
    chunks.push(chunk);
  }
  return size === 0 ? "" : await new Blob(chunks as BlobPart[]).text();
}

function countGrantType(state: SandboxState, exchange: Exchange): void {
  if (!exchange.request.headers["content-type"]?.includes("x-www-form-urlencoded")) return;
  const grantType = new URLSearchParams(exchange.body).get("grant_type");
  // Count the long names of RFC 8628 and RFC 7523 by their last part.
  if (grantType) state.count(`${exchange.endpoint}.${grantType.split(":").at(-1)}`);
}
