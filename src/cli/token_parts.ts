/** What a saved token's key says of it. */
export interface TokenParts {
  provider: string;
  /** The issuer or the token endpoint. */
  server: string;
  clientId: string;
  username: string;
  scope: string;
  sessionKey: string;
}

/** Reads the key a token is saved under; `null` when it is not one of ours. */
export function tokenParts(key: string): TokenParts | null {
  let parts: unknown;
  try {
    parts = JSON.parse(key);
  } catch {
    return null;
  }
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === "string")) return null;
  const [provider = "", server = "", clientId = "", username = "", scope = "", , sessionKey = ""] =
    parts as string[];
  return { provider, server, clientId, username, scope, sessionKey };
}
