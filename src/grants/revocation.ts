import * as openid from "./openid.ts";
import { createTokenFetch } from "../http/token_fetch.ts";
import { serverMetadata } from "./client.ts";
import { sendRequest } from "./exchange.ts";
import type { GrantContext } from "./grant.ts";
import { judgeRevocation } from "./judge.ts";

/**
 * Revokes a token at the server (RFC 7009).
 *
 * @returns false if the server has no revocation endpoint, or does not revoke this kind of token
 */
export async function revokeToken(
  context: GrantContext,
  token: string,
  hint: "access_token" | "refresh_token",
  tokenEndpoint: string | undefined,
): Promise<boolean> {
  const settings = { resend: "always", grant: "revocation", tokenEndpoint } as const;
  if (!await canRevoke(context, tokenEndpoint)) return false;
  return await sendRequest<boolean>(context, () => ({
    ...settings,
    send: (config) => openid.tokenRevocation(config, token, { token_type_hint: hint }),
    judge: (_asked, ...answer) => judgeRevocation(...answer),
    standIn: { status: 200 },
  }), settings);
}

async function canRevoke(
  context: GrantContext,
  tokenEndpoint: string | undefined,
): Promise<boolean> {
  const { title } = context.system.provider;
  const fetch = createTokenFetch(context, "always", `${title}'s authorization server`);
  try {
    const server = await serverMetadata(context, fetch, tokenEndpoint);
    return server.revocation_endpoint !== undefined;
  } finally {
    fetch.close();
  }
}
