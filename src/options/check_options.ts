import { didYouMean } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import type {
  ConnectionOptions,
  FetchLike,
  LocationOptions,
  SessionOptions,
} from "../interface/options.ts";
import { isExternalToken } from "../providers/define_provider.ts";
import type { CheckedOptions } from "./options.ts";

/** Which options a function takes. */
export type OptionKind = "session" | "location" | "connection" | "load" | "directory";

type Check = (value: unknown) => boolean;
type Rule = [Check, string];
const isText: Check = (value) => typeof value === "string" && value !== "";
const isFlag: Check = (value) => typeof value === "boolean";
const isFunction: Check = (value) => typeof value === "function";
const isUrl: Check = (value) => isText(value) || value instanceof URL;
const isObject: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const has = (value: unknown, ...names: string[]) =>
  isObject(value) && names.every((name) => isFunction((value as Record<string, unknown>)[name]));
const isName: Check = (value) => typeof value === "string" && /^[A-Za-z0-9._-]{1,100}$/.test(value);
const NAME = "1 to 100 letters, digits, dots, hyphens or underscores";
const isExternal: Check = (value) => isFunction(value) || isExternalToken(value);
const EXTERNAL = 'a function that returns one, or its source, such as { file: "/run/token" }';
/** An absolute path on any platform, or a `file:` URL. `"work"` would be a folder next to the notebook. */
const isFolder: Check = (value) =>
  value instanceof URL
    ? value.protocol === "file:"
    : typeof value === "string" && (isAbsolute(value) || /^file:\/\//i.test(value));

const location = (): Record<keyof LocationOptions, Rule> => ({
  directory: [
    isFolder,
    'a folder, as an absolute path or a file: URL, such as "/home/ada/keys"; for a second account of the same ' +
    'system pass account: "work" instead',
  ],
  account: [isText, 'a name such as "work"'],
  authUrl: [isUrl, "a URL"],
  apiUrl: [isUrl, "a URL"],
  issuer: [isUrl, "a URL"],
  signal: [(value) => value instanceof AbortSignal, "an AbortSignal"],
  store: [
    (value) =>
      (typeof value === "string" && /^(disk|memory|keyring:|rediss?:\/\/.+)$/.test(value)) ||
      has(value, "read", "write", "remove", "exclusive"),
    '"disk", "memory", "redis://HOST:PORT", "keyring:", or a store with read, write, remove and exclusive',
  ],
});

const connection = (): Record<Exclude<keyof ConnectionOptions, keyof LocationOptions>, Rule> => ({
  fetch: [isFunction, "a function"],
  timeout: [
    (value) => typeof value === "number" && value > 0 && value <= 2 ** 31 - 1,
    "a positive number of milliseconds",
  ],
});

const session = (): Record<
  Exclude<keyof SessionOptions, keyof LocationOptions | keyof ConnectionOptions>,
  Rule
> => ({
  sessionKey: [isName, NAME],
  forceLogin: [isFlag, "true or false"],
  credentials: [isObject, "an object such as { client_id, client_secret }"],
  token: [
    (value) => isText(value) || isExternal(value),
    `an access token, ${EXTERNAL}`,
  ],
  subjectToken: [isExternal, EXTERNAL],
  clientAssertion: [isExternal, EXTERNAL],
  minLifetime: [
    (value) => typeof value === "number" && value >= 0 && value <= 1e9,
    "a number of seconds",
  ],
  scope: [
    (value) => isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
    "scopes: a list, or one string with spaces",
  ],
  interactive: [isFlag, "true or false"],
  origins: [
    (value) => Array.isArray(value) && value.every(isUrl),
    'a list such as ["https://files.example.com"]',
  ],
  method: [
    (value) => value === "browser" || value === "device" || value === "paste",
    '"browser", "device" or "paste"',
  ],
  quiet: [isFlag, "true or false"],
  person: [(value) => has(value, "ask"), "a Person: an object with a function ask(question)"],
});

/** The rules for a function's options. Made when there are options to check: most calls have none. */
function rulesFor(kind: OptionKind): Record<string, Rule> {
  switch (kind) {
    case "directory":
      return { directory: location().directory };
    case "location":
      return location();
    case "load":
      return { ...location(), export: [isFlag, "true or false"] };
    case "connection":
      return { ...location(), ...connection() };
    case "session":
      return { ...location(), ...connection(), ...session() };
  }
}

/** Converts options that accept several forms to one form. */
const FORMS: Record<string, (value: unknown) => unknown> = {
  authUrl: String,
  apiUrl: String,
  issuer: String,
  directory: (value) => filePath(value as string | URL),
  scope: (value) => Array.isArray(value) ? value.join(" ") : value,
  origins: (value) => (value as unknown[]).map(String),
  fetch: (value) => standardFetch(value as FetchLike),
};

/**
 * Adapts the caller's `fetch`, which gets a complete URL and plain headers, to the standard `fetch` that
 * this module calls.
 */
function standardFetch(given: FetchLike): typeof fetch {
  return async (input, init = {}) => {
    const { headers, ...rest } = init;
    const url = typeof input === "object" && "url" in input ? input.url : String(input);
    const plain = headers === undefined || Object.getPrototypeOf(headers) === Object.prototype
      ? { ...headers as Record<string, string> | undefined }
      : Object.fromEntries(new Headers(headers));
    const sent = { ...rest, method: init.method ?? "GET", headers: plain };
    return await given(url, sent as unknown as Parameters<FetchLike>[1]) as Response;
  };
}

/** Other names that people use for an option. */
const otherNames = (): Record<string, string> => ({
  keeptokens: "store",
  scopes: "scope",
  dir: "directory",
  folder: "directory",
  path: "directory",
  profile: "account",
  user: "account",
  username: "credentials",
  password: "credentials",
  clientid: "credentials",
  clientsecret: "credentials",
  accesstoken: "token",
  baseurl: "apiUrl",
  force: "forceLogin",
  abortsignal: "signal",
});

/**
 * Checks options before they are used. Otherwise a mistyped one would be ignored silently.
 *
 * @returns the options, each converted to one form
 * @throws {AuthError} `invalid_argument`, naming the option
 */
export function checkOptions(options: unknown, kind: OptionKind, caller: string): CheckedOptions {
  if (!isObject(options)) {
    throw new AuthError("invalid_argument", `${caller}: the options must be an object.`);
  }
  const given = Object.entries(options as object).filter(([, value]) => value !== undefined);
  return given.length === 0 ? {} : checkEach(given, rulesFor(kind), caller);
}

function checkEach(
  given: [name: string, value: unknown][],
  known: Record<string, Rule>,
  caller: string,
): CheckedOptions {
  const checked: Record<string, unknown> = {};
  for (const [name, value] of given) {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (rule === undefined) {
      throw new AuthError(
        "invalid_argument",
        `${caller} has no option "${name}".${hint(name, known)}`,
      );
    }
    if (!rule[0](value)) {
      throw new AuthError("invalid_argument", `${caller}: "${name}" must be ${rule[1]}.`);
    }
    const form = FORMS[name];
    checked[name] = form ? form(value) : value;
  }
  return checked;
}

/** Suggests what to write instead. */
function hint(name: string, known: Record<string, Rule>): string {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
  const same = Object.keys(known).find((one) => plain(one) === plain(name)) ??
    otherNames()[plain(name)];
  if (same !== undefined && Object.hasOwn(known, same)) return ` Did you mean "${same}"?`;
  if (Object.hasOwn(rulesFor("session"), same ?? name)) {
    return ` It is an option of getSession. Known here: ${Object.keys(known).join(", ")}.`;
  }
  const names = Object.keys(known);
  return didYouMean(name, names) || ` Known: ${names.join(", ")}.`;
}

/** Converts a path or a `file:` URL (RFC 8089) to a path. */
export function filePath(file: string | URL): string {
  const text = String(file);
  if (!/^file:/i.test(text) || !URL.canParse(text)) return text;
  const { host, pathname } = new URL(text);
  const path = decodeURIComponent(pathname);
  if (host !== "") return `//${host}${path}`;
  return /^\/[A-Za-z]:/.test(path) ? path.slice(1) : path;
}

/** True for an absolute path, on any platform. */
export function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path);
}
