import { isObject, parseObject } from "../base/text.ts";

/**
 * The token saved for one sign-in: its members, its key, when to renew it, and its JSON, which only
 * this file writes and reads. Pure; the store decides where tokens are kept.
 */

/** The token saved for one sign-in. All of it is secret. Times are epoch seconds. */
export interface Token {
  version: 1;
  /** Which token this is, in the form of {@linkcode formatKey}. */
  key: string;
  access_token: string;
  token_type: string;
  /** When the access token expires, in epoch seconds. */
  expires_at: number;
  /** When it was received, in epoch seconds. */
  obtained_at: number;
  scope?: string;
  refresh_token?: string;
  id_token?: string;
  /** False when the server keeps the same refresh token; otherwise each one may work only once. */
  rotates?: false;
  /** The account that signed in, as shown to the person; not a secret. */
  account?: string;
  /** The token endpoint it came from, if the sign-in chose it. */
  token_endpoint?: string;
  /**
   * When to read the token again although it still works, in epoch seconds: only for a token in a
   * file that another program renews. Never saved.
   */
  read_again_at?: number;
  /** The DPoP key the token is bound to (RFC 9449), as a private JWK. */
  dpop_key?: DpopKey;
}

/** A private key on P-256 as a JWK (RFC 7517). */
export interface DpopKey {
  kty?: string;
  crv?: string;
  x?: string;
  y?: string;
  d?: string;
}

/** Identifies a token: no two systems, accounts, scopes, audiences or session keys share one. */
export interface TokenKey {
  provider: string;
  /** The issuer, or the token endpoint. */
  server: string;
  clientId: string;
  username: string;
  scope: string;
  /** The resource (RFC 8707), or the audience. */
  audience: string;
  /** Another account of the same system, with its own app credentials; `""` for the default one. */
  account: string;
  /** Another session of the same account; `""` for the default one. */
  sessionKey: string;
}

/** The members in the order of a key's text; `account` comes last, and only if there is one. */
const KEY_MEMBERS = [
  "provider",
  "server",
  "clientId",
  "username",
  "scope",
  "audience",
  "sessionKey",
  "account",
] as const;

/**
 * Writes a key as the text a token is saved under. Without an account, the text is byte for byte the
 * one that earlier versions wrote, so that their tokens are still found.
 */
export function formatKey(key: Partial<TokenKey> & Pick<TokenKey, "provider">): string {
  const members = KEY_MEMBERS.map((name) => key[name] ?? "");
  if (members.at(-1) === "") members.pop();
  return JSON.stringify(members);
}

/** Reads the text a token is saved under; `undefined` for any other text. */
export function parseKey(text: string): TokenKey | undefined {
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isKey = Array.isArray(members) && members.length > 0 &&
    members.length <= KEY_MEMBERS.length && members.every((member) => typeof member === "string");
  if (!isKey) return undefined;
  const named = KEY_MEMBERS.map((name, at) => [name, (members as string[])[at] ?? ""]);
  return Object.fromEntries(named) as unknown as TokenKey;
}

/** Finds the provider in a damaged token file's text, if it is still readable. */
export function findProvider(text: string): string | undefined {
  return /"key":\s*"\[\\"([a-z0-9-]+)\\"/.exec(text)?.[1];
}

/** True when a damaged token file's text still names this key. */
export function mentionsKey(text: string, key: string): boolean {
  return text.includes(JSON.stringify(key));
}

/** Writes a token as JSON, under its key. */
export function formatToken(token: Token, key: string = token.key): string {
  return JSON.stringify({ ...token, version: 1, key });
}

const TEXTS = ["key", "access_token", "token_type"] as const;
const NUMBERS = ["expires_at", "obtained_at"] as const;
const OPTIONAL_TEXTS = ["scope", "refresh_token", "id_token", "account", "token_endpoint"] as const;
const KEY_TEXTS = ["crv", "x", "y", "d"] as const;

/**
 * Reads a token's JSON from any source.
 *
 * @param key the key it must have; any key when left out
 * @returns `undefined` when it is not a complete token of this version and key, when a member has a
 * wrong type, or when one does not fit into a header
 */
export function parseToken(text: string, key?: string): Token | undefined {
  const value = parseObject(text);
  if (value === undefined || value["version"] !== 1) return undefined;
  if (key !== undefined && value["key"] !== key) return undefined;
  const read: Record<string, unknown> = { version: 1 };
  for (const name of TEXTS) {
    if (typeof value[name] !== "string" || value[name] === "") return undefined;
    read[name] = value[name];
  }
  if (!fitsHeader(value["access_token"]) || !fitsHeader(value["token_type"])) return undefined;
  for (const name of NUMBERS) {
    if (!Number.isFinite(value[name])) return undefined;
    read[name] = value[name];
  }
  for (const name of OPTIONAL_TEXTS) {
    if (value[name] === undefined) continue;
    if (typeof value[name] !== "string") return undefined;
    read[name] = value[name];
  }
  if (value["rotates"] === false) read["rotates"] = false;
  const dpopKey = value["dpop_key"];
  if (dpopKey !== undefined) {
    if (!isObject(dpopKey) || typeof dpopKey["kty"] !== "string") return undefined;
    if (KEY_TEXTS.some((name) => !["string", "undefined"].includes(typeof dpopKey[name]))) {
      return undefined;
    }
    read["dpop_key"] = dpopKey;
  }
  return read as unknown as Token;
}

/** True for valid JSON that is not a token of this version: another program's, or a later version's. */
export function isOtherJson(text: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  return !isObject(value) || value["version"] !== 1 || typeof value["key"] !== "string";
}

/** True for a text that fits into a header: printable ASCII, without spaces at the ends. */
export function fitsHeader(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value);
}

/**
 * True while a token may be used.
 *
 * @param now epoch milliseconds
 */
export function isFresh(token: Token, now: number): boolean {
  return now < renewalTime(token);
}

/**
 * When to renew, in epoch milliseconds: a minute before the token expires, or a tenth of its lifetime
 * if that is shorter, so that a request under way does not arrive with an expired token.
 */
export function renewalTime(token: Token): number {
  const lifetime = Math.max(0, token.expires_at - token.obtained_at);
  const time = token.expires_at - Math.min(60, lifetime / 10);
  return Math.min(time, token.read_again_at ?? time) * 1000;
}

/**
 * The claims of a JWT (RFC 7519), unverified: only show them, never trust them.
 *
 * @returns `undefined` for an opaque token
 */
export function claimsOf(jwt: string): Record<string, unknown> | undefined {
  const parts = jwt.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const binary = atob((parts[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return parseObject(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
