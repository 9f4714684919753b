import { didYouMean } from "../base/nearest.ts";
import { AuthError } from "../errors.ts";
import type { CommonOptions, SessionOptions } from "./options.ts";

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === "string" && value !== "";
const isFlag: Check = (value) => typeof value === "boolean";
const isFunction: Check = (value) => typeof value === "function";
const isObject: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** Those of `Person` that are called; the others are looked at. */
const PERSON = ["ask", "show", "open", "interruptible"];
const isPerson: Check = (value) =>
  isObject(value) && PERSON.every((name) => isFunction((value as Record<string, unknown>)[name]));

const COMMON: Record<keyof CommonOptions, [Check, string]> = {
  authUrl: [isText, "a URL"],
  apiUrl: [isText, "a URL"],
  issuer: [isText, "a URL"],
  directory: [isText, "a folder's path"],
  account: [isText, 'a name such as "work"'],
  signal: [(value) => value instanceof AbortSignal, "an AbortSignal"],
  fetch: [isFunction, "a function"],
  timeout: [
    (value) => typeof value === "number" && value > 0 && value <= 2 ** 31 - 1,
    "a positive number of milliseconds",
  ],
  interactive: [isFlag, "true or false"],
  person: [isPerson, `a Person, with ${PERSON.join(", ")}`],
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
      const names = Object.keys(known);
      // `session_key`, as Python would write it, is one letter and one case away.
      const hint = didYouMean(name, names) || ` Known: ${names.join(", ")}.`;
      throw new AuthError("invalid_argument", `${caller} has no option "${name}".${hint}`);
    }
    if (!rule[0](value)) {
      throw new AuthError("invalid_argument", `${caller}: "${name}" must be ${rule[1]}.`);
    }
  }
}
