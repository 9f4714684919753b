import type { CardState } from "../../../src/person/person.ts";
import type { ProviderInput } from "../../../src/providers/define_provider.ts";

/**
 * An independent authorization server, as the scenario needs it. Each one is in its own file;
 * `independent_servers_test.ts` lists them.
 */
export interface IndependentServer extends AsyncDisposable {
  /** Its origin. */
  readonly url: string;
  /** True if it can handle only one request at a time. */
  readonly oneAtATime?: boolean;
  /** The grants it offers, each with its own kind of client. */
  readonly grants: readonly OfferedGrant[];
  /** Changes the lifetime of later access tokens, in seconds. */
  setLifetime(seconds: number): Promise<void>;
  /** True if the server still accepts an access token. */
  accepts(accessToken: string): Promise<boolean>;
  /** Ends every refresh token at the server, as its administrator would. */
  endRefreshTokens(): Promise<void>;
  /**
   * Allows programs to register themselves (RFC 7591), as its administrator would.
   *
   * @returns the issuer, and the endpoint where an API looks up a token's owner
   */
  openRegistration?(): Promise<{ issuer: string; userinfo: string }>;
  /** Signs a person in at its pages. Returns the address that the browser is then redirected to. */
  signIn?(authorizationUrl: string, answer: Decision): Promise<URL>;
  /** Answers a device code at its pages. */
  answerDevice?(card: DeviceCard, answer: Decision): Promise<void>;
}

/** A person's decision. */
export type Decision = "allow" | "deny";

/** The card of a device code. */
export type DeviceCard = Extract<CardState, { kind: "device" }>;

/** One grant of one server. */
export interface OfferedGrant {
  /** Its name in the matrix. */
  readonly name: string;
  /** How a person signs in; without it, no person is needed. */
  readonly method?: "browser" | "paste" | "device";
  /** The arguments of `defineProvider`, except name and API. */
  readonly definition: Partial<ProviderInput>;
  readonly credentials: Readonly<Record<string, string>>;
}

/** A kind of server: how to find and start it. */
export interface ServerKind {
  readonly name: string;
  /** True if it may be missing even if `CI` is `true`. */
  readonly isOptional?: boolean;
  /** Says in one line what is missing on this machine, or `undefined`. */
  missing(): Promise<string | undefined>;
  /**
   * Starts one on loopback.
   *
   * @param folder a private folder for its data, removed afterwards
   */
  start(folder: string): Promise<IndependentServer>;
}
