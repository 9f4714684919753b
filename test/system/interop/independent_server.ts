import type { CardState } from "../../../src/person/person.ts";
import type { ProviderInput } from "../../../src/providers/define_provider.ts";

/**
 * An authorization server that nobody here wrote, as the scenario needs it. A file of its own makes
 * each; `independent_servers_test.ts` lists them.
 */
export interface IndependentServer extends AsyncDisposable {
  /** Its origin. */
  readonly url: string;
  /** Whether it has to be asked by one at a time. */
  readonly oneAtATime?: boolean;
  /** The grants it offers, each with a client of its own kind. */
  readonly grants: readonly OfferedGrant[];
  /** Changes how many seconds access tokens live that are issued from now on. */
  setLifetime(seconds: number): Promise<void>;
  /** Whether the server still takes an access token. */
  accepts(accessToken: string): Promise<boolean>;
  /** Ends every refresh token at the server, as its administrator would. */
  endRefreshTokens(): Promise<void>;
  /**
   * Lets programs register themselves (RFC 7591), as its administrator would.
   *
   * @returns the issuer, and where an API asks whose a token is
   */
  openRegistration?(): Promise<{ issuer: string; userinfo: string }>;
  /** Signs a person in at its pages; gives the address the browser is then sent to. */
  signIn?(authorizationUrl: string, answer: Decision): Promise<URL>;
  /** Answers a device code at its pages. */
  answerDevice?(card: DeviceCard, answer: Decision): Promise<void>;
}

/** What a person decides. */
export type Decision = "allow" | "deny";

/** What is shown of a device code. */
export type DeviceCard = Extract<CardState, { kind: "device" }>;

/** One grant of one server. */
export interface OfferedGrant {
  /** What the matrix calls it. */
  readonly name: string;
  /** How a person signs in; without it nobody is needed. */
  readonly method?: "browser" | "paste" | "device";
  /** What `defineProvider` is given, besides name and API. */
  readonly definition: Partial<ProviderInput>;
  readonly credentials: Readonly<Record<string, string>>;
}

/** A kind of server: how it is found and started. */
export interface ServerKind {
  readonly name: string;
  /** May be left out where `CI` is `true`. */
  readonly isOptional?: boolean;
  /** What is missing on this machine, in one line, or `undefined`. */
  missing(): Promise<string | undefined>;
  /**
   * Starts one on loopback.
   *
   * @param folder a private folder for its data, removed afterwards
   */
  start(folder: string): Promise<IndependentServer>;
}
