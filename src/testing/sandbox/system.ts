import type { Listener } from "./open_listener.ts";
import type { SandboxState } from "./sandbox_state.ts";

/** A system that the sandbox can start. */
export type SystemName =
  | "spatiafi"
  | "plantpredict"
  | "plantpredict-okta"
  | "fourinsight"
  | "fourinsight-client"
  | "ocs"
  | "oidc";

/** A person who can sign in to every system of the sandbox. */
export interface SandboxUser {
  /** The username. */
  username: string;
  /** The password. */
  password: string;
}

/** A client of one of the systems. */
export interface SandboxClient {
  /** The client ID. */
  clientId: string;
  /** The client secret; public clients and clients with a key have none. */
  clientSecret?: string;
  /** The private key for `private_key_jwt`, as PKCS #8. */
  privateKeyPem?: string;
  /** The same key as a JWK. */
  privateKeyJwk?: Record<string, unknown>;
  /** Other credential values of the system, such as `tenantId`. */
  extra?: Record<string, string>;
}

/** What a system needs to start. */
export interface SystemContext {
  state: SandboxState;
  users: SandboxUser[];
  auth: Listener;
  /** The same listener as `auth` when both share one origin. */
  api: Listener;
}

/** What a started system adds to the sandbox. */
export interface RunningSystem {
  environment: Record<string, string>;
  /** Clients by system name, or by `system.client` if there are several. */
  clients: Record<string, SandboxClient>;
}

/** One stand-in. To add one, export it from a file in `systems/` and add it to `registry.ts`. */
export interface System {
  name: SystemName;
  /** Authorization server and API share one origin. */
  sameOrigin?: boolean;
  start(context: SystemContext): Promise<RunningSystem>;
}

/** Finds the user with this username and password. */
export function findUser(
  users: SandboxUser[],
  username: string | undefined,
  password: string | undefined,
): SandboxUser | undefined {
  return users.find((user) => user.username === username && user.password === password);
}
