import { AuthError } from "../errors.ts";
import {
  findFile,
  homeOf,
  hostName,
  serverOf,
  serverOfFile,
  withoutMembers,
} from "../profile/find_credentials.ts";
import { type Profile, storedIn } from "../profile/profile.ts";
import { saveTarget, serverToSaveFor, withMembers } from "../profile/saved_file.ts";
import { COPY_MEMBER, normaliseCredentials } from "../credentials/choose_credentials.ts";
import type { CredentialValues, Provider } from "../providers/provider.ts";
import { credentialsPath } from "../store/credentials_file.ts";
import { isWithoutLocks } from "../store/lock.ts";
import { parentPath } from "../store/disk.ts";
import type { StoredCredentials } from "../store/stored_credentials.ts";
import { tryWriting } from "../store/inspect_store.ts";
import { openFiles } from "../store/writing.ts";
import { writeCredentials } from "../store/write_credentials.ts";
import { Credentials } from "../credentials/credentials.ts";
import { createAppCredentials, enrolmentParts } from "../grants/enrolment.ts";

type Values = Record<string, unknown>;

/** App credentials that the server has created. */
export interface CreatedCredentials {
  values: Values;
  /** Who created them. */
  username: string;
  /** The file that holds them, if they are saved. */
  path: string | undefined;
  /** Why they could not be saved. */
  problem?: AuthError;
}

/** What it takes to create app credentials. */
export interface Creation {
  /** Who creates them. */
  username: string;
  /** Whether to accept credentials that another process has saved meanwhile. */
  reuse: boolean;
  /** Asks the server for them. */
  create: () => Promise<Values>;
}

/**
 * Creates app credentials and saves them, one process at a time: the second process finds what the first
 * one saved. The server shows the secret only once, so it first checks that it can be saved.
 *
 * @throws {AuthError} the errors of the creation; `store_unavailable` or `permission_denied` if they could
 * not be saved, and then nothing was created
 */
export async function createAndSave(
  profile: Profile,
  { username, reuse, create }: Creation,
): Promise<CreatedCredentials> {
  const { provider, options, runtime, place, folder } = profile;
  const unsavable = (why: AuthError) =>
    new AuthError(
      why.code,
      `No app credentials were created, because they could not be saved. ${why.message}`,
      { cause: why },
    );
  let began = false;
  const action = async (): Promise<CreatedCredentials> => {
    const { file } = await findFile(profile);
    // Another person's credentials belong to another account.
    if (reuse && file && (file.username ?? username) === username) {
      return { ...file, username };
    }
    began = true;
    const values = await create();
    try {
      const path = await saveValues(profile, values, { username, isHeld: true });
      return { values, username, path };
    } catch (error) {
      // The server never shows the secret again, so at least this process uses it.
      if (error instanceof AuthError) return { values, username, path: undefined, problem: error };
      throw error;
    }
  };
  if (profile.openStored) {
    try {
      const stored = await profile.openStored();
      const whole = async () => {
        await stored.tryWriting();
        return await action();
      };
      return await stored.exclusive(whole, options.signal)
        .catch((error) => isWithoutLocks(error) ? whole() : Promise.reject(error));
    } catch (error) {
      const isStore = AuthError.is(error, "store_unavailable", "permission_denied");
      throw isStore && !began ? unsavable(error) : error;
    }
  }
  const path = credentialsPath(runtime, place);
  if (path === undefined) throw noFolder(provider);
  const unwritable = await tryWriting(runtime, parentPath(path), folder ?? parentPath(path));
  if (unwritable) throw unsavable(unwritable);
  const store = openFiles(runtime, folder);
  try {
    return await store.exclusive("credentials", action, {
      timeout: 45_000,
      signal: options.signal,
    });
  } catch (error) {
    const noLock = error instanceof AuthError &&
      (error.code === "store_unavailable" || error.code === "permission_denied");
    if (!noLock) throw error;
    return await action();
  }
}

/**
 * Saves values for this profile's server.
 *
 * @param merge whether to keep the other values in the file, if it is for the same server
 * @param path the file to save to, with any store
 * @param isHeld whether the caller already holds the lock of the app credentials
 * @returns the path, or the name of the store that holds them
 * @throws {AuthError} as `writeCredentials`, and if there is no folder
 */
export async function saveValues(
  profile: Profile,
  values: Values,
  { username, server, merge = false, path: given, isHeld = false }: {
    username?: string | undefined;
    server?: string | undefined;
    merge?: boolean;
    path?: string | undefined;
    isHeld?: boolean;
  } = {},
): Promise<string> {
  const { provider, runtime, place, options: { signal } } = profile;
  if (profile.openStored && given === undefined) {
    const stored = await profile.openStored();
    const save = () => saveStored(profile, stored, values, { username, server, merge });
    await (isHeld ? save() : stored.exclusive(save, signal)
      .catch((error) => isWithoutLocks(error) ? save() : Promise.reject(error)));
    return storedIn(profile) ?? "";
  }
  const target = await saveTarget(profile, textOnly(values), server);
  if (target === undefined) throw noFolder(provider);
  const { moveTo } = target;
  if (moveTo) {
    await writeCredentials(runtime, moveTo.path, (earlier) => earlier ?? moveTo.values, { signal });
  }
  const path = given ?? target.path;
  const whole = (earlier: Values | null) =>
    withMembers(
      { ...(merge && !moveTo ? earlier : {}), ...values },
      target.server,
      username,
    );
  await writeCredentials(runtime, path, whole, { signal });
  // The system's own Python package reads only this name.
  const [first, second] = place.files;
  const isEnrolled = username !== undefined && provider.enrolment !== undefined;
  if (isEnrolled && second !== undefined && path.endsWith(`${first}`)) {
    const other = credentialsPath(runtime, { ...place, files: [second] });
    const copy = (earlier: Values | null) => ({ ...whole(earlier), [COPY_MEMBER]: true });
    if (other !== undefined) await writeCredentials(runtime, other, copy, { signal });
  }
  return path;
}

/** Saves values in a store. As with files, the first server gets the usual place. */
async function saveStored(
  profile: Profile,
  stored: StoredCredentials,
  values: Values,
  { username, server: known, merge }: {
    username?: string | undefined;
    server?: string | undefined;
    merge: boolean;
  },
): Promise<void> {
  const server = known ?? serverToSaveFor(profile, textOnly(values));
  const usual = await stored.read();
  const whole = (earlier: Values | undefined) =>
    withMembers({ ...(merge ? earlier : {}), ...values }, server, username);
  const there = usual && withoutMembers({ path: "", values: usual });
  const belongs = there && serverOfFile(profile, there);
  if (server === undefined || belongs === undefined || belongs === server) {
    return await stored.write(whole(there?.values));
  }
  if (server !== homeOf(profile)) {
    const host = hostName(server);
    const apart = merge ? await stored.read(host) : undefined;
    return await stored.write(whole(apart), host);
  }
  const host = hostName(belongs);
  if (await stored.read(host) === undefined) {
    await stored.write(withMembers({ ...usual }, belongs), host);
  }
  await stored.write(whole(undefined));
}

function textOnly(values: Values): CredentialValues {
  return normaliseCredentials(values, "The credentials");
}

/** The error if there is no folder for a provider's credentials. */
function noFolder({ title }: Provider): AuthError {
  return new AuthError(
    "store_unavailable",
    `There is no folder to save ${title}'s credentials in. Set HOME ` +
      "(USERPROFILE on Windows) or the option directory.",
  );
}

/**
 * See `createCredentials` of `verbs.ts`.
 *
 * @param stop fires at the stop button and ends the creation
 */
export async function createCredentials(
  profile: Profile,
  login: { username: string; password: string },
  stop?: AbortSignal,
): Promise<Credentials> {
  const { provider } = profile;
  const { username, password, ...rest }: Record<string, unknown> = { ...login };
  const [odd] = Object.keys(rest);
  if (odd !== undefined) {
    // Ignoring it would send the password to the wrong server.
    throw new AuthError(
      "invalid_argument",
      `createCredentials takes { username, password } as its second argument, without "${odd}": pass options as the third.`,
    );
  }
  if (typeof username !== "string" || typeof password !== "string" || !username || !password) {
    throw new AuthError(
      "invalid_argument",
      'createCredentials needs { username, password } after the system: createCredentials("' +
        `${provider.name}", { username: "…", password: "…" }, { … }).`,
    );
  }
  if (username.includes(":")) {
    throw new AuthError(
      "invalid_argument",
      "A username for HTTP Basic cannot contain a colon (RFC 7617).",
    );
  }
  // Find a damaged file first: otherwise new credentials could not be saved.
  await findFile(profile);
  const own = enrolmentParts(profile, provider.defaults ?? {});
  const signals = [own.signal, stop].filter((signal) => signal !== undefined);
  const parts = { ...own, signal: AbortSignal.any(signals) };
  const create = () => createAppCredentials(parts, username, password);
  const { values, path, problem } = await createAndSave(profile, {
    username,
    reuse: false,
    create,
  });
  const source = path ?? "memory only";
  const server = serverOf(profile, {});
  const home = profile.runtime.homeDirectory();
  return new Credentials(provider.name, values, {
    path: profile.openStored ? undefined : path,
    source,
    storeProblem: problem,
    server,
    home,
  });
}
