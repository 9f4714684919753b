/**
 * The documented functions besides `getSession`. Each opens a profile and passes it to the room that does
 * the work, which loads only then.
 *
 * @module
 */
import { connect, endsAtStop } from "./connect.ts";
import { AuthError } from "./errors.ts";
import type { Credentials, CredentialValues } from "./interface/credentials.ts";
import type {
  ConnectionOptions,
  LocationOptions,
  LogoutOptions,
  SessionOptions,
} from "./interface/options.ts";
import type {
  DoctorReport,
  ForgetReport,
  ScanReport,
  StatusReport,
  SystemLogoutReport,
} from "./interface/report.ts";
import type { Session } from "./interface/session.ts";
import type { CredentialField, SystemReference } from "./interface/systems.ts";
import * as lazy from "./lazy.ts";
import { checkOptions } from "./options/check_options.ts";
import { openProfile } from "./profile/profile.ts";
import type { Provider } from "./providers/definition.ts";
import { providers } from "./providers/registry.ts";
import { currentRuntime } from "./runtime/current.ts";
import { scanWith } from "./session.ts";

/**
 * Finds the saved app credentials, puts them into the environment as the original tutorial does, and
 * returns them: every key in upper case (`CLIENT_ID`, `CLIENT_SECRET`, …), and with the provider's
 * prefix (`SPATIAFI_CLIENT_ID`, …). `getSession` reads back only the prefixed names.
 *
 * Text, booleans, null and whole numbers are written as Python's `str()` writes them, lists and objects
 * as JSON. Names that are not valid variable names, or that control the machine (`PATH`,
 * `HTTPS_PROXY`, …), are left out.
 *
 * @param system its name, the URL of its API, or the result of `defineProvider`
 * @param options `directory`: a folder to look in instead of the user's configuration folder;
 * `export: false` leaves the environment unchanged
 * @returns the credentials; they print without their secrets
 * @throws {AuthError} `credentials_missing`, `credentials_damaged`, `store_unavailable`,
 * `permission_denied`; `unknown_provider`, `invalid_argument`
 */
export async function loadCredentials(
  system: SystemReference,
  options: LocationOptions & { export?: boolean | undefined } = {},
): Promise<Credentials> {
  const profile = await openProfile(system, options, "loadCredentials", "load", lazy);
  const { loadCredentials } = await lazy.manage();
  return await endsAtStop(profile.runtime, () => loadCredentials(profile));
}

/**
 * The tutorial's spelling of {@linkcode loadCredentials}. Without an argument it loads those of the
 * tutorial's system.
 *
 * @param system as for {@linkcode loadCredentials}; default: SpatiaFi
 * @param options see {@linkcode LocationOptions}
 * @returns the credentials; they print without their secrets
 */
export async function load_credentials(
  system: SystemReference = "spatiafi",
  options: LocationOptions = {},
): Promise<Credentials> {
  return await loadCredentials(system, options);
}

/**
 * The tutorial's own function: loads SpatiaFi's credentials, also into the environment.
 *
 * @param options see {@linkcode LocationOptions}
 * @returns the credentials; they print without their secrets
 */
export async function load_spatiafi_credentials(
  options: LocationOptions = {},
): Promise<Credentials> {
  return await loadCredentials("spatiafi", options);
}

/**
 * Saves app credentials where `getSession` and the Python tutorial find them, as plain JSON that only
 * its owner can read. An existing file is kept as a backup, because a secret may be shown only once.
 *
 * @param system its name, the URL of its API, or the result of `defineProvider`
 * @param values with these names, such as `{ client_id, client_secret }`; other values that the
 * provider needs may come from the environment
 * @param options `directory`: a folder to save in instead of the user's configuration folder
 * @returns the saved credentials and where they are; they print without their secrets
 * @throws {AuthError} `credentials_damaged` if the existing file cannot be kept; `store_unavailable`,
 * `store_locked`, `permission_denied`; `unknown_provider`, `invalid_argument`
 */
export async function saveCredentials<const S extends SystemReference>(
  system: S,
  values: CredentialValues<CredentialField<S> & string> | Credentials,
  options: LocationOptions = {},
): Promise<Credentials> {
  const profile = await openProfile(
    system,
    options,
    "saveCredentials",
    "location",
    lazy,
  );
  const { saveCredentials } = await lazy.manage();
  return await endsAtStop(profile.runtime, () => saveCredentials(profile, values));
}

/**
 * Creates new app credentials with a username and password, and saves them. An existing file is kept
 * as a backup. The request that creates them is repeated only if the server says that it did nothing
 * (429, 503).
 *
 * @param system its name, the URL of its API, or the result of `defineProvider`; it must have an `enrolment`
 * @param login the account's username and password; the password is used once and never saved
 * @param options see {@linkcode ConnectionOptions} and {@linkcode LocationOptions}
 * @returns the new credentials. If they could not be saved, they have no `path`, `storeProblem` says why,
 * and there is no other copy
 * @throws {AuthError} `login_refused`, `unsupported`, `credentials_damaged`, and errors of the network
 * and the disk; `unknown_provider`, `invalid_argument`
 */
export async function createCredentials(
  system: SystemReference,
  login: { username: string; password: string },
  options: ConnectionOptions & LocationOptions = {},
): Promise<Credentials> {
  const profile = await openProfile(
    system,
    options,
    "createCredentials",
    "connection",
    lazy,
  );
  const { createCredentials } = await lazy.createCredentials();
  return await endsAtStop(
    profile.runtime,
    (stop) => createCredentials(profile, login, stop),
  );
}

/**
 * Removes the saved app credentials from this machine, everywhere `getSession` would find them, and the
 * backups of earlier ones (`app_credentials.backup-1` and so on). They stay valid at the server, and
 * the environment does not change.
 *
 * @param system its name, the URL of its API, or the result of `defineProvider`
 * @param options `directory`: a folder to look in instead of the user's configuration folder
 * @returns every removed file, the one in use first; empty if there was none
 * @throws {AuthError} `credentials_damaged` if the file in use is damaged, and then nothing is removed,
 * or if another one is, and then only that one stays; `store_unavailable` or `permission_denied`, naming
 * the file that could not be read or removed; `unknown_provider`, `invalid_argument`
 */
export async function forgetCredentials(
  system: SystemReference,
  options: LocationOptions = {},
): Promise<ForgetReport> {
  const profile = await openProfile(
    system,
    options,
    "forgetCredentials",
    "location",
    lazy,
  );
  const { forgetCredentials } = await lazy.manage();
  return await endsAtStop(profile.runtime, () => forgetCredentials(profile));
}

/**
 * Imports credentials from another program's file, such as Google's JSON file with a service account's
 * key or the `appsettings.json` of the OSIsoft samples, and saves them for `getSession`. If the file has
 * sections, values that belong together come from one section. The file itself does not change.
 *
 * @param system its name, the URL of its API, or the result of `defineProvider`
 * @param file the path of a JSON file, or its `file:` URL
 * @param options see {@linkcode LocationOptions}
 * @returns the saved credentials and where they are
 * @throws {AuthError} `invalid_argument` or `credentials_damaged`, naming the file and what is missing;
 * `foreign_server` if its `token_uri` belongs to another server; otherwise as {@linkcode saveCredentials}
 */
export async function importCredentials(
  system: SystemReference,
  file: string | URL,
  options: LocationOptions = {},
): Promise<Credentials> {
  const profile = await openProfile(
    system,
    options,
    "importCredentials",
    "location",
    lazy,
  );
  const { importCredentials } = await lazy.importCredentials();
  return await endsAtStop(profile.runtime, () => importCredentials(profile, file));
}

/**
 * Signs out of a saved session without signing in: revokes its tokens at the server (RFC 7009), then
 * removes them from this machine. Without `all`, it signs out of the session that `getSession` would
 * open with the same options. It removes the tokens of another client or server but sends them nowhere.
 *
 * @param provider a registered name, or the result of `defineProvider`
 * @param options see {@linkcode LogoutOptions}
 * @returns what happened to each session; a server's failure is in `problems`, and the rest is still done
 * @throws {AuthError} `credentials_damaged`, `insecure_url` if it is unclear which session is meant and
 * `all` is not set; `store_unavailable`, `permission_denied` if `forget` fails;
 * `unknown_provider`, `invalid_argument`
 *
 * @example Leave a shared machine
 * ```ts
 * import { logout } from "@onecell/auth";
 *
 * const leave = async () => {
 *   const { sessions, problems } = await logout("spatiafi", { all: true });
 *   console.log(`${sessions.length} sessions ended, ${problems.length} problems`);
 * };
 * ```
 */
export async function logout(
  system: SystemReference,
  options: LogoutOptions = {},
): Promise<SystemLogoutReport> {
  const { all = false, forget = false, ...session } = options ?? {};
  for (const [name, value] of Object.entries({ all, forget })) {
    if (typeof value !== "boolean") {
      throw new AuthError("invalid_argument", `logout: "${name}" must be true or false.`);
    }
  }
  const profile = await openProfile(system, session, "logout", "session", lazy);
  const { logoutSaved } = await lazy.logoutSaved();
  return await endsAtStop(profile.runtime, () => logoutSaved(profile, { all, forget }, connect));
}

/**
 * Reports what is saved on this machine: who is signed in where, for how long, and where the
 * credentials come from. It never prompts, renews or sends anything.
 *
 * @param system its name, the URL of its API, or the result of `defineProvider`. Without it: every
 * system known by name, and what is saved for others
 * @param options `directory`: a folder to look in instead of the user's configuration folder
 * @returns a report that prints as text; `JSON.stringify` gives the output of `onecell status --json`
 * @throws {AuthError} `unknown_provider`, `invalid_argument`; problems with files are in the report
 *
 * @example Sign in only if no prompt is needed
 * ```ts
 * import { getSession, status } from "@onecell/auth";
 *
 * const open = async () =>
 *   (await status("spatiafi")).ok ? await getSession("spatiafi") : undefined;
 * ```
 */
export async function status(
  system?: SystemReference,
  options: LocationOptions = {},
): Promise<StatusReport> {
  const { statusOfAll, statusOfOne } = await lazy.status();
  const runtime = await currentRuntime();
  const open = (one: SystemReference) => openProfile(one, options, "status", "location", lazy);
  if (system !== undefined) {
    const profile = await open(system);
    return await endsAtStop(runtime, () => statusOfOne(profile));
  }
  return await endsAtStop(runtime, async () => {
    const known = await (await lazy.knownSystems()).listSystems(runtime);
    const usable = known.flatMap(({ provider }) => provider ? [provider] : []);
    const profiles = await Promise.all([...providers, ...usable].map(open));
    return await statusOfAll(profiles, known, runtime);
  });
}

/**
 * Reads and checks a system's definition in a JSON file. It has the fields of
 * {@linkcode defineProvider}, and `$schema` is optional. A definition in `~/.config/onecell/providers`
 * does not need this: `getSession("weather")` finds `weather.json` there.
 *
 * @param file the path, or the `file:` URL, of the JSON file
 * @returns the provider, for `getSession` and the other functions
 * @throws {AuthError} `invalid_argument` if the file does not exist, is not JSON, or is not a
 * definition; `insecure_url`; `permission_denied`
 *
 * @example A definition in a file
 * ```ts
 * import { getSession, readProvider } from "@onecell/auth";
 *
 * const open = async (file: string) => await getSession(await readProvider(file));
 * ```
 */
export async function readProvider(file: string | URL): Promise<Provider> {
  return await (await lazy.knownSystems()).readProvider(await currentRuntime(), file);
}

/**
 * Finds out why a sign-in fails or would fail: it checks the credentials, the files and their modes, the
 * saved token, the clock, proxy and certificate settings, and whether the servers respond. It never
 * prompts, signs in or sends a secret. To check that a session can be saved, it creates an empty file
 * in its folder, or in the nearest one above, and removes it.
 *
 * @param system its name, the URL of its API, or the result of `defineProvider`
 * @param options the options of the `getSession` call that failed
 * @returns a report that shows as a card or as text and says what to do next
 * @throws {AuthError} `unknown_provider`, `invalid_argument`, `insecure_url` (of a definition);
 * everything else is in the report
 *
 * @example When getSession fails
 * ```ts
 * import { doctor } from "@onecell/auth";
 *
 * const report = await doctor("spatiafi");
 * report.ok; // true if there is no problem
 * ```
 */
export async function doctor(
  system: SystemReference,
  options: SessionOptions = {},
): Promise<DoctorReport> {
  const profile = await openProfile(system, options, "doctor", "session", lazy);
  const { examineProfile } = await lazy.doctor();
  return await endsAtStop(profile.runtime, () => examineProfile(profile, connect));
}

/**
 * Scans a saved notebook for this machine's secrets before you share it: credentials and valid tokens,
 * whole or in recognisable part (12 characters; 40 for a JWT's claims, because many tokens share
 * them), in every common encoding and in pieces. `scanText` lists what it does not find.
 *
 * @param file the path of the saved `.ipynb` file, or its `file:` URL
 * @param options `session`: look for this session's secrets, even if it has its own `directory`.
 * Without it: the secrets of every system with something saved in the configuration folder, and
 * those in the environment. If Deno may not list that folder: those of the known systems.
 * `directory`: also look in this folder, which you passed to `getSession`
 * @returns the cell, the place and the name of each secret it found, never a value. If `secrets` is 0,
 * there was nothing to look for, and the notebook was not checked. `unread` names the files that
 * could not be read
 * @throws {AuthError} `invalid_argument` if the file does not exist or is not a notebook,
 * `permission_denied`
 *
 * @example Before sharing
 * ```ts
 * import { scanNotebook } from "@onecell/auth";
 *
 * const check = async (path: string) => {
 *   const report = await scanNotebook(path);
 *   if (!report.ok) throw new Error(String(report));
 * };
 * ```
 */
export async function scanNotebook(
  file: string | URL,
  options: { session?: Session | undefined; directory?: string | URL | undefined } = {},
): Promise<ScanReport> {
  const { session, ...location } = options ?? {};
  const own = scanWith(session);
  if (session !== undefined && own === undefined) {
    throw new AuthError(
      "invalid_argument",
      "scanNotebook: pass a session from getSession: scanNotebook(file, { session }).",
    );
  }
  const { directory } = checkOptions(location, "directory", "scanNotebook");
  if (own) return await own(file, directory);
  return await (await lazy.scan()).scanFile(file, undefined, directory);
}
