import {
  chooseCredentials,
  type ChosenCredentials,
  environmentCredentials,
  normaliseCredentials,
  type SavedCredentials,
} from "../credentials/choose_credentials.ts";
import { Credentials, valuesOf } from "../credentials/credentials.ts";
import type { CredentialValues } from "../providers/provider.ts";
import { findCredentials as findSaved } from "../store/credentials_file.ts";
import type { Profile } from "./profile.ts";

/** Credential values for one call, where they came from, and what is missing. */
export interface Found extends ChosenCredentials {
  /** The credentials file, where one was read. */
  readonly file: SavedCredentials | null;
  /** What the caller gave. */
  readonly given: CredentialValues | undefined;
}

/**
 * Looks for credentials in the options, the environment and the saved file, without asking anybody.
 *
 * @throws {AuthError} `invalid_argument`; `credentials_damaged` for a file that is needed and unusable
 */
export async function findCredentials(profile: Profile): Promise<Found> {
  const { provider, options: { credentials }, runtime } = profile;
  const given = credentials === undefined ? undefined : normaliseCredentials(
    credentials instanceof Credentials ? valuesOf(credentials) : credentials,
    'The option "credentials"',
  );
  const environment = environmentCredentials(provider, (name) => runtime.getEnvironment(name));
  const sources = { options: given, environment, file: null };
  // A file that is not needed is not read: a damaged one must not stand in the way of the others.
  const isPossible = given !== undefined || Object.keys(environment).length > 0 ||
    provider.requires.every((field) => provider.defaults?.[field] !== undefined);
  if (isPossible) {
    const chosen = chooseCredentials(provider, sources);
    if (chosen.missing.length === 0) return { ...named(chosen, credentials), file: null, given };
  }
  const file = await findSaved(runtime, profile.place);
  const chosen = chooseCredentials(provider, { ...sources, file });
  return { ...named(chosen, credentials), file, given };
}

/** Credentials that were loaded before say where from. */
function named(chosen: ChosenCredentials, credentials: unknown): ChosenCredentials {
  const [only, more] = chosen.sources;
  if (!(credentials instanceof Credentials) || only?.kind !== "options" || more) return chosen;
  return { ...chosen, sources: [{ kind: "credentials", text: credentials.source }] };
}

/** True when nothing is missing but a password, which is for signing in: a saved session needs none. */
export function isEnough({ missing }: Pick<Found, "missing">): boolean {
  return missing.every((field) => field === "password");
}
