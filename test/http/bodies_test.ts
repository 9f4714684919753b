import assert from "node:assert/strict";
import { STRICT } from "../support/long.ts";
import { allRuntimes } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const WORKER = new URL("worker.ts", import.meta.url);
const TEXT = "the-body-0123456789";
/** Bodies that can be read once. */
const ONCE = ["stream", "generator", "nodeStream"];

/** Responses that cause another request, by name. The server sends each twice, then a good one. */
const ANSWERS: Record<string, string> = {
  "401": "HTTP/1.1 401 x\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n",
  "403": "HTTP/1.1 403 x\r\ncontent-length: 0\r\n" +
    'www-authenticate: Bearer error="invalid_token"\r\n\r\n',
  "429": "HTTP/1.1 429 x\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
  "503": "HTTP/1.1 503 x\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
};

/** The bytes that are sent before a connection closes, after the whole request has arrived. */
const DEATHS: Record<string, string> = {
  "lost": "",
  "half-status": "HTT",
  "half-headers": "HTTP/1.1 200 OK\r\ncontent-le",
  "early-hints": "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
};

/** A server that keeps connections open, records the bodies and responds by path. */
class ScriptedServer implements AsyncDisposable {
  readonly bodies = new Map<string, string[]>();
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #running: Promise<unknown>;

  constructor() {
    this.#running = this.#run();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #run(): Promise<void> {
    const serving = [];
    for await (const connection of this.#listener) {
      this.#open.add(connection);
      serving.push(
        this.#serve(connection).catch(() => {}).finally(() => {
          if (this.#open.delete(connection)) connection.close();
        }),
      );
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    const write = (text: string) => connection.write(new TextEncoder().encode(text));
    const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    for (let rest = "";;) {
      const request = await readRequest(connection, rest);
      if (request === null) return;
      rest = request.rest;
      const { path, body } = request;
      const [, answer = ""] = path.split("/");
      const bodies = this.bodies.get(path) ?? [];
      this.bodies.set(path, [...bodies, body]);
      const death = DEATHS[answer];
      if (death !== undefined && bodies.length < 2) return void await write(death);
      await write(bodies.length < 1 ? ANSWERS[answer] ?? ok : ok);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    await this.#running;
  }
}

async function readRequest(
  connection: Deno.Conn,
  rest: string,
): Promise<{ path: string; body: string; rest: string } | null> {
  const buffer = new Uint8Array(65_536);
  for (let text = rest;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      const head = text.slice(0, end);
      const path = head.split(" ")[1] ?? "";
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const body = text.slice(end + 4);
      if (/transfer-encoding: chunked/i.test(head)) {
        const last = body.indexOf("0\r\n\r\n");
        if (last >= 0 && (last === 0 || body.slice(0, last).endsWith("\r\n"))) {
          const chunks = body.slice(0, last).split("\r\n").filter((_, index) => index % 2 === 1);
          return { path, body: chunks.join(""), rest: body.slice(last + 5) };
        }
      } else if (body.length >= length) {
        return { path, body: body.slice(0, length), rest: body.slice(length) };
      }
    }
    const count = await connection.read(buffer);
    if (count === null) return null;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

Deno.test({
  name: "row 28: bodies of every kind are sent again whole or not at all, in every runtime",
  ...STRICT,
  async fn() {
    const names = [...Object.keys(ANSWERS), ...Object.keys(DEATHS)];
    await Promise.all((await allRuntimes()).map(async (runtime) => {
      await using server = new ScriptedServer();
      const worker = new WorkerProcess(WORKER, [server.url, names], { runtime });
      let rows = 0;
      for (;;) {
        const row = await worker.next<{ path: string; came: number | string }>();
        if (row === null) break;
        rows++;
        const [, answer = "", request = ""] = row.path.split("/");
        const [method = "", kind = ""] = request.split("-");
        const bodies = server.bodies.get(row.path) ?? [];
        const message = `${runtime.name} ${row.path} ${row.came}: ${JSON.stringify(bodies)}`;
        for (const body of bodies) assert(body.includes(TEXT), message);
        const once = ONCE.includes(kind);
        const dies = answer in DEATHS;
        if (dies && (once || method !== "PUT")) {
          assert.equal(row.came, "network", message);
          assert.equal(bodies.length, 1, message);
        } else if (dies) {
          assert.equal(row.came, 200, message);
          assert.equal(bodies.length, 3, message);
        } else {
          assert.equal(row.came, once ? Number(answer) : 200, message);
          assert.equal(bodies.length, once ? 1 : 2, message);
        }
      }
      await worker.end();
      assert.equal(rows, 3 * 12 * names.length, runtime.name);
    }));
  },
});
