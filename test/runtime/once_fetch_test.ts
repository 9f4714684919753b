import assert from "node:assert/strict";
import { STRICT } from "../support/long.ts";
import { allRuntimes } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const WORKER = new URL("worker.ts", import.meta.url);

/** A request that arrived: its ID, and whether its connection had already served another one. */
interface Arrival {
  id: string;
  path: string;
  reused: boolean;
}

/** A worker's report on each request of `once`. */
interface Answer {
  id: string;
  status?: number;
  text?: string;
  url?: string;
  headers?: Record<string, string>;
  error?: string;
}

/**
 * A server that keeps connections open, but closes each one that is reused, after it has received the
 * request: in that case a runtime may resend it.
 */
class BreakingServer implements AsyncDisposable {
  readonly arrivals: Arrival[] = [];
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
      serving.push(this.#serve(connection).catch(() => {}));
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    for (let count = 0;; count++) {
      const request = await readRequest(connection);
      if (request === null) break;
      this.arrivals.push({ ...request, reused: count > 0 });
      if (request.path === "/hang") continue;
      if (count > 0 || request.path === "/die") break;
      await connection.write(new TextEncoder().encode(answerTo(request.path)));
      if (request.path === "/drip") continue;
    }
    this.#open.delete(connection);
    connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
    await this.#running;
  }
}

function answerTo(path: string): string {
  if (path === "/redirect") {
    return "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
  }
  const body = path === "/drip" ? "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nx" : "";
  const cookies = "set-cookie: a=1\r\nset-cookie: b=2\r\n";
  return body || `HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-test: yes\r\n${cookies}\r\nok`;
}

async function readRequest(connection: Deno.Conn): Promise<{ id: string; path: string } | null> {
  const buffer = new Uint8Array(4096);
  for (let text = "";;) {
    const count = await connection.read(buffer);
    if (count === null) return null;
    text += new TextDecoder().decode(buffer.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end < 0 || text.length < end + 4 + length) continue;
    return {
      id: /x-id: (\S+)/i.exec(text)?.[1] ?? "none",
      path: text.split(" ")[1] ?? "",
    };
  }
}

Deno.test({
  name: "row 18: a one-time request is sent once, in Deno and Bun on its own connection",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      await using server = new BreakingServer();
      const worker = new WorkerProcess(WORKER, ["once", server.url], { runtime });
      const answers = new Map((await worker.answer<Answer[]>()).map((one) => [one.id, one]));
      const arrivals = (id: string) => server.arrivals.filter((one) => one.id === id);
      for (const id of ["once-1", "once-2"]) {
        // Node's `fetch` may reuse a pooled connection, but it resends nothing if that closes.
        const reused = runtime.name === "node" && arrivals(id)[0]?.reused === true;
        assert.deepEqual(arrivals(id), [{ id, path: "/token", reused }], runtime.name);
        if (reused) {
          assert.equal(answers.get(id)?.error, "TypeError");
          continue;
        }
        const { status, text, url, headers } = answers.get(id) as Answer;
        assert.deepEqual([status, text, url], [200, "ok", `${server.url}/token`]);
        assert.equal(headers?.["x-test"], "yes");
      }
      // The control: another request does reuse a connection that then closes.
      assert.ok(server.arrivals.some(({ reused }) => reused), `${runtime.name} reused nothing`);
      // If its own connection closes, it is not resent either.
      assert.equal(arrivals("die").length, 1, runtime.name);
      assert.equal(answers.get("die")?.error, "TypeError");
      assert.equal(answers.get("redirect")?.status, 302);
      assert.equal(arrivals("none").filter(({ reused }) => !reused).length >= 1, true);
    }
  },
});

Deno.test({
  name: "a one-time request ends with its signal",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      await using server = new BreakingServer();
      const worker = new WorkerProcess(WORKER, ["aborted", server.url], { runtime });
      assert.deepEqual(await worker.answer(), ["enough", "before", "body ended"], runtime.name);
    }
  },
});

Deno.test({
  name: "a one-time request uses the proxy of the environment",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      // Node reads a proxy from its environment since version 24, also for its own `fetch`.
      if (runtime.name === "node" && await majorVersion(runtime.program) < 24) continue;
      await using server = new BreakingServer();
      const url = "http://api.example/token";
      const worker = new WorkerProcess(WORKER, ["one", url], {
        runtime,
        environment: {
          ...Deno.env.toObject(),
          HTTP_PROXY: server.url,
          http_proxy: server.url,
          NODE_USE_ENV_PROXY: "1",
        },
      });
      assert.equal((await worker.answer<Answer>()).text, "ok", runtime.name);
      assert.deepEqual(server.arrivals, [{ id: "one", path: url, reused: false }]);
    }
  },
});

Deno.test({
  name: "trust.md 7: requests to this machine bypass every proxy of the environment",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      await using proxy = new BreakingServer();
      await using server = new BreakingServer();
      const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        .flatMap((name) => [name, name.toLowerCase()]).map((name) => [name, proxy.url]);
      const environment = {
        ...Deno.env.toObject(),
        ...Object.fromEntries(proxies),
        NODE_USE_ENV_PROXY: "1",
        NO_PROXY: "",
        no_proxy: "",
      };
      for (const host of ["127.0.0.1", "localhost"]) {
        const url = `${server.url.replace("127.0.0.1", host)}/x`;
        const worker = new WorkerProcess(WORKER, ["near", url], { runtime, environment });
        const answers = await worker.answer<Answer[]>();
        assert.deepEqual(answers.map(({ text }) => text), ["ok", "ok"], runtime.name);
      }
      assert.deepEqual(proxy.arrivals, [], runtime.name);
      assert.equal(server.arrivals.length, 4);
    }
  },
});

async function majorVersion(program: string): Promise<number> {
  const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
  return Number.parseInt(new TextDecoder().decode(stdout).replace("v", ""));
}
