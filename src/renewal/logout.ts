import { abortable } from "../base/wait.ts";
import { AuthError } from "../errors.ts";
import { revokeToken } from "../grants/revocation.ts";
import type { Connection } from "./connection.ts";

/** What happened to one token at the server. */
export type RevocationOutcome =
  /** The server revoked it (RFC 7009). */
  | "revoked"
  /** The session had no such token. */
  | "none"
  /** The server has no revocation endpoint, or none for such tokens; the token expires by itself. */
  | "unsupported"
  /** The server did not revoke it, or did not respond. */
  | "failed";

/** What a sign-out did. */
export interface LogoutReport {
  /** What happened to the refresh token at the server. */
  refreshToken: RevocationOutcome;
  /** What happened to the access token at the server. */
  accessToken: RevocationOutcome;
  /** True if a saved token was removed from this machine. */
  removed: boolean;
  /** What went wrong; everything else was still done. */
  problems: AuthError[];
}

type Ending =
  & Pick<Connection, "store" | "key" | "keeper" | "grants">
  & { readonly profile?: Pick<Connection["profile"], "given"> };

/**
 * Revokes the refresh token and the access token, then removes what is saved. Each step runs even if
 * another one fails.
 *
 * @param signal ends the wait; a step that has begun still finishes
 */
export async function logout(connection: Ending, signal?: AbortSignal): Promise<LogoutReport> {
  return await abortable(end(connection), signal);
}

async function end({ store, key, keeper, grants, profile }: Ending): Promise<LogoutReport> {
  if (profile?.given !== undefined) {
    // Other programs may use this token too, so it is left to its issuer.
    const accessToken = keeper.token === null ? "none" : "unsupported";
    keeper.end();
    return { refreshToken: "none", accessToken, removed: false, problems: [] };
  }
  const report: LogoutReport = {
    refreshToken: "none",
    accessToken: "none",
    removed: false,
    problems: [],
  };
  const attempt = async (action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      report.problems.push(error);
    }
  };
  const endHere = async () => {
    // Another process may have renewed: revoke the token that is on disk.
    const token = await store.read(key) ?? keeper.token;
    const revoke = async (
      value: string | undefined,
      hint: "refresh_token" | "access_token",
    ): Promise<RevocationOutcome> => {
      if (value === undefined) return "none";
      let outcome = "failed" as RevocationOutcome;
      await attempt(async () => {
        const told = await revokeToken(
          { ...grants, values: keeper.values, dpopKey: token?.dpop_key },
          value,
          hint,
          token?.token_endpoint,
        );
        outcome = told ? "revoked" : "unsupported";
      });
      return outcome;
    };
    report.refreshToken = await revoke(token?.refresh_token, "refresh_token");
    report.accessToken = await revoke(token?.access_token, "access_token");
    // Many servers revoke the access token with the refresh token, and then no longer know it.
    const last = report.problems.at(-1);
    if (
      report.refreshToken === "revoked" && report.accessToken === "failed" && last &&
      last.code === "grant_refused" && last.status === 400
    ) {
      report.accessToken = "revoked";
      report.problems.pop();
    }
    await attempt(async () => {
      report.removed = await store.remove(key);
    });
  };
  let began = false;
  await attempt(() =>
    store.exclusive(key, () => {
      began = true;
      return endHere();
    }, { timeout: 15_000 })
  );
  // Without a lock, revoke the tokens anyway.
  if (!began) await endHere();
  keeper.end();
  return report;
}
