import type { ServerResponse } from "node:http";
import { type Exchange, type Handler, pause, send, sendJson } from "./exchange.ts";
import type { Fault } from "./fault.ts";

const DRIP_INTERVAL = 200;

/** Applies a fault to one exchange; `handle` does the endpoint's real work. */
export async function applyFault(fault: Fault, exchange: Exchange, handle: Handler): Promise<void> {
  const { request, response } = exchange;
  switch (fault.kind) {
    case "status":
      return send(response, fault.status, fault.body ?? "", fault.headers);
    case "reset":
      return void request.socket.resetAndDestroy();
    case "die-on-reuse":
      return void request.socket.destroy();
    case "hang":
      return await new Promise((resolve) => response.on("close", () => resolve()));
    case "huge":
      return await sendHuge(exchange, fault.megabytes);
    case "echo":
      return sendJson(response, 400, {
        error: "invalid_request",
        error_description: `could not read: ${exchange.body}`,
      });
    case "date":
      response.setHeader("date", new Date(Date.now() + fault.seconds * 1000).toUTCString());
      return await handle(exchange);
    case "lost":
      await hold(exchange, handle);
      return void request.socket.destroy();
    case "drip": {
      const { bytes, end } = await hold(exchange, handle);
      response.setHeader("content-length", String(bytes.length));
      for (const byte of bytes) {
        if (response.destroyed) return;
        response.write(new Uint8Array([byte]));
        await pause(exchange, fault.interval ?? DRIP_INTERVAL);
      }
      return end();
    }
    case "patch":
      return await change(exchange, handle, (answer) => {
        for (const name of fault.remove ?? []) delete answer[name];
        Object.assign(answer, fault.set);
      });
    case "expires-at":
      return await change(exchange, handle, (answer) => {
        answer.expires_at = Math.floor(Date.now() / 1000) + Number(answer.expires_in ?? 900);
        delete answer.expires_in;
      });
  }
}

interface Held {
  bytes: Uint8Array;
  end: (bytes?: Uint8Array) => void;
}

/** Runs the handler, but delays its response. */
async function hold(exchange: Exchange, handle: Handler): Promise<Held> {
  const { response } = exchange;
  const end = response.end.bind(response);
  const write = response.write.bind(response);
  const chunks: Uint8Array[] = [];
  const keep = (chunk?: unknown): void => {
    if (typeof chunk === "string") chunks.push(new TextEncoder().encode(chunk));
    else if (chunk instanceof Uint8Array) chunks.push(chunk);
  };
  await new Promise<void>((resolve, reject) => {
    override(response, {
      write: (chunk) => (keep(chunk), true),
      end: (chunk) => (keep(chunk), resolve(), response),
    });
    Promise.resolve(handle(exchange)).catch(reject);
  });
  override(response, { write, end });
  return {
    bytes: new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()),
    end: (bytes) => void (bytes ? end(bytes) : end()),
  };
}

function override(
  response: ServerResponse,
  methods: { write: (chunk: unknown) => boolean; end: (chunk?: unknown) => ServerResponse },
): void {
  Object.assign(response, methods);
}

async function change(
  exchange: Exchange,
  handle: Handler,
  edit: (answer: Record<string, unknown>) => void,
): Promise<void> {
  const { bytes, end } = await hold(exchange, handle);
  const answer: Record<string, unknown> = JSON.parse(new TextDecoder().decode(bytes));
  edit(answer);
  const changed = new TextEncoder().encode(JSON.stringify(answer));
  exchange.response.setHeader("content-length", String(changed.length));
  end(changed);
}

async function sendHuge(exchange: Exchange, megabytes: number): Promise<void> {
  const { response } = exchange;
  response.setHeader("content-type", "application/json");
  response.write('{"access_token":"');
  const chunk = new Uint8Array(1024 * 1024).fill(97);
  for (let sent = 0; sent < megabytes && !response.destroyed; sent++) {
    if (response.write(chunk)) await pause(exchange, 0);
    else await drained(response);
  }
  if (!response.destroyed) response.end('"}');
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
