import { plain, shortenHome } from "../base/text.ts";
import type { AuthError } from "../errors.ts";
import type { Credentials as Face } from "../interface/credentials.ts";

/** The method that returns the contents of credentials, even those of another copy of this module. */
const CONTENTS = Symbol.for("@onecell/auth/credentials");

/** Where credentials came from and where they are saved, or why they are not. */
export interface CredentialsOrigin {
  readonly path: string | undefined;
  readonly source: string;
  readonly storeProblem?: AuthError | undefined;
  /** The origin of the authorization server they belong to, if known. */
  readonly server?: string | undefined;
  /** The user's home folder, shown as `~`. */
  readonly home?: string | undefined;
}

/** True for credentials of this module or another copy of it, and for a complete fake. */
export function isCredentials(value: unknown): value is Face {
  if (typeof value !== "object" || value === null) return false;
  const { get, names } = value as Partial<Face>;
  return CONTENTS in value || (typeof get === "function" && Array.isArray(names));
}

/** Returns all values, including secrets. The package does not export this function. */
export function valuesOf(credentials: Face): Record<string, unknown> {
  const names = Object.fromEntries(credentials.names.map((name) => [name, credentials.get(name)]));
  return contentsOf(credentials)?.values ?? names;
}

/** The origin of the authorization server that credentials belong to, if known. */
export function serverOfCredentials(credentials: Face): string | undefined {
  return contentsOf(credentials)?.server;
}

/** The hidden contents: the values, and the server they belong to. */
interface Contents {
  readonly values: Record<string, unknown>;
  readonly server: string | undefined;
}

function contentsOf(credentials: Face): Contents | undefined {
  const contents: unknown = Reflect.get(credentials, CONTENTS);
  return typeof contents === "function" ? contents.call(credentials) : undefined;
}

/** Credentials whose values do not appear when the object is printed. */
export class Credentials implements Face {
  readonly provider: string;
  readonly path: string | undefined;
  readonly source: string;
  readonly storeProblem: AuthError | undefined;
  readonly #contents: Contents;
  readonly #home: string | undefined;

  /** @param values the values from the file or the server, unchanged */
  constructor(
    provider: string,
    values: Readonly<Record<string, unknown>>,
    { path, source, storeProblem, server, home }: CredentialsOrigin,
  ) {
    this.provider = provider;
    this.path = path;
    this.source = source;
    this.storeProblem = storeProblem;
    this.#contents = { values, server };
    this.#home = home;
  }

  get names(): readonly string[] {
    return Object.keys(this.#contents.values);
  }

  get clientId(): string | undefined {
    return this.get("client_id");
  }

  get(name: string): string | undefined {
    const wanted = String(name).toLowerCase();
    const [, value] =
      Object.entries(this.#contents.values).find(([key]) => key.toLowerCase() === wanted) ??
        [];
    return value === undefined || value === null ? undefined : String(value);
  }

  toJSON(): Record<string, unknown> {
    const path = this.path === undefined ? undefined : shortenHome(this.path, this.#home);
    return { provider: this.provider, clientId: this.clientId, path, names: this.names };
  }

  toString(): string {
    const source = shortenHome(this.source, this.#home);
    return plain(
      `Credentials(${this.provider}, ${this.clientId ?? "no client ID"}, from ${source})`,
    );
  }

  [CONTENTS](): Contents {
    return this.#contents;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
