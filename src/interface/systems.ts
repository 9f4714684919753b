import type { Provider } from "../providers/definition.ts";

/**
 * The systems this version knows, and the credential values each takes. Add a system of your own by
 * declaration merging: editors then offer its name and its values.
 */
export interface Systems {
  /** SpatiaFi. */
  spatiafi: "client_id" | "client_secret";
  /** PlantPredict. */
  plantpredict: "client_id" | "client_secret";
  /** PlantPredict, legacy (Okta). */
  "plantpredict-okta": "username" | "password" | "client_id" | "client_secret";
  /** 4insight for a person. */
  fourinsight: "client_id" | "client_secret";
  /** 4insight for a service account. */
  "fourinsight-client": "client_id" | "client_secret";
  /** OSIsoft Cloud Services, now AVEVA. */
  ocs: "tenant_id" | "client_id" | "client_secret" | "resource" | "api_version";
}

/** A known system's name, offered by editors; any other text is refused when the program runs. */
export type SystemName = keyof Systems | (string & Record<never, never>);

/**
 * What says which system: its name, the URL of its API, or what `defineProvider` returned. Any other
 * API's URL will do where the API says itself who signs people in (RFC 9728): a person is asked once.
 */
export type SystemReference = SystemName | URL | Provider;

/** The credential values a system takes; any name where the compiler does not know the system. */
export type CredentialField<S> = S extends Provider<infer F extends string> ? F
  : S extends keyof Systems ? Systems[S] & string
  : string;
