import type { AuthError } from "../errors.ts";

/**
 * App credentials that were loaded, saved or created. Printing them shows no secret: get a value with
 * {@linkcode Credentials.get}. Pass them to `getSession` as the option `credentials`.
 */
export interface Credentials {
  /** The system's name. */
  readonly provider: string;
  /** The file they are saved in, if any. */
  readonly path: string | undefined;
  /** Where they came from, in words. */
  readonly source: string;
  /** Why they could not be saved, if they should have been. */
  readonly storeProblem: AuthError | undefined;
  /** The names of the values, such as `client_id`. */
  readonly names: readonly string[];
  /** The client ID (RFC 6749 section 2.2), which is not a secret. */
  readonly clientId: string | undefined;
  /**
   * One value. It may be a secret: keep it out of outputs.
   *
   * @param name such as `"client_secret"`; case does not matter
   */
  get(name: string): string | undefined;
}

/** Credential values by name; a private key may be a JWK (RFC 7517). */
export type CredentialValues<F extends string = string> = {
  readonly [K in F | "key_id" | "private_key"]?: string | JsonWebKeyLike | undefined;
};

/** A private key as a JWK (RFC 7517). */
export interface JsonWebKeyLike {
  /** The key type, such as `"EC"`. */
  readonly kty: string;
  /** The key's other members. */
  readonly [member: string]: unknown;
}
