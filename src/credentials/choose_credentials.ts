/**
 * Chooses credential values among what options, environment and file hold. It reads nothing itself:
 * `profile/find_credentials.ts` does.
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

/** Where credential values came from. {@linkcode sourceText} puts it into words. */
export type Source =
  | { readonly kind: "options" }
  /** A token instead of credentials: from the option, a variable or a command. */
  | {
    readonly kind: "token";
    readonly token: string | ExternalToken;
    readonly variable?: string;
  }
  /** A token that something else issues, to sign in with. */
  | { readonly kind: "external"; readonly token: ExternalToken }
  | { readonly kind: "environment"; readonly variables: readonly string[] }
  | {
    readonly kind: "file";
    readonly path: string;
    /** The file as it was loaded, for values that came by way of the environment. */
    readonly saved?: SavedCredentials;
    /** Who created them, where that is known. */
    readonly username?: string | undefined;
  }
  /** What `loadCredentials` and its siblings returned. */
  | { readonly kind: "credentials"; readonly text: string }
  /** Typed by a person, and saved where there is a path. */
  | { readonly kind: "typed"; readonly path?: string | undefined }
  /** Created by the server in this sign-in, and saved nowhere. */
  | { readonly kind: "memory"; readonly username?: string | undefined };

/** What a saved credentials file holds: string values by key, as its writer named them. */
export interface SavedCredentials {
  /** Where it was found. */
  path: string;
  /** The file's JSON object, whole and unchanged. */
  values: Record<string, unknown>;
  /** The origin of the authorization server they are for, where the file says so. */
  server?: string;
  /** Who created them, where the file says so. */
  username?: string;
  /** For what is in no file but in a store: the host it is kept apart for, else `""`. */
  stored?: string;
}

/** The member of a credentials file that says which authorization server it is for. */
export const SERVER_MEMBER = "onecell_server";
/** The member of a credentials file that says who created the app credentials. */
export const USER_MEMBER = "onecell_username";
/** The member of a file that is a copy for another program, and counts only beside the first one. */
export const COPY_MEMBER = "onecell_copy";

/** What a sign-in will use, and where it came from. */
export interface ChosenCredentials {
  readonly values: CredentialValues;
  readonly sources: readonly Source[];
  /** The required values that no source had, in the order to ask for them. */
  readonly missing: readonly CredentialField[];
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
 * A value as it was meant: what copying, an editor or a shell left at its ends is taken away, as far as
 * it can be no part of it. A value of nothing but blanks is `""`, which counts as unset.
 */
export function cleanValue(name: string, text: string): string {
  if (isPlain(text.charCodeAt(0)) && isPlain(text.charCodeAt(text.length - 1))) return text;
  if (text.trim() === "") return "";
  // Controls, byte order marks and what is invisible: RFC 6749 appendix A has them in no value.
  const invisible =
    "\\x00-\\x1f\\x7f-\\x9f\\u00a0\\ufeff\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069";
  const clean = text.replace(new RegExp(`^[${invisible}]+|[${invisible}]+$`, "g"), "");
  // A secret or a password may end in a blank; an id never does.
  return name.endsWith("_id") ? clean.trim() : clean;
}

/** True for a visible character of ASCII, as nearly every value begins and ends with. */
const isPlain = (code: number) => code > 0x20 && code < 0x7f;

/**
 * What looks wrong with values, for people: quotes around a secret or blanks at its ends, which may
 * be its own. No value is repeated.
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

/** What says which client it is (RFC 6749 section 2.2 and 2.3, RFC 7523). */
export const CLIENT_FIELDS: readonly CredentialField[] = [
  "client_id",
  "client_secret",
  "private_key",
];

/** What may come with other values, and belongs to them: a key's id (RFC 7515 section 4.1.4), and more. */
function companions({ requires, optional = [] }: Provider, fields = requires): CredentialField[] {
  return fields.includes("private_key") ? ["key_id", ...optional] : [...optional];
}

/**
 * Checks the names of values that a caller gives: one that nobody reads would silently do nothing, and
 * another account would sign in.
 *
 * @throws {AuthError} `invalid_argument`, with the name that was meant
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

/** The names of the values that a system takes. */
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

/** Reads the provider's own variables. The unprefixed names are never read: they may be another system's. */
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
 * Chooses between the sources: options, then environment, then file. What belongs together is taken
 * from one place: a client ID of one system never meets the secret of another.
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
    // What the caller began to say is completed from nowhere else: it would be another account's.
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

/** Where a token that something else issues comes from, for people. A command's arguments may be secret. */
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

/** Says where credentials came from, for people: `"passed in code"`, or a file's path. */
export function sourceText(sources: readonly Source[]): string {
  return sources.map((source) => wordsOf(source)[1]).join(" and ") || "nothing";
}

/** The same as a sentence of its own: `"Credentials saved to …"`. */
export function credentialsText(sources: readonly Source[]): string {
  if (sources.length === 0) return "No credentials needed";
  return `Credentials ${sources.map((source) => wordsOf(source).join("")).join(" and ")}`;
}

/** What a source is called, and what stands before that in a sentence. */
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
 * Who is signed in, where that is known: the username, who created the app credentials, or what the
 * server says. Never the ID of a client, or a number of the server's.
 *
 * @param username the account's, where one is known
 * @param named what the server calls it, such as in an `id_token`
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
