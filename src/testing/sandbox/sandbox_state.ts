import { FaultQueue } from "./fault.ts";

/** One recorded request, without header values and bodies. */
export interface RequestRecord {
  /** The endpoint, such as `spatiafi.token`. */
  endpoint: string;
  /** The method, such as `POST`. */
  method: string;
  /** The whole URL, so that a test can look for secrets in it. */
  url: string;
  /** The names of its headers. */
  headers: string[];
  /** The number of this request on its connection, from 1. */
  onConnection: number;
}

const REMEMBERED = 20_000;

/** The state that all listeners of one sandbox share. */
export class SandboxState {
  readonly counters: Record<string, number> = {};
  readonly requests: RequestRecord[] = [];
  readonly faults: FaultQueue = new FaultQueue();
  /** Unexpected errors inside the sandbox itself. */
  readonly errors: string[] = [];
  readonly stopped: AbortController = new AbortController();
  readonly rotateRefreshToken: boolean;
  tokenLifetime: number;
  /** Each access token carries it. When it increases, every API refuses the older tokens. */
  generation = 0;

  constructor(options: { tokenLifetime: number; rotateRefreshToken: boolean }) {
    this.tokenLifetime = options.tokenLifetime;
    this.rotateRefreshToken = options.rotateRefreshToken;
  }

  count(name: string): void {
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }

  remember(record: RequestRecord): void {
    this.requests.push(record);
    if (this.requests.length > REMEMBERED) this.requests.splice(0, REMEMBERED / 2);
  }

  /** Clears counters, requests, errors and waiting faults. Tokens and clients stay. */
  reset(): void {
    for (const name of Object.keys(this.counters)) delete this.counters[name];
    this.requests.length = 0;
    this.errors.length = 0;
    this.faults.clear();
  }
}
