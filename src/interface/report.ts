import type { AuthError, AuthErrorCode } from "../errors.ts";

/** A report that prints as text, and shows as a card in a notebook. */
export interface Report {
  /** True if there are no findings. */
  readonly ok: boolean;
  /** The whole report, for programs. The details may change in any release. */
  toJSON(): Record<string, unknown>;
  /** The report as text. */
  toString(): string;
}

/** The doctor's report on signing in to one system on this machine. It holds no secret. */
export interface DoctorReport extends Report {
  /** What is wrong, or may go wrong, problems first. Each finding says what to do next. */
  readonly findings: readonly DoctorFinding[];
}

/** One thing that is wrong or may go wrong. */
export interface DoctorFinding {
  /** A problem prevents signing in now; a warning may prevent it later. */
  readonly level: "problem" | "warning";
  /** What is wrong, and what to do next. */
  readonly message: string;
}

/** The result of scanning a notebook. It names secrets but never shows their values. */
export interface ScanReport extends Report {
  /** Every place that contains a secret, in the order of the notebook. */
  readonly findings: readonly ScanFinding[];
  /** How many secrets the scan looked for. If 0, the notebook was not checked. */
  readonly secrets: number;
  /** Files that could not be read. The scan did not look for their secrets. */
  readonly unread: readonly string[];
}

/** A place in a notebook that contains a secret or a part of one. */
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
  /** True if the whole secret is there. */
  readonly whole: boolean;
  /** The form it is written in, such as `"plain"` or `"base64"`. */
  readonly form: string;
}

/** What happened to one token at the server. */
export type RevocationOutcome =
  /** The server revoked it (RFC 7009). */
  | "revoked"
  /** The session had no such token. */
  | "none"
  /** The server has no revocation endpoint, or none for such tokens. The token expires by itself. */
  | "unsupported"
  /** The server did not revoke it, or did not respond. */
  | "failed";

/** The result of signing out. */
export interface LogoutReport {
  /** What happened to the refresh token at the server. */
  readonly refreshToken: RevocationOutcome;
  /** What happened to the access token at the server. */
  readonly accessToken: RevocationOutcome;
  /** True if a saved token was removed from this machine. */
  readonly removed: boolean;
  /** What went wrong. Everything else was still done. */
  readonly problems: readonly AuthError[];
}

/** The files that `forgetCredentials` removed. */
export interface ForgetReport {
  /** Every removed file; the one in use comes first. */
  readonly removed: readonly string[];
}

/** One saved session that `logout` ended. */
export interface EndedSession extends LogoutReport {
  /** Who is signed in: the username, the subject of the `id_token`, or the client ID. */
  readonly account: string | undefined;
  /** The client ID (RFC 6749 section 2.2). */
  readonly clientId: string | undefined;
  /** Its option `sessionKey`. */
  readonly sessionKey: string | undefined;
  /** When its access token expires. */
  readonly expiresAt: Date;
  /** False for a session of another client or server: its tokens were only removed from this machine. */
  readonly told: boolean;
}

/** The result of `logout`. The members of {@linkcode LogoutReport} summarize all sessions. */
export interface SystemLogoutReport extends LogoutReport {
  /** Each session that ended. */
  readonly sessions: readonly EndedSession[];
  /** How many saved sessions of the system remain, for other accounts or session keys. */
  readonly left: number;
  /** Damaged token files that were removed. They may have held a valid token. */
  readonly damaged: readonly string[];
  /** Credentials files that were removed; `undefined` unless `forget` was given. */
  readonly forgotten: readonly string[] | undefined;
}

/** One system in a {@linkcode StatusReport}. Unknown values are `null`. */
export interface SystemStatus {
  /** The system's name, such as `"spatiafi"`. */
  readonly provider: string;
  /** The system's display name. */
  readonly title: string;
  /** The file that defines it, if the system is not built in. */
  readonly definition?: string | undefined;
  /** The account in use, if it is not the default one, and what selected it, in words. */
  readonly account?: { readonly name: string; readonly from: string } | undefined;
  /** The saved accounts, if there are more than the default one. */
  readonly accounts?: readonly string[] | undefined;
  /** True if `getSession` works without a prompt. */
  readonly ready: boolean;
  /** The credentials to sign in with. */
  readonly credentials: {
    readonly source: string | null;
    readonly complete: boolean;
    readonly missing: readonly string[];
    /** True if a token is used instead of credentials. Then no saved session is used. */
    readonly token?: true;
  };
  /** Why the credentials, or the URLs from variables, cannot be used. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** The saved sessions, newest first. */
  readonly sessions: readonly SessionStatus[];
}

/** One saved session. Unknown values are `null`. */
export interface SessionStatus {
  /** Who is signed in: the username, the subject of the `id_token`, or the client ID. */
  readonly account: string | null;
  /** The client ID (RFC 6749 section 2.2). */
  readonly clientId: string | null;
  /** Its option `sessionKey`. */
  readonly sessionKey: string | null;
  /** Its option `account`, if it is not the default account. */
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

/** Where sessions are saved. A value that is unknown or was not checked is `null`. */
export interface StoreStatus {
  /** `"disk"`, `"memory"`, `"own"`, or the store's URL without a password. */
  readonly kept: string;
  /** The folder, if there is one. */
  readonly folder: string | null;
  /** Who can read the saved values, in words. */
  readonly readers: string;
  /** True if it works, including its lock. */
  readonly works: boolean | null;
  /** What the folder's disk does not support, in words. */
  readonly weaknesses: readonly string[];
  /** Why it does not work. */
  readonly problem: { readonly code: AuthErrorCode; readonly message: string } | null;
}

/** Saved values of a system that is not known by name. Its definition would say more. */
export interface OtherStatus {
  /** The system's name from its session, or else the folder's name. */
  readonly provider: string;
  /** The folder it is in. */
  readonly folder: string;
  /** True if app credentials are saved there. */
  readonly credentials: boolean;
  /** How many sessions are saved. */
  readonly sessions: number;
}

/** What is saved on this machine, according to `status`. It holds no secret. */
export interface StatusReport extends Report {
  /** The requested system, or every registered one. */
  readonly systems: readonly SystemStatus[];
  /** Saved values of systems that are not known by name; empty if you asked about one system. */
  readonly others: readonly OtherStatus[];
  /** Where sessions are saved. The JSON leaves it out for memory, and for a folder that works. */
  readonly stores: readonly StoreStatus[];
}
