import { pause } from "../../../src/base/wait.ts";

/** An authorization server that rotates refresh tokens, and ends the family if one comes twice. */
export class RotatingServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #used = new Set<string>();
  #current = "refresh-0";
  #count = 0;
  /** The delay of a response after the token is used up, in milliseconds. */
  delay = 0;
  /** The lifetime of access tokens, in seconds. */
  lifetime = 600;
  /** Refreshes that succeeded. */
  refreshes = 0;
  /** Families that ended because a refresh token came twice. */
  revoked = 0;
  /** Tokens requested with the client's own credentials. */
  clients = 0;
  /** Resolves when the next refresh has used its token up. */
  arrived: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The valid refresh token. */
  get refreshToken(): string {
    return this.#current;
  }

  async #answer(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text());
    const answer: Record<string, unknown> = {
      access_token: `access-${++this.#count}`,
      token_type: "Bearer",
      expires_in: this.lifetime,
    };
    if (form.get("grant_type") !== "refresh_token") {
      this.clients++;
      return Response.json(answer);
    }
    const sent = form.get("refresh_token") ?? "";
    if (this.#used.has(sent)) this.revoked++;
    if (sent !== this.#current) return Response.json({ error: "invalid_grant" }, { status: 400 });
    this.#used.add(sent);
    this.#current = `refresh-${this.#count}`;
    this.refreshes++;
    const mine = this.#current;
    this.arrived.resolve();
    await pause(this.delay);
    return Response.json({ ...answer, refresh_token: mine });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
