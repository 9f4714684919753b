import type { AuthErrorCode } from "../errors.ts";
import type { PathCondition } from "../store/inspect_path.ts";

/** An error, as far as a report shows it. */
export interface DoctorProblem {
  /** The code of the `AuthError`. */
  code: AuthErrorCode;
  /** What happened, and what to do next. */
  message: string;
}

/** What is known about the token, without the token itself. */
export interface TokenFacts {
  /** Such as `"bearer"`. */
  type: string;
  /** When it was received, as an ISO date. */
  obtainedAt: string;
  /** When it expires, as an ISO date. */
  expiresAt: string;
  /** Seconds until then; negative once it is over. */
  secondsLeft: number;
  /** Its whole lifetime in seconds. */
  lifetime: number;
  /** The scopes, where the server or the provider names them. */
  scope?: string;
  /**
   * What it is renewed with: `"sign-in"` asks a person; `"source"` is what gives a token instead of
   * a sign-in, and `"none"` one that gives no other.
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

/** Whether one server responds. The request carries no credential. */
export interface EndpointFacts {
  /** What it is. */
  what: "issuer" | "token endpoint" | "sign-in page" | "API";
  /** Its URL, without a query. */
  url: string;
  /** True when anything came back. */
  answers: boolean;
  /** The HTTP status; 400, 401 and 405 are what a request without a credential gets. */
  status?: number;
  /** How long it took, in milliseconds. */
  milliseconds: number;
  /** Why there was no response, or not the right one. */
  problem?: DoctorProblem;
  /** What the metadata says that does not go with the provider's definition. */
  doubts?: string[];
}

/** A token that something else issues: whether it is there. Only files and variables are looked at. */
export interface ExternalFacts {
  /** What it is for. */
  what: "access token" | "subject token" | "client assertion";
  /** Where it comes from, such as `"environment (…)"` or `"GitHub Actions"`. */
  source: string;
  /** True where it was looked at; a program is not run, and nobody is asked. */
  seen: boolean;
  /** When it expires, as an ISO date, where that is known. */
  expiresAt?: string;
  /** Why it cannot be had. */
  problem?: DoctorProblem;
}

/** One thing that is wrong or may become so, with what to do next. */
export interface DoctorFinding {
  /** A problem stands in the way; a warning does not yet. */
  level: "problem" | "warning";
  /** What it is, and what to do next. */
  message: string;
}

/** Everything a report holds. No secret is in it. */
export interface DoctorFacts {
  /** The provider's name. */
  provider: string;
  /** The system's name for people. */
  title: string;
  /** What was learnt by the API's address, where it was signed in to by that. */
  address?: {
    /** The API's address. */
    url: string;
    /** The issuer that is saved for it. */
    server: string;
    /** Where it is saved. */
    file: PathCondition;
    /** Why the API's own metadata does not go with it any more. */
    problem?: DoctorProblem;
  };
  /** The file that defines it, for a system that is not built in. */
  definition?: string;
  /** When it was examined, as an ISO date. */
  time: string;
  /** What this code runs in. */
  runtime: { name: string; version: string; platform: string };
  /** What there is to sign in with. */
  credentials: {
    /** Where they come from, such as `"environment (…)"` or a path; `"nothing"` without any. */
    source: string;
    /** Who they belong to: a username, else the client ID. */
    account?: string;
    /** The account that was named, and by what. */
    chosen?: { name: string; from: string };
    /** Names of missing values. */
    missing: string[];
    /** The credentials file and the folder it is in. */
    file?: PathCondition;
    folder?: PathCondition;
    problem?: DoctorProblem;
  };
  /** Tokens that something else issues and that a session needs. */
  external: ExternalFacts[];
  /** The saved or present token, `null` without one. */
  token: TokenFacts | null;
  /** Where tokens are kept. */
  store: {
    kept: string;
    /** Who can read what is kept, in words. */
    readers?: string;
    /** Whether the store and its lock work; absent where that was not tried. */
    works?: boolean;
    file?: PathCondition;
    folder?: PathCondition;
    /** True if the file exists but has no usable token. */
    damaged?: boolean;
    /** Why the token is not, or could not be, on disk. */
    problem?: DoctorProblem;
  };
  /** How many seconds the server's clock is ahead, by its `Date`; `null` when nobody answered. */
  clock: { offset: number; server: string } | null;
  /** Proxy and certificate settings in force, by variable; passwords in them are left out. */
  settings: Record<string, string>;
  /** Which servers answer. */
  endpoints: EndpointFacts[];
}
