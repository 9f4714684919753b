import type { AuthErrorCode } from "../errors.ts";
import type { PathCondition } from "../store/inspect_store.ts";

/** An error, as a report shows it. */
export interface DoctorProblem {
  /** The code of the `AuthError`. */
  code: AuthErrorCode;
  /** What happened, and what to do next. */
  message: string;
}

/** What is known about the token, without the token itself. */
export interface TokenFacts {
  /** The token type, such as `"bearer"`. */
  type: string;
  /** When it was received, as an ISO date. */
  obtainedAt: string;
  /** When it expires, as an ISO date. */
  expiresAt: string;
  /** Seconds until it expires; negative if it has expired. */
  secondsLeft: number;
  /** Its whole lifetime in seconds. */
  lifetime: number;
  /** The scopes, if the server or the provider names them. */
  scope?: string;
  /**
   * How it renews: `"sign-in"` prompts a person; `"source"` gets a new token from an external source. A token
   * with `"none"` does not renew.
   */
  renewal:
    | "refresh_token"
    | "client_credentials"
    | "password"
    | "token_exchange"
    | "jwt_bearer"
    | "source"
    | "none"
    | "sign-in";
  /** True for a token that is bound to a key (DPoP, RFC 9449). */
  bound: boolean;
}

/** Whether one server responds. The request carries no credentials. */
export interface EndpointFacts {
  /** The kind of endpoint. */
  what: "issuer" | "token endpoint" | "sign-in page" | "API";
  /** Its URL, without a query. */
  url: string;
  /** True if there was any response. */
  answers: boolean;
  /** The HTTP status; 400, 401 and 405 are normal for a request without credentials. */
  status?: number;
  /** How long it took, in milliseconds. */
  milliseconds: number;
  /** Why there was no response, or not the right one. */
  problem?: DoctorProblem;
  /** Where the metadata does not match the provider's definition. */
  doubts?: string[];
}

/** Whether an external token is available. Only files and variables are read. */
export interface ExternalFacts {
  /** What it is for. */
  what: "access token" | "subject token" | "client assertion";
  /** Where it comes from, such as `"environment (…)"` or `"GitHub Actions"`. */
  source: string;
  /** True if it was checked. The doctor runs no program and requests no token. */
  seen: boolean;
  /** When it expires, as an ISO date, if known. */
  expiresAt?: string;
  /** Why it is not available. */
  problem?: DoctorProblem;
}

/** One thing that is wrong or may go wrong, with the next step. */
export interface DoctorFinding {
  /** A problem prevents a sign-in; a warning does not, or not yet. */
  level: "problem" | "warning";
  /** What is wrong, and what to do next. */
  message: string;
}

/** Everything in a report. It contains no secret. */
export interface DoctorFacts {
  /** The provider's name. */
  provider: string;
  /** The system's display name. */
  title: string;
  /** What is saved for the API's address, if the sign-in used the address. */
  address?: {
    /** The API's address. */
    url: string;
    /** The issuer that is saved for it. */
    server: string;
    /** Where it is saved. */
    file: PathCondition;
    /** Why the API's metadata no longer matches it. */
    problem?: DoctorProblem;
  };
  /** The file that defines it, for a system that is not built in. */
  definition?: string;
  /** When it was examined, as an ISO date. */
  time: string;
  /** The runtime that this code runs in. */
  runtime: { name: string; version: string; platform: string };
  /** The credentials to sign in with. */
  credentials: {
    /** Where they come from, such as `"environment (…)"` or a path; `"nothing"` if there are none. */
    source: string;
    /** Who they belong to: a username, else the client ID. */
    account?: string;
    /** The account's name, and what chose it. */
    chosen?: { name: string; from: string };
    /** Names of missing values. */
    missing: string[];
    /** The credentials file and the folder it is in. */
    file?: PathCondition;
    folder?: PathCondition;
    problem?: DoctorProblem;
  };
  /** External tokens that a session needs. */
  external: ExternalFacts[];
  /** The saved or current token; `null` if there is none. */
  token: TokenFacts | null;
  /** Where tokens are stored. */
  store: {
    kept: string;
    /** Who can read the stored tokens, in words. */
    readers?: string;
    /** Whether the store and its lock work; absent if that was not tested. */
    works?: boolean;
    file?: PathCondition;
    folder?: PathCondition;
    /** True if the file exists but has no usable token. */
    damaged?: boolean;
    /** Why the token is not on disk, or could not be saved there. */
    problem?: DoctorProblem;
  };
  /** How many seconds the server's clock is ahead, by its `Date`; `null` if no server sent one. */
  clock: { offset: number; server: string } | null;
  /** Proxy and certificate settings in force, by variable, without passwords. */
  settings: Record<string, string>;
  /** Which servers respond. */
  endpoints: EndpointFacts[];
}

/** Variables that runtimes read in upper case and in lower case. */
const PROXIES = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"];

/** Other variables that affect how a runtime connects. */
const OTHERS = [
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_ENV_PROXY",
  "NODE_TLS_REJECT_UNAUTHORIZED",
];

/**
 * Reads the proxy and certificate settings in force.
 *
 * @returns values by variable, safe to show
 */
export function networkSettings(get: (name: string) => string | undefined): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const name of PROXIES) {
    // The lower-case spelling is older, and takes precedence if both are set.
    const spelling = [name.toLowerCase(), name].find((name) => get(name));
    if (spelling === undefined) continue;
    const value = get(spelling) ?? "";
    settings[spelling] = name === "NO_PROXY" ? value : withoutUser(value);
  }
  for (const name of OTHERS) {
    const value = get(name);
    if (value) settings[name] = value;
  }
  return settings;
}

/** Removes the username and password from a proxy's address. */
export function withoutUser(proxy: string): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)?([^]*)$/i.exec(proxy) ?? [];
  // Cut up to the last "@", because a password may contain "@", "/" and "?".
  const host = rest.slice(rest.lastIndexOf("@") + 1).replace(/[/?#][^]*$/, "");
  return scheme + host;
}

/** True for a proxy that a runtime can use. */
export function isProxyUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return /^(https?|socks5h?):$/.test(protocol) && hostname !== "";
}
