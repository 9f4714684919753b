import type { Provider } from "../providers/definition.ts";

/**
 * The systems that this version knows, and the credential values of each. Add your own system by
 * declaration merging: editors then offer its name and its values.
 */
export interface Systems {
  /** SpatiaFi. */
  spatiafi: "client_id" | "client_secret";
  /** PlantPredict. */
  plantpredict: "client_id" | "client_secret";
  /** PlantPredict, legacy (Okta). */
  "plantpredict-okta": "username" | "password" | "client_id" | "client_secret";
  /** 4insight with a user account. */
  fourinsight: "client_id" | "client_secret";
  /** 4insight with a service account. */
  "fourinsight-client": "client_id" | "client_secret";
  /** OSIsoft Cloud Services, now AVEVA. */
  ocs: "tenant_id" | "client_id" | "client_secret" | "resource" | "api_version";
}

/** A known system's name, for completion in editors. Any other text is refused at run time. */
export type SystemName = keyof Systems | (string & Record<never, never>);

/**
 * Identifies a system: its name, the URL of its API, or the result of `defineProvider`. The URL of any
 * other API works too if the API says who signs people in (RFC 9728). You are then prompted once.
 */
export type SystemReference = SystemName | URL | Provider;

/** The credential values of a system; any name if the compiler does not know the system. */
export type CredentialField<S> = S extends Provider<infer F extends string> ? F
  : S extends keyof Systems ? Systems[S] & string
  : string;
