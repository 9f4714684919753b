/**
 * Chooses credential values among what options, environment and file hold. It reads nothing itself:
 * `profile/find_credentials.ts` does.
 *
 * @module
 */
import { AuthError } from "../errors.ts";
import type { CredentialField, CredentialValues, Provider } from "../providers/provider.ts";

/** Where credential values came from. {@linkcode sourceText} puts it into words. */
export type Source =
  | { readonly kind: "options" }
  | { readonly kind: "environment"; readonly variables: readonly string[] }
  | { readonly kind: "file"; readonly path: string }
  /** What `loadCredentials` and its siblings returned. */
  | { readonly kind: "credentials"; readonly text: string }
  /** Typed by a person, and saved where there is a path. */
  | { readonly kind: "typed"; readonly path?: string | undefined }
  /** Created by the server in this sign-in, and saved nowhere. */
  | { readonly kind: "memory" };

/** What a saved credentials file holds: string values by key, as its writer named them. */
export interface SavedCredentials {
  /** Where it was found. */
  path: string;
  /** The file's JSON object, whole and unchanged. */
  values: Record<string, unknown>;
}

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
  const variables = Object.keys(sources.environment).map((field) => variableFor(provider, field));
  const places: { values: CredentialValues; source: Source }[] = [
    { values: sources.options ?? {}, source: { kind: "options" } },
    { values: sources.environment, source: { kind: "environment", variables } },
    { values: file, source: { kind: "file", path: sources.file?.path ?? "" } },
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
    sources: [...used],
    missing: needed.filter((field) => values[field] === undefined),
  };
}

/** Says where credentials came from, for people. */
export function sourceText(sources: readonly Source[]): string {
  return sources.map((source) => {
    switch (source.kind) {
      case "options":
        return "options";
      case "environment":
        return `environment (${source.variables.join(", ")})`;
      case "file":
        return source.path;
      case "credentials":
        return source.text;
      case "typed":
        return source.path === undefined
          ? "what was typed"
          : `what was typed, saved in ${source.path}`;
      case "memory":
        return "memory only";
    }
  }).join(" and ") || "nothing";
}
