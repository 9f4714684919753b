import * as http from "node:http";
import * as https from "node:https";
import { Readable } from "node:stream";

/** Statuses that have no body, and whose `Response` must have none. */
const NO_BODY = [101, 103, 204, 205, 304];

/**
 * Like `fetch`, but without a proxy: `fetch` itself needs a dispatcher from undici for that, which Node
 * does not export. It is for servers on this machine. It follows no redirect: with `redirect: "manual"` it
 * returns the redirect, otherwise it refuses it.
 */
export async function directFetch(
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  const request = new Request(input, init);
  const body = new Uint8Array(await request.arrayBuffer());
  const { signal } = request;
  signal.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const sent = open(request);
    const stop = () => sent.destroy(signal.reason);
    signal.addEventListener("abort", stop);
    sent.once("close", () => signal.removeEventListener("abort", stop));
    sent.on("error", (error) => {
      reject(signal.aborted ? signal.reason : new TypeError("fetch failed", { cause: error }));
    });
    sent.once("response", (answer) => {
      if (request.redirect !== "manual" && isRedirect(answer.statusCode)) {
        sent.destroy();
        reject(new TypeError("fetch failed: the server redirects, which is not followed here"));
      } else resolve(responseOf(answer, request.url));
    });
    sent.end(body);
  });
}

function open(request: Request): http.ClientRequest {
  const url = new URL(request.url);
  const sender = url.protocol === "https:" ? https : http;
  // An agent of its own, because the global one may use proxies.
  const agent = new sender.Agent({ keepAlive: false });
  return sender.request(url, { agent, method: request.method, headers: headersOf(request) });
}

function headersOf(request: Request): Record<string, string> {
  return {
    accept: "*/*",
    "user-agent": "node", // as Node's own `fetch` sends; some servers refuse requests without one
    ...Object.fromEntries(request.headers),
    "accept-encoding": "identity", // nothing here decodes
  };
}

function isRedirect(status: number | undefined): boolean {
  return status !== undefined && [301, 302, 303, 307, 308].includes(status);
}

function responseOf(answer: http.IncomingMessage, url: string): Response {
  const headers = new Headers();
  const raw = answer.rawHeaders;
  for (let at = 0; at + 1 < raw.length; at += 2) headers.append(raw[at] ?? "", raw[at + 1] ?? "");
  const status = answer.statusCode ?? 0;
  const empty = NO_BODY.includes(status);
  if (empty) answer.resume();
  const body = empty ? null : Readable.toWeb(answer) as unknown as ReadableStream<Uint8Array>;
  const response = new Response(body, { status, statusText: answer.statusMessage ?? "", headers });
  Object.defineProperty(response, "url", { value: url });
  return response;
}
