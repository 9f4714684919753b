import type { Credentials } from "./saved_credentials.ts";
import { AuthError } from "./errors.ts";
import type { Person } from "./notebook/person.ts";
import type { SignInMethod } from "./provider.ts";
import type { ProviderUrls } from "./system.ts";

/** Options that several functions share. */
export interface CommonOptions extends ProviderUrls {
  /**
   * A folder to keep everything in, instead of the provider's folder below the user's configuration
   * directory.
   */
  directory?: string;
  /** Ends every wait early; the call rejects with `aborted`. */
  signal?: AbortSignal;
  /** Sends all requests, instead of the runtime's `fetch`. It must not send a POST again by itself. */
  fetch?: typeof fetch;
  /** How long one request may take, in milliseconds; 30 000 to sign in, 100 000 for the API. */
  timeout?: number;
  /** False: never ask anybody. Default: ask where a notebook or a terminal is there. */
  interactive?: boolean;
  /** Who is asked, for tests and for other user interfaces. */
  person?: Person;
}

/** Options of `getSession`. */
export interface SessionOptions extends CommonOptions {
  /** Keeps sessions of one account apart, such as `"work"`; letters, digits, `.`, `-`, `_`. */
  sessionKey?: string;
  /** Sign in anew, whatever is saved. */
  forceLogin?: boolean;
  /** Credential values; they come before the environment and the file. */
  credentials?: Record<string, unknown> | Credentials;
  /** Scopes to ask for, separated by spaces, instead of the provider's. */
  scope?: string;
  /** Where tokens are kept, instead of where the provider says. */
  keepTokens?: "disk" | "memory";
  /** More origins the token may go to, such as `"https://files.example.com"`. */
  origins?: string[];
  /** How to ask a person, instead of choosing. */
  method?: SignInMethod;
}

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === "string" && value !== "";
const isFlag: Check = (value) => typeof value === "boolean";
const isFunction: Check = (value) => typeof value === "function";
const isObject: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const COMMON: Record<keyof CommonOptions, [Check, string]> = {
  authUrl: [isText, "a URL"],
  apiUrl: [isText, "a URL"],
  issuer: [isText, "a URL"],
  directory: [isText, "a folder's path"],
  signal: [(value) => value instanceof AbortSignal, "an AbortSignal"],
  fetch: [isFunction, "a function"],
  timeout: [
    (value) => typeof value === "number" && value > 0 && value <= 2 ** 31 - 1,
    "a positive number of milliseconds",
  ],
  interactive: [isFlag, "true or false"],
  person: [isObject, "a Person"],
};

const SESSION: Record<Exclude<keyof SessionOptions, keyof CommonOptions>, [Check, string]> = {
  sessionKey: [
    (value) => typeof value === "string" && /^[A-Za-z0-9._-]{1,100}$/.test(value),
    "1 to 100 letters, digits, dots, hyphens or underscores",
  ],
  forceLogin: [isFlag, "true or false"],
  credentials: [isObject, "an object such as { client_id, client_secret }"],
  scope: [isText, "scopes separated by spaces"],
  keepTokens: [(value) => value === "disk" || value === "memory", '"disk" or "memory"'],
  origins: [
    (value) => Array.isArray(value) && value.every(isText),
    'a list such as ["https://files.example.com"]',
  ],
  method: [
    (value) => value === "loopback" || value === "device" || value === "paste",
    '"loopback", "device" or "paste"',
  ],
};

/**
 * Checks options before anything is done with them: a mistyped one would silently do nothing.
 *
 * @throws {AuthError} `invalid_argument`, naming the option
 */
export function checkOptions(options: unknown, kind: "session" | "common", caller: string): void {
  if (!isObject(options)) {
    throw new AuthError("invalid_argument", `${caller}: the options are an object.`);
  }
  const known: Record<string, [Check, string]> = kind === "session"
    ? { ...COMMON, ...SESSION }
    : COMMON;
  for (const [name, value] of Object.entries(options as object)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (rule === undefined) {
      const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const hint = Object.hasOwn(known, camel) && camel !== name
        ? ` Did you mean "${camel}"?`
        : ` Known: ${Object.keys(known).join(", ")}.`;
      throw new AuthError("invalid_argument", `${caller} has no option "${name}".${hint}`);
    }
    if (!rule[0](value)) {
      throw new AuthError("invalid_argument", `${caller}: "${name}" must be ${rule[1]}.`);
    }
  }
}
