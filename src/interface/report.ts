import type { AuthError, AuthErrorCode } from "../errors.ts";

/** A report that shows as text, and in a notebook as a card. */
export interface Report {
  /** True if nothing was found. */
  readonly ok: boolean;
  /** Everything in it, for programs. Its details may change in any release. */
  toJSON(): Record<string, unknown>;
  /** The report as text. */
  toString(): string;
}

/** What `doctor` found out about signing in to one system on this machine. It holds no secret. */
export interface DoctorReport extends Report {
  /** What is wrong or may become so, problems first, each with what to do next. */
  readonly findings: readonly DoctorFinding[];
}

/** One thing that is wrong or may become so. */
export interface DoctorFinding {
  /** A problem prevents signing in; a warning may do so later. */
  readonly level: "problem" | "warning";
  /** What it is, and what to do next. */
  readonly message: string;
}

/** What a scan of a notebook found. It names secrets and shows none. */
export interface ScanReport extends Report {
  /** Every place with a secret in it, in the order of the notebook. */
  readonly findings: readonly ScanFinding[];
  /** How many secrets were looked for; with none, the notebook was not checked. */
  readonly secrets: number;
  /** Files that could not be read, so that their secrets were not looked for. */
  readonly unread: readonly string[];
}

/** A place in a notebook with a secret, or a part of one, in it. */
export interface ScanFinding {
  /** The cell, counted from 1; 0 for the notebook's own metadata. */
  readonly cell: number;
  /** The line, counted from 1. */
  readonly line: number;
  /** The secret's name, never its value. */
  readonly name: string;
  /** The part of the cell. */
  readonly where: "source" | "output" | "metadata";
  /** Which output, counted from 1. */
  readonly output?: number | undefined;
  /** Whether all of the secret is there. */
  readonly whole: boolean;
  /** How it is written, such as `"plain"` or `"base64"`. */
  readonly form: string;
}

/** What became of one token at the server. */
export type RevocationOutcome =
  /** The server revoked it (RFC 7009). */
  | "revoked"
  /** The session had no such token. */
  | "none"
  /** The server has no revocation endpoint, or none for such tokens. The token expires by itself. */
  | "unsupported"
  /** The server did not revoke it, or did not respond. */
  | "failed";

/** What signing out did. */
export interface LogoutReport {
  /** What became of the refresh token at the server. */
  readonly refreshToken: RevocationOutcome;
  /** What became of the access token at the server. */
  readonly accessToken: RevocationOutcome;
  /** True when a saved token was removed from this machine. */
  readonly removed: boolean;
  /** What went wrong. The rest was done anyway. */
  readonly problems: readonly AuthError[];
}

/** What `forgetCredentials` removed. */
export interface ForgetReport {
  /** Every file that was removed, the one in use first. */
  readonly removed: readonly string[];
}

/** One saved session that `logout` ended. */
export interface EndedSession extends LogoutReport {
  /** Who is signed in: the username, the subject of the `id_token`, or the client ID. */
  readonly account: string | undefined;
  /** The client ID (RFC 6749 section 2.2). */
  readonly clientId: string | undefined;
  /** The option `sessionKey` it was made with. */
  readonly sessionKey: string | undefined;
  /** When its access token expires. */
  readonly expiresAt: Date;
  /** False for a session of another client or server: its tokens were removed here, and sent nowhere. */
  readonly told: boolean;
}

/** What `logout` did. The members of {@linkcode LogoutReport} cover all sessions together. */
export interface SystemLogoutReport extends LogoutReport {
  /** Each session that was ended. */
  readonly sessions: readonly EndedSession[];
  /** How many saved sessions of the system are left: of other accounts or session keys. */
  readonly left: number;
  /** Damaged token files that were removed: they may have held a valid token. */
  readonly damaged: readonly string[];
  /** Credentials files that were removed; `undefined` unless `forget` was given. */
  readonly forgotten: readonly string[] | undefined;
}

/** One system in a {@linkcode StatusReport}. Unknown values are `null`. */
export interface SystemStatus {
  /** The system's name, such as `"spatiafi"`. */
  readonly provider: string;
  /** The system's name for people. */
  readonly title: string;
  /** The file that defines it, for a system that is not built in. */
  readonly definition?: string | undefined;
  /** The account in use, where it is not the usual one, and what chose it, in words. */
  readonly account?: { readonly name: string; readonly from: string } | undefined;
  /** The accounts that are saved, where there is more than the usual one. */
  readonly accounts?: readonly string[] | undefined;
  /** True if `getSession` works without a prompt. */
  readonly ready: boolean;
  /** What there is to sign in with. */
  readonly credentials: {
    readonly source: string | null;
    readonly complete: boolean;
    readonly missing: readonly string[];
    /** True if a token is used instead of credentials. No saved session is used then. */
    readonly token?: true;
  };
  /** Why the credentials, or the URLs that variables give, cannot be used. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** The saved sessions, the newest first. */
  readonly sessions: readonly SessionStatus[];
}

/** One saved session. Unknown values are `null`. */
export interface SessionStatus {
  /** Who is signed in: the username, the subject of the `id_token`, or the client ID. */
  readonly account: string | null;
  /** The client ID (RFC 6749 section 2.2). */
  readonly clientId: string | null;
  /** The option `sessionKey` it was made with. */
  readonly sessionKey: string | null;
  /** The option `account` it was made with, where it is not the usual account's. */
  readonly savedAs?: string | undefined;
  /** The scopes of its token. */
  readonly scope: string | null;
  /** The issuer or the token endpoint. */
  readonly server: string | null;
  /** When its access token expires, as an ISO date. */
  readonly expiresAt: string;
  /** True while the access token is valid. */
  readonly valid: boolean;
  /** True if it renews automatically. */
  readonly renewable: boolean;
  /** The file it is in. */
  readonly path: string;
}

/** Where sessions are saved. What is unknown, or was not tried, is `null`. */
export interface StoreStatus {
  /** `"disk"`, `"memory"`, `"own"`, or the store's URL without a password. */
  readonly kept: string;
  /** The folder, if there is one. */
  readonly folder: string | null;
  /** Who can read what is saved, in words. */
  readonly readers: string;
  /** Whether it works, including its lock. */
  readonly works: boolean | null;
  /** What the folder's disk cannot do, in words. */
  readonly weaknesses: readonly string[];
  /** Why it does not work. */
  readonly problem: { readonly code: AuthErrorCode; readonly message: string } | null;
}

/** What is saved for a system that is not known by name. Its definition would tell more. */
export interface OtherStatus {
  /** The system's name in its session, else the folder's name. */
  readonly provider: string;
  /** The folder it is in. */
  readonly folder: string;
  /** True when app credentials are saved there. */
  readonly credentials: boolean;
  /** How many sessions are saved. */
  readonly sessions: number;
}

/** What is saved on this machine, as `status` found it. It holds no secret. */
export interface StatusReport extends Report {
  /** The system that was asked for, or every registered one. */
  readonly systems: readonly SystemStatus[];
  /** What is saved for systems that are not known by name; empty if one system was asked for. */
  readonly others: readonly OtherStatus[];
  /** Where sessions are saved. The JSON has it unless that is files, and they work. */
  readonly stores: readonly StoreStatus[];
}
