import type { Fault } from "./fault.ts";
import type { RequestRecord } from "./sandbox_state.ts";
import type { SandboxClient, SandboxUser, SystemName } from "./system.ts";

/** Options of `startSandbox`. */
export interface SandboxOptions {
  /** The control listener's port; the systems use the ones after it. Default: free ports. */
  port?: number;
  /** How long access tokens are valid, in whole seconds. Default 900. */
  tokenLifetime?: number;
  /** The systems to start. Default: all. */
  systems?: readonly SystemName[];
  /** Whether each refresh returns a new refresh token, and a reused one revokes all. Default true. */
  rotateRefreshToken?: boolean;
}

/** Running stand-ins of the systems, on the loopback interface. */
export interface Sandbox extends AsyncDisposable {
  /** The URLs of the systems, by environment variable, such as `SPATIAFI_AUTH_URL`. */
  readonly environment: Record<string, string>;
  /** Who can sign in. The first user's password is ASCII, the second one's is not. */
  readonly users: readonly SandboxUser[];
  /** Clients by system name, or by `system.client` if there are several. */
  readonly clients: Record<string, SandboxClient>;
  /** Requests per endpoint (`spatiafi.token`), per grant (`….client_credentials`) and more. */
  readonly counters: Readonly<Record<string, number>>;
  /** The latest requests, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Unexpected errors inside the sandbox; a test may assert that there are none. */
  readonly errors: readonly string[];
  /** A counter's value; 0 before the first request. */
  count(name: string): number;
  /** A client by its key; throws when there is no such client. */
  client(name: string): SandboxClient;
  /** Applies a fault, or one of `FAULTS` by name, to the next requests at an endpoint. */
  fault(endpoint: string, fault: Fault | string, times?: number): void;
  /** Removes the faults that still wait. */
  clearFaults(): void;
  /** Sets the lifetime of the tokens issued from now on. */
  setTokenLifetime(seconds: number): void;
  /** Makes the APIs respond 401 to every access token issued until now. */
  revokeAccessTokens(): void;
  /** Clears counters, requests, errors and faults. */
  reset(): void;
  /** Signs the first user in and consents; resolves to the redirect back to the client. */
  completeSignIn(authorizationUrl: string): Promise<string>;
  /** Signs in at the device verification page and approves. */
  approveDevice(verificationUri: string): Promise<void>;
  /** Signs in and denies; resolves to the redirect back to the client. */
  denySignIn(authorizationUrl: string): Promise<string>;
  /** Signs in at the 4insight page; resolves to the sign-in code that it shows. */
  signInForPackage(): Promise<string>;
  /** Signs in at the device verification page and denies. */
  denyDevice(verificationUri: string): Promise<void>;
  /** Stops all listeners. */
  stop(): Promise<void>;
}
