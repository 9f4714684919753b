import type { AuthError } from "../errors.ts";

/** Values of an instance, reachable for this module and for nothing that prints an object. */
const contents = new WeakMap<Credentials, Record<string, unknown>>();
/** The servers that instances belong to, where that is known. */
const servers = new WeakMap<Credentials, string>();

/**
 * App credentials, as loaded or created. Printing them shows no secret: ask for a value with
 * {@linkcode Credentials.get}. `getSession` takes them as its option `credentials`.
 */
export class Credentials {
  /** The provider's name. */
  readonly provider: string;
  /** The file they are saved in, or `null` when they are not. */
  readonly path: string | null;
  /** Where they came from, for people. */
  readonly source: string;
  /** Why they could not be saved, or `undefined`. */
  readonly storeProblem: AuthError | undefined;

  /**
   * Holds values without showing them.
   *
   * @param provider the provider's name
   * @param values the values, as the file or the server gave them
   * @param place where they came from and where they are saved, or why they are not
   */
  constructor(
    provider: string,
    values: Record<string, unknown>,
    place: {
      path: string | null;
      source: string;
      storeProblem?: AuthError | undefined;
      server?: string | undefined;
    },
  ) {
    this.provider = provider;
    this.path = place.path;
    this.source = place.source;
    this.storeProblem = place.storeProblem;
    contents.set(this, values);
    if (place.server !== undefined) servers.set(this, place.server);
  }

  /** The names of the values, such as `client_id`. */
  get names(): string[] {
    return Object.keys(valuesOf(this));
  }

  /** The client id (RFC 6749 section 2.2), which is no secret. */
  get clientId(): string | undefined {
    return this.get("client_id");
  }

  /**
   * One value. It may be a secret: keep it out of outputs.
   *
   * @param name such as `"client_secret"`; upper and lower case are the same
   */
  get(name: string): string | undefined {
    const entry = Object.entries(valuesOf(this)).find(([key]) =>
      key.toLowerCase() === name.toLowerCase()
    );
    return entry?.[1] === undefined || entry[1] === null ? undefined : String(entry[1]);
  }

  /** What may be shown. */
  toJSON(): Record<string, unknown> {
    return { provider: this.provider, clientId: this.clientId, path: this.path, names: this.names };
  }

  /** One line, for text. */
  toString(): string {
    return `Credentials(${this.provider}, ${this.clientId ?? "no client id"}, from ${this.source})`;
  }

  /** What `console.log` shows in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `console.log` shows in Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** The origin of the authorization server that credentials belong to, where it is known. */
export function serverOfCredentials(credentials: Credentials): string | undefined {
  return servers.get(credentials);
}

/** All values of credentials, secrets included. Not exported by the module. */
export function valuesOf(credentials: Credentials): Record<string, unknown> {
  return contents.get(credentials) ?? {};
}
