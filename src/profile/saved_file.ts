/**
 * Where a profile's credentials are saved, and which files it may remove. The store reads and writes the
 * files.
 *
 * The member `onecell_server` of a file says which authorization server it is for. Without it, as in files
 * from the Python tutorial, it is for the provider's own. Credentials for another server, such as a test
 * system, are saved separately: under the same name if that is free, else in a file of their own,
 * `app_credentials.<host>`.
 *
 * @module
 */
import {
  environmentCredentials,
  SERVER_MEMBER,
  USER_MEMBER,
} from "../credentials/choose_credentials.ts";
import type { CredentialValues } from "../providers/provider.ts";
import {
  credentialsPath,
  type CredentialsPlace,
  findCredentials,
} from "../store/credentials_file.ts";
import {
  findFile,
  homeOf,
  placeApart,
  serverOf,
  serverOfFile,
  withoutMembers,
} from "./find_credentials.ts";
import type { Profile } from "./profile.ts";

type Values = Record<string, unknown>;

/** The files of a profile's server, to remove. Files of other servers are never included. */
export async function placeToForget(profile: Profile): Promise<CredentialsPlace> {
  const { place } = profile;
  const asked = serverOf(profile, {});
  const { file, foreign } = await findFile(profile);
  if (foreign) return { ...place, files: [] };
  const names: readonly string[] = place.files;
  const isApart = asked !== undefined && file !== null &&
    !names.some((name) => file.path.endsWith(name));
  return isApart ? placeApart(place, asked) : place;
}

/**
 * Where this profile's values are saved; `undefined` if there is no folder. A file that holds another
 * server's values is not replaced.
 *
 * @param known the server the values are for, if it is known already
 * @returns the path, and where to move the file that is there first
 */
export async function saveTarget(
  profile: Profile,
  values: CredentialValues,
  known?: string,
): Promise<
  | { path: string; server: string | undefined; moveTo?: { path: string; values: Values } }
  | undefined
> {
  const { runtime, place } = profile;
  const path = credentialsPath(runtime, place);
  if (path === undefined) return undefined;
  const server = known ?? serverToSaveFor(profile, values);
  const saved = server === undefined ? null : await findCredentials(runtime, place);
  const there = saved && withoutMembers(saved);
  if (server === undefined || there === null) return { path, server };
  const belongs = serverOfFile(profile, there) ?? server;
  if (belongs === server) return { path, server };
  const apart = (name: string) => credentialsPath(runtime, placeApart(place, name)) ?? path;
  // The provider's own file has the name that the Python tutorial reads.
  return server === homeOf(profile)
    ? { path, server, moveTo: { path: apart(belongs), values: withMembers(there.values, belongs) } }
    : { path: apart(server), server };
}

/** The server that values are saved for: the one that would get them at a sign-in now. */
export function serverToSaveFor(profile: Profile, values: CredentialValues): string | undefined {
  const { provider, runtime } = profile;
  const environment = environmentCredentials(provider, (name) => runtime.getEnvironment(name));
  return serverOf(profile, { ...environment, ...values });
}

/** What is written to a file: the values, and which server and user they are for. */
export function withMembers(
  values: Values,
  server: string | undefined,
  username?: string,
): Values {
  return {
    ...values,
    ...(server === undefined ? {} : { [SERVER_MEMBER]: server }),
    ...(username === undefined ? {} : { [USER_MEMBER]: username }),
  };
}
