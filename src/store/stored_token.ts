import type { StoredToken } from "./store.ts";

const TEXTS = ["key", "access_token", "token_type"] as const;
const NUMBERS = ["expires_at", "obtained_at"] as const;
const OPTIONAL_TEXTS = ["scope", "refresh_token", "id_token", "account", "token_endpoint"] as const;

/** What a token file's text says, or `null` when it is not a whole token of this version and key. */
export function parseStoredToken(text: string, key: string): StoredToken | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || value["version"] !== 1 || value["key"] !== key) return null;
  const read: Record<string, unknown> = { version: 1 };
  for (const name of TEXTS) {
    if (typeof value[name] !== "string" || value[name] === "") return null;
    read[name] = value[name];
  }
  // Anything else fits into no header, and is no token.
  if (!/^[\x20-\x7e]+$/.test(read["access_token"] as string)) return null;
  for (const name of NUMBERS) {
    if (!Number.isFinite(value[name])) return null;
    read[name] = value[name];
  }
  for (const name of OPTIONAL_TEXTS) {
    if (value[name] === undefined) continue;
    if (typeof value[name] !== "string") return null;
    read[name] = value[name];
  }
  if (value["dpop_key"] !== undefined) {
    if (!isObject(value["dpop_key"])) return null;
    read["dpop_key"] = value["dpop_key"];
  }
  return read as unknown as StoredToken;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
