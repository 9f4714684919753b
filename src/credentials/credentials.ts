import { AuthError } from "../errors.ts";
import type { CredentialField, Provider } from "../providers/provider.ts";
import type { SavedCredentials } from "../store/store.ts";

/** Credential values by their lower-case names, such as `client_id`. */
export type CredentialValues = Record<string, string>;

/** What a sign-in will use, and where it came from. */
export interface ChosenCredentials {
  values: CredentialValues;
  /** For people, such as "options", "environment (SPATIAFI_CLIENT_ID)" or a file's path. */
  source: string;
  /** The required values that no source had, in the order to ask for them. */
  missing: CredentialField[];
}

/** The places credentials come from, best first. */
export interface CredentialSources {
  options: CredentialValues | undefined;
  environment: CredentialValues;
  file: SavedCredentials | null;
}

export const USER_FIELDS = ["username", "password"];

/**
 * Reads credential values from any JSON object: names in lower case, values as text.
 *
 * @throws {AuthError} `invalid_argument` when it is not an object
 */
export function normaliseCredentials(values: unknown, what: string): CredentialValues {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new AuthError(
      "invalid_argument",
      `${what} must be an object such as { client_id: "…", client_secret: "…" }.`,
    );
  }
  const result: CredentialValues = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    // A JWK private key may come as an object.
    const text = typeof value === "object" ? asJson(value, what) : String(value);
    if (text !== "") result[name.toLowerCase()] = text;
  }
  return result;
}

function asJson(value: object, what: string): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw new AuthError(
      "invalid_argument",
      `${what} cannot be written as JSON (RFC 8259). Give texts, numbers and plain objects.`,
    );
  }
}

/** The environment variable of a credential value, such as `SPATIAFI_CLIENT_ID`. */
export function variableFor(provider: Provider, field: string): string {
  return `${provider.environmentPrefix}_${field.toUpperCase()}`;
}

/** What says which client it is (RFC 6749 section 2.2 and 2.3, RFC 7523). */
export const CLIENT_FIELDS: readonly CredentialField[] = [
  "client_id",
  "client_secret",
  "private_key",
];

/** What may come with other values, and belongs to them: a key's id (RFC 7515 section 4.1.4). */
function companions(fields: CredentialField[]): CredentialField[] {
  return fields.includes("private_key") ? ["key_id"] : [];
}

/** Reads the provider's own variables. The unprefixed names are never read: they may be another system's. */
export function environmentCredentials(
  provider: Provider,
  get: (name: string) => string | undefined,
): CredentialValues {
  const values: CredentialValues = {};
  const defaults = Object.keys(provider.defaults ?? {});
  for (const field of [...provider.requires, ...companions(provider.requires), ...defaults]) {
    const value = get(variableFor(provider, field));
    if (value !== undefined && value !== "") values[field] = value;
  }
  return values;
}

/**
 * Chooses between the sources: options, then environment, then file. What belongs together is taken
 * from one place: a client id of one system never meets the secret of another.
 */
export function chooseCredentials(
  provider: Provider,
  sources: CredentialSources,
): ChosenCredentials {
  const file = sources.file
    ? normaliseCredentials(sources.file.values, `The credentials file ${sources.file.path}`)
    : {};
  const places: { values: CredentialValues; source: string }[] = [
    { values: sources.options ?? {}, source: "options" },
    { values: sources.environment, source: environmentSource(provider, sources.environment) },
    { values: file, source: sources.file?.path ?? "" },
  ];
  const defaults = provider.defaults ?? {};
  const values: CredentialValues = { ...defaults };
  for (const name of Object.keys(defaults)) {
    const value = places.find((place) => place.values[name] !== undefined)?.values[name];
    if (value !== undefined) values[name] = value;
  }
  const needed = provider.requires.filter((field) => defaults[field] === undefined);
  const groups = [
    needed.filter((field) => USER_FIELDS.includes(field)),
    needed.filter((field) => !USER_FIELDS.includes(field)),
  ].filter((group) => group.length > 0);

  const used = new Set<string>();
  for (const group of groups) {
    const place = places.find((place) =>
      group.every((field) => place.values[field] !== undefined)
    ) ??
      places.find((place) => group.some((field) => place.values[field] !== undefined));
    if (place === undefined) continue;
    used.add(place.source);
    for (const field of [...group, ...companions(group)]) {
      const value = place.values[field];
      if (value !== undefined) values[field] = value;
    }
  }
  return {
    values,
    source: [...used].join(" and ") || "nothing",
    missing: needed.filter((field) => values[field] === undefined),
  };
}

function environmentSource(provider: Provider, values: CredentialValues): string {
  const names = Object.keys(values).map((field) => variableFor(provider, field));
  return `environment (${names.join(", ")})`;
}

/** Values of an instance, reachable for this module and for nothing that prints an object. */
const contents = new WeakMap<Credentials, Record<string, unknown>>();

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
    place: { path: string | null; source: string; storeProblem?: AuthError | undefined },
  ) {
    this.provider = provider;
    this.path = place.path;
    this.source = place.source;
    this.storeProblem = place.storeProblem;
    contents.set(this, values);
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

/** All values of credentials, secrets included. Not exported by the module. */
export function valuesOf(credentials: Credentials): Record<string, unknown> {
  return contents.get(credentials) ?? {};
}
