import { closeConnections } from "../../../src/store/redis_driver.ts";
import { pause } from "../../../src/base/wait.ts";
import { skip } from "../../support/runtimes.ts";
import { TestFolder } from "../../support/folder.ts";

/** A real Redis for one test, on loopback, with a password. It can be stopped and started. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: TestFolder;
  #child: Deno.ChildProcess | undefined;

  private constructor(folder: TestFolder, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /** Starts one. `null`, with a line that says why, if Redis is not installed. */
  static async start(what: string): Promise<RedisServer | null> {
    const found = await new Deno.Command("redis-server", { args: ["--version"], stdout: "null" })
      .output().then(({ success }) => success, () => false);
    if (!found) {
      skip(what, "no redis-server");
      return null;
    }
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const server = new RedisServer(await TestFolder.make(), port);
    await server.up();
    return server;
  }

  /** Its URL, as a user writes it. */
  get url(): string {
    return `redis://:the-redis-password@127.0.0.1:${this.port}/3`;
  }

  /** Starts it again, with the saved data. */
  async up(): Promise<void> {
    const { path } = this.#folder;
    const settings = {
      bind: "127.0.0.1",
      port: String(this.port),
      dir: path,
      requirepass: "the-redis-password",
      appendonly: "yes",
      appendfsync: "always",
      save: "",
      logfile: `${path}/log`,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    this.#child = new Deno.Command("redis-server", { args, stdout: "null", stderr: "null" })
      .spawn();
    for (let tries = 0; tries < 200; tries++) {
      try {
        if ((await this.ask("PING")).includes("PONG")) return;
      } catch {
        // not yet
      }
      await pause(25);
    }
    throw new Error("Redis did not start.");
  }

  /** Ends it at once. */
  async down(): Promise<void> {
    this.signal("SIGKILL");
    await this.#child?.status;
    this.#child = undefined;
  }

  /** Stops it with SIGSTOP, like a cut cable, or continues it. */
  signal(signal: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    this.#child?.kill(signal);
  }

  /** Sends a command. Returns everything that arrives within a moment. */
  async ask(command: string): Promise<string> {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    const bytes = new TextEncoder().encode(
      `AUTH the-redis-password\r\nSELECT 3\r\n${command}\r\nPING\r\n`,
    );
    await connection.write(bytes);
    let text = "";
    const buffer = new Uint8Array(65_536);
    while (!text.includes("PONG")) {
      const count = await connection.read(buffer);
      if (count === null) break;
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeConnections();
    if (this.#child) await this.down();
    await this.#folder[Symbol.asyncDispose]();
  }
}
