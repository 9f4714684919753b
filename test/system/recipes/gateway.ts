/**
 * The parts that the recipes need and the sandbox's API does not have: events, a socket, MCP, a file. It
 * passes other requests on to that API, which decides if a token is valid.
 */
export interface Gateway extends AsyncDisposable {
  readonly url: string;
  /** The requests of an MCP client, in order. A refused request is `"401"`. */
  readonly asked: string[];
}

/** @param beforeTools called once, before the first list of tools is returned */
export function startGateway(api: string, beforeTools: () => void = () => {}): Gateway {
  const asked: string[] = [];
  let isFirst = true;
  const handle = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const own = OWN[pathname];
    if (own === undefined) {
      const { method, headers, body } = request;
      const sent = new Headers(headers);
      sent.delete("host");
      return await fetch(api + pathname + search, {
        method,
        headers: sent,
        ...(body ? { body: await request.arrayBuffer() } : {}),
      });
    }
    const message = pathname === "/mcp" && request.method === "POST"
      ? await request.json()
      : undefined;
    if (message?.method === "tools/list" && isFirst) {
      isFirst = false;
      beforeTools();
    }
    const authorization = request.headers.get("authorization") ?? "";
    const judged = await fetch(`${api}/api/info`, { headers: { authorization } });
    await judged.body?.cancel();
    if (message) asked.push(judged.ok ? message.method : "401");
    return judged.ok ? own(request, message) : new Response(null, {
      status: 401,
      headers: { "www-authenticate": 'Bearer error="invalid_token"' },
    });
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

interface Message {
  id?: number;
  method: string;
  params?: { protocolVersion?: string; arguments?: Record<string, unknown> };
}

type Own = (request: Request, message?: Message) => Response;

const OWN: Readonly<Record<string, Own>> = {
  "/events": () =>
    new Response("data: first\n\ndata: second\n\ndata: done\n\n", {
      headers: { "content-type": "text/event-stream" },
    }),
  "/socket": (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(`About ${data}`);
    return response;
  },
  "/mcp": (_, message) =>
    message === undefined ? new Response(null, { status: 405 }) : mcp(message),
  "/files/map.tif": (request) => file(request),
};

/** A minimal server of the Model Context Protocol, over streamable HTTP. */
function mcp({ id, method, params }: Message): Response {
  if (id === undefined) return new Response(null, { status: 202 });
  const results: Record<string, unknown> = {
    "initialize": {
      protocolVersion: params?.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "stand-in", version: "1.0.0" },
    },
    "tools/list": { tools: [{ name: "info", inputSchema: { type: "object" } }] },
    "tools/call": { content: [{ type: "text", text: `About ${params?.arguments?.["item_id"]}` }] },
  };
  const result = results[method];
  return Response.json(
    result === undefined
      ? { jsonrpc: "2.0", id, error: { code: -32601, message: "no such method" } }
      : { jsonrpc: "2.0", id, result },
  );
}

/** A picture of 1 by 1 in a format that GDAL reads: TIFF 6.0, little-endian, one grey byte. */
const MAP = tiff();

function tiff(): Uint8Array<ArrayBuffer> {
  const fields: [tag: number, type: number, value: number][] = [
    [256, 3, 1], // width
    [257, 3, 1], // height
    [258, 3, 8], // bits
    [259, 3, 1], // no compression
    [262, 3, 1], // black is zero
    [273, 4, 8], // the position of the byte
    [277, 3, 1], // one sample
    [278, 3, 1], // rows in a strip
    [279, 4, 1], // its length
  ];
  const start = 10;
  const view = new DataView(new ArrayBuffer(start + 2 + fields.length * 12 + 4));
  view.setUint16(0, 0x4949);
  view.setUint16(2, 42, true);
  view.setUint32(4, start, true);
  view.setUint8(8, 200);
  view.setUint16(start, fields.length, true);
  fields.forEach(([tag, type, value], at) => {
    const place = start + 2 + at * 12;
    view.setUint16(place, tag, true);
    view.setUint16(place + 2, type, true);
    view.setUint32(place + 4, 1, true);
    view.setUint32(place + 8, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** A file, whole or in part, because GDAL requests ranges. */
function file(request: Request): Response {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
  const head = { "content-type": "image/tiff", "accept-ranges": "bytes" };
  if (from === undefined) {
    const headers = { ...head, "content-length": String(MAP.length) };
    return new Response(request.method === "HEAD" ? null : MAP, { headers });
  }
  const part = MAP.slice(Number(from), to ? Number(to) + 1 : undefined);
  const range = `bytes ${from}-${Number(from) + part.length - 1}/${MAP.length}`;
  return new Response(part, { status: 206, headers: { ...head, "content-range": range } });
}
