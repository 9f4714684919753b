/**
 * Chooses credential values from the options, the environment and the file. `profile/find_credentials.ts`
 * reads them; this module reads nothing itself.
 *
 * @module
 */
import { AuthError } from "../errors.ts";
import type {
  CredentialField,
  CredentialValues,
  ExternalToken,
  Provider,
} from "../providers/provider.ts";

/** Where credential values came from. {@linkcode sourceText} describes it. */
export type Source =
  | { readonly kind: "options" }
  /** A token instead of credentials, from the option, a variable or a command. */
  | {
    readonly kind: "token";
    readonly token: string | ExternalToken;
    readonly variable?: string;
  }
  /** An external token to sign in with. */
  | { readonly kind: "external"; readonly token: ExternalToken }
  | { readonly kind: "environment"; readonly variables: readonly string[] }
  | {
    readonly kind: "file";
    readonly path: string;
    /** The file as it was loaded, if its values came through the environment. */
    readonly saved?: SavedCredentials;
    /** The user who created them, if known. */
    readonly username?: string | undefined;
  }
  /** Credentials that `loadCredentials` or a similar function returned. */
  | { readonly kind: "credentials"; readonly text: string }
  /** Typed by a person, and saved if there is a path. */
  | { readonly kind: "typed"; readonly path?: string | undefined }
  /** Created by the server during this sign-in, and not saved. */
  | { readonly kind: "memory"; readonly username?: string | undefined };

/** The content of a saved credentials file. */
export interface SavedCredentials {
  /** Where the file was found. */
  path: string;
  /** The file's whole JSON object, with the names that its writer chose. */
  values: Record<string, unknown>;
  /** The origin of the authorization server they are for, if the file names one. */
  server?: string;
  /** The user who created them, if the file names one. */
  username?: string;
  /** Set if they are in a store instead of a file: the host they are saved separately for, else `""`. */
  stored?: string;
}

/** The member of a credentials file that names its authorization server. */
export const SERVER_MEMBER = "onecell_server";
/** The member of a credentials file that names the user who created the app credentials. */
export const USER_MEMBER = "onecell_username";
/** The member that marks a copy for another program. A copy counts only if its original exists. */
export const COPY_MEMBER = "onecell_copy";

/** The values that a sign-in will use, and where they came from. */
export interface ChosenCredentials {
  readonly values: CredentialValues;
  readonly sources: readonly Source[];
  /** The required values that no source has, in the order of the prompts. */
  readonly missing: readonly CredentialField[];
}

/** The sources of credentials, highest precedence first. */
export interface CredentialSources {
  options: CredentialValues | undefined;
  environment: CredentialValues;
  file: SavedCredentials | null;
}

export const USER_FIELDS = ["username", "password"];

/**
 * Reads credential values from any JSON object: names in lower case, values as text.
 *
 * @throws {AuthError} `invalid_argument` if it is not an object
 */
export function normaliseCredentials(values: unknown, what: string): CredentialValues {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new AuthError(
      "invalid_argument",
      `${what} must be an object such as { client_id: "…", client_secret: "…" }.`,
    );
  }
  const result: CredentialValues = {};
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined || value === null || key === "__proto__") continue;
    // A JWK private key may come as an object.
    const text = typeof value === "object" ? asJson(value, what) : String(value);
    const name = key.toLowerCase();
    const clean = cleanValue(name, text);
    if (clean !== "") result[name] = clean;
  }
  return result;
}

/**
 * Removes what copying, an editor or a shell left at the ends of a value, if it cannot be part of the value.
 * A value that is only whitespace becomes `""`, which counts as unset.
 */
export function cleanValue(name: string, text: string): string {
  if (isPlain(text.charCodeAt(0)) && isPlain(text.charCodeAt(text.length - 1))) return text;
  if (text.trim() === "") return "";
  // Control characters, byte order marks and invisible characters: RFC 6749 appendix A allows none of them.
  const invisible =
    "\\x00-\\x1f\\x7f-\\x9f\\u00a0\\ufeff\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069";
  const clean = text.replace(new RegExp(`^[${invisible}]+|[${invisible}]+$`, "g"), "");
  // A secret or password may end with a space; an ID never does.
  return name.endsWith("_id") ? clean.trim() : clean;
}

/** True for a visible ASCII character. Nearly every value begins and ends with one. */
const isPlain = (code: number) => code > 0x20 && code < 0x7f;

/**
 * Describes what looks wrong with values: quotes around a value, or spaces at its ends, though they may
 * belong to it. The text contains no value.
 */
export function oddities(values: CredentialValues): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (/^\s|\s$/.test(value)) return [`The ${name} begins or ends with a space.`];
    if (/^(["'`]).*\1$/s.test(value)) return [`The ${name} has quotes around it.`];
    return [];
  });
}

function asJson(value: object, what: string): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw new AuthError(
      "invalid_argument",
      `${what} cannot be written as JSON (RFC 8259). Use strings, numbers and plain objects.`,
    );
  }
}

/** The environment variable of a credential value, such as `SPATIAFI_CLIENT_ID`. */
export function variableFor(provider: Provider, field: string): string {
  return `${provider.environmentPrefix}_${field.toUpperCase()}`;
}

/** The values that identify the client (RFC 6749 section 2.2 and 2.3, RFC 7523). */
export const CLIENT_FIELDS: readonly CredentialField[] = [
  "client_id",
  "client_secret",
  "private_key",
];

/** Values that go with other values: a private key's ID (RFC 7515 section 4.1.4), and the optional ones. */
function companions({ requires, optional = [] }: Provider, fields = requires): CredentialField[] {
  return fields.includes("private_key") ? ["key_id", ...optional] : [...optional];
}

/**
 * Checks the names of values that a caller passes. An unknown name would be ignored silently, and another
 * account could sign in.
 *
 * @throws {AuthError} `invalid_argument`, with the name that was probably meant
 */
export function checkNames(provider: Provider, values: object, what: string): void {
  const known = knownNames(provider);
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null || known.includes(name.toLowerCase())) continue;
    const meant = known.find((one) => plain(one) === plain(name));
    const hint = meant === undefined
      ? `${provider.title} takes ${known.join(", ")}.`
      : `Did you mean ${meant}?`;
    throw new AuthError("invalid_argument", `${what} has a name "${name.slice(0, 60)}". ${hint}`);
  }
}

/** The names of the values that a system accepts. */
export function knownNames(provider: Provider): string[] {
  const { requires, defaults = {}, enrolment } = provider;
  return [
    ...new Set([
      ...requires,
      ...companions(provider),
      ...Object.keys(defaults),
      ...(enrolment ? USER_FIELDS : []),
    ]),
  ];
}

/** Reads the provider's variables. Unprefixed names are never read, because another system may use them. */
export function environmentCredentials(
  provider: Provider,
  get: (name: string) => string | undefined,
): CredentialValues {
  const values: CredentialValues = {};
  const defaults = Object.keys(provider.defaults ?? {});
  for (const field of [...provider.requires, ...companions(provider), ...defaults]) {
    const value = cleanValue(field, get(variableFor(provider, field)) ?? "");
    if (value !== "") values[field] = value;
  }
  return values;
}

interface Place {
  readonly values: CredentialValues;
  readonly source: Source;
}

/** The variables that this process has set from a file, by name. */
export const exported: Map<string, { value: string; saved: SavedCredentials }> = new Map();

/**
 * Chooses from the options, then the environment, then the file. Values that belong together come from one
 * source, so a client ID is never combined with another system's secret.
 */
export function chooseCredentials(
  provider: Provider,
  sources: CredentialSources,
): ChosenCredentials {
  const file = sources.file
    ? normaliseCredentials(sources.file.values, `The credentials file ${sources.file.path}`)
    : {};
  const variables = Object.keys(sources.environment).map((field) => variableFor(provider, field));
  const places: Place[] = [
    { values: sources.options ?? {}, source: { kind: "options" } },
    { values: sources.environment, source: { kind: "environment", variables } },
    { values: file, source: fileSource(sources.file) },
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

  const used = new Set<Source>();
  for (const group of groups) {
    const [given = places[0]] = places;
    const hasSome = (place: Place) => group.some((field) => place.values[field] !== undefined);
    const hasAll = (place: Place) => group.every((field) => place.values[field] !== undefined);
    // If the options have one value of a group, do not add others: they may belong to another account.
    const place = given && hasSome(given) ? given : places.find(hasAll) ?? places.find(hasSome);
    if (place === undefined) continue;
    used.add(place.source);
    for (const field of [...group, ...companions(provider, group)]) {
      const value = place.values[field];
      if (value !== undefined) values[field] = value;
    }
  }
  return {
    values,
    sources: [...used],
    missing: needed.filter((field) => values[field] === undefined),
  };
}

function fileSource(file: SavedCredentials | null): Source {
  const { path = "", username } = file ?? {};
  return { kind: "file", path, ...(username === undefined ? {} : { username }) };
}

/** Describes where an external token comes from, without a command's arguments, which may be secret. */
export function placeOf(token: ExternalToken): string {
  if (typeof token === "function") return "a function";
  const [[form, value] = ["", ""]] = Object.entries(token);
  switch (form) {
    case "environment":
      return `environment (${value})`;
    case "file":
    case "kubernetes":
      return value;
    case "command":
      return `command ${value[0]}`;
    case "credential":
      return `credential value ${value}`;
    default:
      return form === "githubActions" ? "GitHub Actions" : "JupyterHub";
  }
}

function tokenText({ token, variable }: Extract<Source, { kind: "token" }>): string {
  if (typeof token === "string" || typeof token === "function") return "option token";
  const place = placeOf(token);
  if ("environment" in token || "command" in token) return place;
  return variable === undefined ? `option token (${place})` : `${place} (${variable})`;
}

/** Describes where credentials came from, such as `"passed in code"` or a file's path. */
export function sourceText(sources: readonly Source[]): string {
  return sources.map((source) => wordsOf(source)[1]).join(" and ") || "nothing";
}

/** The same as a sentence, such as `"Credentials saved to …"`. */
export function credentialsText(sources: readonly Source[]): string {
  if (sources.length === 0) return "No credentials needed";
  return `Credentials ${sources.map((source) => wordsOf(source).join("")).join(" and ")}`;
}

/** A source's name, and the words before it in a sentence. */
function wordsOf(source: Source): [before: string, name: string] {
  switch (source.kind) {
    case "options":
      return ["", "passed in code"];
    case "token": {
      const text = tokenText(source);
      return text === "option token" ? ["", "passed in code"] : ["from ", text];
    }
    case "external":
      return ["from ", placeOf(source.token)];
    case "environment":
      return ["from the ", `environment (${source.variables.join(", ")})`];
    case "file":
      return ["saved to ", source.path];
    case "credentials":
      return source.text === "memory only" ? NOT_SAVED : ["saved to ", source.text];
    case "typed":
      return source.path === undefined ? ["", "typed in, not saved"] : ["saved to ", source.path];
    case "memory":
      return NOT_SAVED;
  }
}

const NOT_SAVED: [string, string] = ["", "created, not saved"];

/**
 * Who is signed in, if known: the username, the user who created the app credentials, or the name that the
 * server sends. Never a client ID or a number that the server assigned.
 *
 * @param username the account's username, if known
 * @param named the name that the server sends, such as in an `id_token`
 * @param client the client ID
 * @param sources where the credentials came from
 */
export function personOf(
  { username, named, client, sources }: {
    username?: string | undefined;
    named?: string | undefined;
    client?: string | undefined;
    sources: readonly Source[];
  },
): string | undefined {
  const isNumber = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i.test(named ?? "");
  return username || creatorOf(sources) || (named === client || isNumber ? undefined : named);
}

function creatorOf(sources: readonly Source[]): string | undefined {
  return sources.map((source) => {
    if (source.kind === "memory") return source.username;
    return source.kind === "file" ? source.username ?? source.saved?.username : undefined;
  }).find((name) => name !== undefined);
}
