import { DENO, type TestRuntime } from "./runtimes.ts";

/** How to start a worker. */
export interface WorkerOptions {
  runtime?: TestRuntime;
  /** Programs to start it through, such as `["sh", "-c", 'umask 077; exec "$@"', "sh"]`. */
  through?: string[];
  /** Its whole environment; by default the test's own. */
  environment?: Record<string, string>;
}

/** A process that reports in lines of JSON. */
export class WorkerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;

  /** @param script a file @param args its arguments @param options how to start it */
  constructor(script: URL, args: unknown[], options: WorkerOptions = {}) {
    const { program, args: before } = options.runtime ?? DENO;
    const line = [...options.through ?? [], program, ...before, script.pathname];
    this.#child = new Deno.Command(line[0] as string, {
      args: [...line.slice(1), ...args.map((arg) => JSON.stringify(arg))],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(options.environment ? { env: options.environment, clearEnv: true } : {}),
    }).spawn();
    this.#lines = lines(this.#child.stdout)[Symbol.asyncIterator]();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** Its process ID. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The next message, or `null` when it has ended. */
  async next<T>(): Promise<T | null> {
    const { value, done } = await this.#lines.next();
    return done ? null : JSON.parse(value) as T;
  }

  /** All remaining messages, until it ends. */
  async rest<T>(): Promise<T[]> {
    const all: T[] = [];
    for (let said = await this.next<T>(); said !== null; said = await this.next<T>()) {
      all.push(said);
    }
    return all;
  }

  /** Its only message. Throws with its errors if there is none. */
  async answer<T>(): Promise<T> {
    const said = await this.rest<T>();
    await this.end();
    if (said.length !== 1) throw new Error(`${said.length} answers: ${await this.#errors}`);
    return said[0] as T;
  }

  /** The text that it wrote to standard error. */
  errors(): Promise<string> {
    return this.#errors;
  }

  /** Sends a signal, which has no effect after its end. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // it has ended
    }
  }

  /** Waits for its end. */
  async end(): Promise<Deno.CommandStatus> {
    await this.rest();
    await this.#errors;
    return await this.#child.status;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + part).split("\n");
    rest = whole.pop() ?? "";
    yield* whole;
  }
}
