import { AuthError, isError, loaded } from "../errors.ts";
import { deadline, pause } from "../base/wait.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { inTurn } from "./lock.ts";
import { facts } from "./open_store.ts";
import type { Seal } from "./seal.ts";
import type { Driver, Marks } from "./store.ts";
import { storeError } from "./disk.ts";

/**
 * Keeps values in Redis or Valkey, encrypted and under hashed keys, so that machines can share
 * sessions.
 *
 * The lock is a lease. It has an owner, is renewed while its holder runs, and expires when the holder
 * stops. A holder that was stopped for longer loses it, and its later writes are refused, because
 * each value counts its writes.
 */

/** How long a lease lasts unless its holder extends it, in milliseconds. */
const LEASE = 30_000;
/** How often the holder extends it. */
const HEARTBEAT = LEASE / 3;
/** How long the server may take to respond, in milliseconds. */
const ANSWER_TIME = 5_000;
/** The first and the longest pause between two tries to get the lease, in milliseconds. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 250;
/** How long a mark, and a removed value's write count, are kept, in milliseconds. */
const MEMORY = 24 * 3600_000;

/** Adds one to the count; refuses when the count is not the expected one. */
const WRITE = `local count = tonumber(redis.call('HGET', KEYS[1], 'n') or '0')
if ARGV[2] ~= '' and count ~= tonumber(ARGV[2]) then return -1 end
redis.call('HSET', KEYS[1], 'n', count + 1, 'v', ARGV[1])
redis.call('PERSIST', KEYS[1])
return count + 1`;

const REMOVE = `local there = redis.call('HDEL', KEYS[1], 'v')
redis.call('HINCRBY', KEYS[1], 'n', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return there`;

const EXTEND = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

const RELEASE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** Makes a mark, unless there is one with the same name. */
const MARK = `local there = redis.call('GET', KEYS[1])
if there and string.sub(there, 1, #ARGV[1]) == ARGV[1] then return there end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return ''`;

/** The part of the package that the driver uses. */
interface Client {
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: "error", listener: () => void): unknown;
  sendCommand(args: string[]): Promise<unknown>;
  ref(): void;
  unref(): void;
  readonly isReady: boolean;
}

/** A lease that this process holds. */
interface Lease {
  owner: string;
  /** The value's write count as this process last saw it; `undefined` until then. */
  count: number;
}

export class RedisDriver implements Driver {
  readonly #runtime: Runtime;
  readonly #url: string;
  readonly #seal: Seal;
  readonly #leases = new Map<string, Lease>();

  constructor(runtime: Runtime, url: string, seal: Seal) {
    this.#runtime = runtime;
    this.#url = url;
    this.#seal = seal;
  }

  async read(key: string): Promise<string | undefined> {
    const sealed = await this.#send(["HGET", await this.#name(key), "v"]);
    if (typeof sealed !== "string") return undefined;
    const opened = await this.#seal.unseal(sealed);
    if (opened?.key === key) return opened.value;
    throw new AuthError(
      "store_unavailable",
      `The session saved in ${this.#where} is damaged. Sign out, then sign in again.`,
    );
  }

  async write(key: string, value: string): Promise<void> {
    const lease = this.#leases.get(key);
    const sealed = await this.#seal.seal(key, value);
    const expected = lease === undefined ? "" : String(lease.count);
    const count = await this.#run(WRITE, await this.#name(key), sealed, expected);
    if (count === -1) {
      throw new AuthError(
        "store_locked",
        "This process paused for so long that another one saved a newer session. Try again.",
      );
    }
    if (lease) lease.count = Number(count);
  }

  async remove(key: string): Promise<boolean> {
    const removed = await this.#run(REMOVE, await this.#name(key), String(MEMORY));
    const lease = this.#leases.get(key);
    if (lease) lease.count++;
    return removed === 1;
  }

  async exclusive<T>(
    key: string,
    work: () => Promise<T>,
    { signal }: { signal: AbortSignal },
  ): Promise<T> {
    const options = { timeout: Infinity, signal };
    const queue = `${this.#url} ${key}`;
    return await inTurn(queue, "the shared store", options, () =>
      this.#connected(async () => {
        const lease = await this.#acquire(key, signal);
        const stop = new AbortController();
        const beating = this.#beat(key, lease, stop.signal);
        try {
          return await work();
        } finally {
          this.#leases.delete(key);
          stop.abort();
          await beating;
          // The lease expires by itself if the server cannot be reached.
          await this.#run(RELEASE, await this.#lockName(key), lease.owner).catch(() => {});
        }
      }));
  }

  async hold(key: string, milliseconds: number): Promise<void> {
    const lease = this.#leases.get(key);
    const time = String(Math.round(Math.max(LEASE, milliseconds + ANSWER_TIME)));
    const name = await this.#lockName(key);
    if (lease && await this.#run(EXTEND, name, lease.owner, time) === 1) return;
    throw new AuthError(
      "store_locked",
      "This process paused for so long that another one took its turn. Try again.",
    );
  }

  async keys(): Promise<string[]> {
    return await this.#connected(async () => {
      const keys = new Set<string>();
      let cursor = "0";
      do {
        const answer = await this.#send(["SCAN", cursor, "MATCH", "onecell:{*}", "COUNT", "200"]);
        const [next, names] = answer as [string, string[]];
        for (const name of names) {
          const sealed = await this.#send(["HGET", name, "v"]);
          const opened = typeof sealed === "string" ? await this.#seal.unseal(sealed) : undefined;
          if (opened) keys.add(opened.key);
        }
        cursor = String(next);
      } while (cursor !== "0");
      return [...keys];
    });
  }

  readonly marks: Marks = {
    make: async (key, name) => {
      const at = `${await this.#name(key)}:mark`;
      const there = await this.#run(MARK, at, `${name} `, String(Date.now()), String(MEMORY));
      return there === "" ? "made" : Number(String(there).split(" ")[1]) || Date.now();
    },
    clear: async (key, except) => {
      if (except !== undefined) return; // a key has only one mark: keep it
      await this.#send(["DEL", `${await this.#name(key)}:mark`]);
    },
  };

  async #acquire(key: string, signal: AbortSignal): Promise<Lease> {
    const owner = crypto.randomUUID();
    const lock = await this.#lockName(key);
    for (let time = FIRST_PAUSE;; time = Math.min(time * 1.5, LONGEST_PAUSE)) {
      if (await this.#send(["SET", lock, owner, "NX", "PX", String(LEASE)]) === "OK") {
        const count = await this.#send(["HGET", await this.#name(key), "n"]);
        const lease = { owner, count: Number(count ?? 0) };
        this.#leases.set(key, lease);
        return lease;
      }
      await pause(time * (0.5 + Math.random()), signal);
    }
  }

  /** Extends the lease. `hold` reports a failure before the caller sends anything critical. */
  async #beat(key: string, { owner }: Lease, signal: AbortSignal): Promise<void> {
    const name = await this.#lockName(key);
    for (;;) {
      await pause(HEARTBEAT, signal).catch(() => {});
      if (signal.aborted) return;
      await this.#run(EXTEND, name, owner, String(LEASE)).catch(() => {});
    }
  }

  async #name(key: string): Promise<string> {
    return `onecell:{${await this.#seal.nameOf(key)}}`;
  }

  async #lockName(key: string): Promise<string> {
    return `${await this.#name(key)}:lock`;
  }

  async #run(script: string, key: string, ...args: string[]): Promise<unknown> {
    return await this.#send(["EVAL", script, "1", key, ...args]);
  }

  async #send(args: string[]): Promise<unknown> {
    return await this.#connected(async (client) => {
      try {
        const late = () => new Error("no response");
        return await deadline(client.sendCommand(args), ANSWER_TIME, late);
      } catch (error) {
        destroy(client); // the next command opens another connection
        throw this.#explained(error);
      }
    });
  }

  /** Runs `work` with this process's only connection, which several callers can use at once. */
  async #connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
    let begun = false;
    try {
      return await connectionTo(this.#url).use((client) => {
        begun = true;
        return work(client);
      });
    } catch (error) {
      // An error of the work itself belongs to the caller.
      throw begun ? error : this.#explained(error);
    }
  }

  get #where(): string {
    return `the store at ${facts({ url: this.#url }).kept}`;
  }

  #explained(error: unknown): AuthError {
    if (error instanceof AuthError) return error;
    if (this.#runtime.errorKind(error) === "capability") {
      return storeError(this.#runtime, error, `reach ${this.#where}`, "");
    }
    // A server's message may repeat the command, including a value: keep only the error's name.
    const name = /^[A-Z]+(?= )/.exec(isError(error) ? error.message : "")?.[0];
    const refused = name === "WRONGPASS" || name === "NOAUTH" || name === "NOPERM";
    return new AuthError(
      "store_unavailable",
      refused
        ? `Cannot use ${this.#where}: it refuses the username or password in the URL (${name}).`
        : `Cannot use ${this.#where}: ${
          name ?? "it does not respond"
        }. Check that it runs and can ` +
          "be reached from here, then try again.",
    );
  }
}

/** One process's connection to a server, shared by all its sessions. */
class Connection {
  readonly #url: string;
  #client: Promise<Client> | undefined;
  #users = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** Runs `work` with a client. An unused client stays open but keeps no process alive. */
  async use<T>(work: (client: Client) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      const client = await this.#open();
      client.ref();
      return await work(client);
    } finally {
      // Use the current client, because the first one may have been lost.
      if (--this.#users === 0) this.#client?.then((it) => it.isReady && it.unref(), () => {});
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.then(destroy, () => {});
  }

  async #open(): Promise<Client> {
    const known = this.#client;
    const there = await known?.catch(() => undefined);
    if (there?.isReady) return there;
    // If several callers arrive at once, the first one opens another connection.
    return await (this.#client === known ? this.#client = connect(this.#url) : this.#open());
  }
}

const connections = new Map<string, Connection>();

function connectionTo(url: string): Connection {
  let connection = connections.get(url);
  if (!connection) connections.set(url, connection = new Connection(url));
  return connection;
}

/** Closes this process's connections, for tests. */
export async function closeConnections(): Promise<void> {
  for (const connection of connections.values()) await connection.close();
}

async function connect(url: string): Promise<Client> {
  const { createClient } = await loaded(import("@redis/client"));
  const client = createClient({
    url,
    RESP: 2,
    socket: { connectTimeout: ANSWER_TIME, reconnectStrategy: false },
    disableOfflineQueue: true,
    disableClientInfo: true,
  }) as unknown as Client;
  client.on("error", () => {}); // pending commands reject, too
  try {
    await deadline(client.connect(), ANSWER_TIME, () => new Error("no response"));
    return client;
  } catch (error) {
    destroy(client);
    throw error;
  }
}

function destroy(client: Client): void {
  try {
    client.destroy();
  } catch {
    // closed already
  }
}
