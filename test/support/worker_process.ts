import { DENO, type TestRuntime } from "./runtimes.ts";

/** How a worker is started. */
export interface WorkerOptions {
  runtime?: TestRuntime;
  /** Programs to start it through, such as `["sh", "-c", 'umask 077; exec "$@"', "sh"]`. */
  through?: string[];
  /** Its whole environment; the test's own by default. */
  environment?: Record<string, string>;
}

/** A process that tells what it does in lines of JSON. */
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

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The next thing it says, or `null` when it has ended. */
  async next<T>(): Promise<T | null> {
    const { value, done } = await this.#lines.next();
    return done ? null : JSON.parse(value) as T;
  }

  /** Everything it still says, until it ends. */
  async rest<T>(): Promise<T[]> {
    const all: T[] = [];
    for (let said = await this.next<T>(); said !== null; said = await this.next<T>()) {
      all.push(said);
    }
    return all;
  }

  /** The one thing it has to say; throws with its errors when it says nothing. */
  async answer<T>(): Promise<T> {
    const said = await this.rest<T>();
    await this.end();
    if (said.length !== 1) throw new Error(`${said.length} answers: ${await this.#errors}`);
    return said[0] as T;
  }

  /** What it wrote to standard error. */
  errors(): Promise<string> {
    return this.#errors;
  }

  /** Sends a signal; one that has ended already hears nothing. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // ended
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
