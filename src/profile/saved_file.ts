/**
 * The credentials file of a profile: which one it is, whose server its values belong to, and where new
 * ones are saved. How files are read and written is the store's.
 *
 * A file says in its member `onecell_server` which authorization server it is for. Without it, as the
 * Python tutorial writes it, it counts as the provider's own. What belongs to another server, such as
 * a test system's, is kept apart: under the same name where that is free, else in a file of its own,
 * `app_credentials.<host>`.
 *
 * @module
 */
import {
  COPY_MEMBER,
  environmentCredentials,
  normaliseCredentials,
  type SavedCredentials,
  SERVER_MEMBER,
  USER_MEMBER,
} from "../credentials/choose_credentials.ts";
import type { AuthError } from "../errors.ts";
import { isForeign } from "../providers/define_provider.ts";
import type { CredentialValues } from "../providers/provider.ts";
import { serverOrigin } from "../providers/system.ts";
import {
  credentialsPath,
  type CredentialsPlace,
  findCredentials,
} from "../store/credentials_file.ts";
import { foreignServer } from "../trust.ts";
import type { Profile } from "./profile.ts";

type Values = Record<string, unknown>;

/** Credentials that belong to another server than the one they would be sent to. */
export interface Foreign {
  /** What they are, such as a file's path. */
  readonly what: string;
  /** The origin they belong to; `undefined` where nothing says so. */
  readonly belongs: string | undefined;
  /** The origin they would be sent to. */
  readonly asked: string;
  /** The file they are in. */
  readonly saved?: SavedCredentials;
  /** What there is without them, to complete with values for the server asked. */
  readonly rest?: CredentialValues;
  /** True for tokens, which a person cannot type anew. */
  readonly isToken?: boolean;
  /** True when the server asked is the provider's own, so that nothing was moved. */
  readonly isHome: boolean;
}

/** The error for them. */
export function foreignError(profile: Profile, { what, belongs, asked }: Foreign): AuthError {
  return foreignServer(profile.provider.title, what, belongs, asked);
}

/** The origin of the authorization server that values are sent to; `undefined` before it is known. */
export function serverOf(profile: Profile, values: CredentialValues): string | undefined {
  return serverOrigin(profile.provider, profile.urls, { ...profile.provider.defaults, ...values });
}

/** The origin of the provider's own authorization server. */
export function homeOf({ provider }: Profile, values: CredentialValues = {}): string | undefined {
  return serverOrigin(provider, {}, { ...provider.defaults, ...values });
}

/**
 * The origin that values belong to where nothing with them says so: that of the URLs which came from
 * the same place.
 */
function serverOfOptions(profile: Profile, values: CredentialValues): string | undefined {
  const { provider, options: { authUrl, issuer } } = profile;
  const urls = {
    ...(authUrl === undefined ? {} : { authUrl }),
    ...(issuer === undefined ? {} : { issuer }),
  };
  return serverOrigin(provider, urls, { ...provider.defaults, ...values });
}

/** The origin that a file's values belong to; `undefined` for somebody else's definition without a word. */
export function serverOfFile(
  profile: Profile,
  { values, server }: SavedCredentials,
): string | undefined {
  if (server !== undefined) return server;
  if (isForeign(profile.provider)) return undefined;
  const known = normaliseCredentials(values, "The credentials file");
  // A folder and a URL that the same caller named are meant for each other.
  return profile.options.directory === undefined
    ? homeOf(profile, known)
    : serverOfOptions(profile, known);
}

/**
 * Finds the file whose values belong to the server they would be sent to.
 *
 * @param values what else is known, for templates in URLs
 * @returns the file, or the one that belongs to another server
 * @throws {AuthError} `credentials_damaged`
 */
export async function findFile(
  profile: Profile,
  values: CredentialValues = {},
): Promise<{ file: SavedCredentials | null; foreign?: Foreign }> {
  const { runtime, place } = profile;
  const look = async (place: CredentialsPlace) => {
    const saved = await findCredentials(runtime, place);
    // Without the file that it is a copy of, it was left behind.
    return saved && saved.values[COPY_MEMBER] === undefined ? withoutMembers(saved) : null;
  };
  const asked = serverOf(profile, values);
  if (asked !== undefined && asked !== homeOf(profile)) {
    const apart = await look(placeApart(place, asked));
    if (apart && (apart.server ?? asked) === asked) return { file: apart };
  }
  const file = await look(place);
  if (file === null) return { file };
  const known = normaliseCredentials(file.values, `The credentials file ${file.path}`);
  const target = serverOf(profile, { ...known, ...values });
  const belongs = serverOfFile(profile, file);
  if (target === undefined || belongs === target) return { file };
  const isHome = target === homeOf(profile);
  const what = `The app credentials in "${file.path}"`;
  return { file: null, foreign: { what, belongs, asked: target, isHome, saved: file } };
}

/** Takes what this module has noted beside the values out of them. */
function withoutMembers({ path, values }: SavedCredentials): SavedCredentials {
  const { [SERVER_MEMBER]: server, [USER_MEMBER]: username, ...rest } = values;
  return {
    path,
    values: rest,
    ...(server === undefined ? {} : { server: String(server) }),
    ...(typeof username === "string" ? { username } : {}),
  };
}

/** The place of what is kept for one other server. */
function placeApart({ files: [file = ""], ...place }: CredentialsPlace, server: string) {
  return { ...place, files: [`${file}.${hostName(server)}`] };
}

/** A server's host as a file name has it. */
function hostName(server: string): string {
  const host = URL.canParse(server) ? new URL(server).host : server;
  return host.replace(/[^A-Za-z0-9.-]+/g, "_").slice(0, 100);
}

/** The files of a profile's server, to remove: never those of another one. */
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
 * Where values of this profile are saved; `undefined` without a place for them. What another server's
 * file holds is not replaced.
 *
 * @param known the server they are for, where that is known already
 * @returns the path, and where the file that is there has to go first
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
  // The provider's own have the name that the Python tutorial reads.
  return server === homeOf(profile)
    ? { path, server, moveTo: { path: apart(belongs), values: withMembers(there.values, belongs) } }
    : { path: apart(server), server };
}

/** The server that values are saved for: the one that a sign-in with them would use now. */
export function serverToSaveFor(profile: Profile, values: CredentialValues): string | undefined {
  const { provider, runtime } = profile;
  const environment = environmentCredentials(provider, (name) => runtime.getEnvironment(name));
  return serverOf(profile, { ...environment, ...values });
}

/** What is written into a file: the values, and whose they are. */
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
