import type { Listener } from "./open_listener.ts";
import type { SandboxState } from "./sandbox_state.ts";

/** A system that the sandbox can stand in for. */
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
  /** What they sign in as. */
  username: string;
  /** What they sign in with. */
  password: string;
}

/** A client that one of the systems knows. */
export interface SandboxClient {
  /** Its client ID. */
  clientId: string;
  /** Absent for public clients and for those that hold a key. */
  clientSecret?: string;
  /** PKCS #8, for `private_key_jwt`. */
  privateKeyPem?: string;
  /** The same as a JWK. */
  privateKeyJwk?: Record<string, unknown>;
  /** What else the system's credentials hold, such as `tenantId`. */
  extra?: Record<string, string>;
}

/** What a system gets to start on. */
export interface SystemContext {
  state: SandboxState;
  users: SandboxUser[];
  auth: Listener;
  /** The same listener as `auth` when the system has one origin for both. */
  api: Listener;
}

/** What a started system adds to the sandbox. */
export interface RunningSystem {
  environment: Record<string, string>;
  /** Keyed by system name, or `system.client` where there are several. */
  clients: Record<string, SandboxClient>;
}

/** One stand-in: adding a system takes a file that exports one of these and a line in the registry. */
export interface System {
  name: SystemName;
  /** Authorization server and API share one origin. */
  sameOrigin?: boolean;
  start(context: SystemContext): Promise<RunningSystem>;
}

/** Whether this username and password belong to a user. */
export function findUser(
  users: SandboxUser[],
  username: string | undefined,
  password: string | undefined,
): SandboxUser | undefined {
  return users.find((user) => user.username === username && user.password === password);
}
