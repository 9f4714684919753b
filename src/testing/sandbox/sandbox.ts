import type { Fault } from "./fault.ts";
import type { RequestRecord } from "./sandbox_state.ts";
import type { SandboxClient, SandboxUser, SystemName } from "./system.ts";

/** What a sandbox is started with. */
export interface SandboxOptions {
  /** The control listener's port; the systems take the ones after it. 0 or absent: free ports. */
  port?: number;
  /** How long access tokens live, in whole seconds. Default 900. */
  tokenLifetime?: number;
  /** What to start. Default: everything. */
  systems?: readonly SystemName[];
  /** Whether a refresh gives a new refresh token, and a reused one revokes its family. Default true. */
  rotateRefreshToken?: boolean;
}

/** A running stand-in for the systems, on the loopback interface. */
export interface Sandbox extends AsyncDisposable {
  /** The URLs of the systems by environment name, such as `SPATIAFI_AUTH_URL`. */
  readonly environment: Record<string, string>;
  /** Who can sign in: the first user's password is ASCII, the second one's is not. */
  readonly users: readonly SandboxUser[];
  /** Keyed by system name, or `system.client` where there are several. */
  readonly clients: Record<string, SandboxClient>;
  /** Arrivals per endpoint (`spatiafi.token`), per grant (`….client_credentials`) and more. */
  readonly counters: Readonly<Record<string, number>>;
  /** The latest requests, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Unexpected errors inside the sandbox; a test may assert that there are none. */
  readonly errors: readonly string[];
  /** A counter's value, 0 when nothing was counted. */
  count(name: string): number;
  /** A client by its key; throws when the sandbox has none of that name. */
  client(name: string): SandboxClient;
  /** Lets the next requests at an endpoint meet a fault, given in full or by name. */
  fault(endpoint: string, fault: Fault | string, times?: number): void;
  /** Forgets the faults that have not been met. */
  clearFaults(): void;
  /** For the tokens issued from now on. */
  setTokenLifetime(seconds: number): void;
  /** Makes the APIs answer 401 to every access token issued until now. */
  revokeAccessTokens(): void;
  /** Forgets counts, requests, errors and faults. */
  reset(): void;
  /** Signs the first user in and consents; resolves to the redirect back to the client. */
  completeSignIn(authorizationUrl: string): Promise<string>;
  /** Signs in and approves at the device verification page. */
  approveDevice(verificationUri: string): Promise<void>;
  /** Signs in and refuses; resolves to the redirect back to the client. */
  denySignIn(authorizationUrl: string): Promise<string>;
  /** Signs in at the 4insight page; resolves to the package that it shows. */
  signInForPackage(): Promise<string>;
  /** Signs in and refuses at the device verification page. */
  denyDevice(verificationUri: string): Promise<void>;
  /** Stops all listeners. */
  stop(): Promise<void>;
}
