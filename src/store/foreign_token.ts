import { isObject } from "../base/text.ts";
import type { ForeignTokens } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { isSafeTransport, matchesHost } from "../trust.ts";
import { joinPath, readSafely } from "./disk.ts";
import { fitsHeader, type Token } from "../token/token.ts";

/**
 * Reads a token that a Python program saved with oauthlib, such as 4insight's own package.
 *
 * @param hosts the hosts its token endpoint may have, because a secret will be sent there
 * @returns `null` when there is no usable token; the file stays as it is
 */
export async function readForeignToken(
  runtime: Runtime,
  place: ForeignTokens,
  sessionKey: string | undefined,
  key: string,
  hosts: readonly string[],
): Promise<Token | null> {
  const home = runtime.homeDirectory();
  if (home === undefined) return null;
  const folder = runtime.platform === "darwin" ? place.folderOnMac ?? place.folder : place.folder;
  const file = sessionKey === undefined ? place.file : `${place.file}.${sessionKey}`;
  try {
    const path = joinPath(runtime, home, ...folder.split("/"), file);
    const text = await readSafely(runtime, path);
    return text === null ? null : parseForeignToken(JSON.parse(text), key, hosts);
  } catch {
    return null; // another program's file: this module does not report its problems
  }
}

/** Reads the members of oauthlib's token JSON, and 4insight's `token_url`. */
export function parseForeignToken(
  value: unknown,
  key: string,
  hosts: readonly string[],
): Token | null {
  if (!isObject(value)) return null;
  const text = (name: string) => {
    const member = value[name];
    return typeof member === "string" && member !== "" ? member : undefined;
  };
  const accessToken = text("access_token");
  const endpoint = text("token_url");
  const expiresAt = Number(value["expires_at"]);
  if (accessToken === undefined || endpoint === undefined || !Number.isFinite(expiresAt)) {
    return null;
  }
  if (!fitsHeader(accessToken) || !URL.canParse(endpoint)) return null;
  const url = new URL(endpoint);
  if (!isSafeTransport(url) || !hosts.some((host) => matchesHost(url, host))) return null;
  const lifetime = Number(value["expires_in"]) || 3600;
  const token: Token = {
    version: 1,
    key,
    access_token: accessToken,
    token_type: "bearer",
    expires_at: expiresAt,
    obtained_at: expiresAt - lifetime,
    token_endpoint: endpoint,
  };
  const refreshToken = text("refresh_token");
  const idToken = text("id_token");
  if (refreshToken !== undefined) token.refresh_token = refreshToken;
  if (idToken !== undefined) token.id_token = idToken;
  return token;
}
