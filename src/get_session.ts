import { connect, endsAtStop } from "./connect.ts";
import * as lazy from "./lazy.ts";
import { AuthError, showCaller } from "./errors.ts";
import type { SessionOptions } from "./interface/options.ts";
import type { Session } from "./interface/session.ts";
import type { CredentialField, SystemReference } from "./interface/systems.ts";
import type { Person } from "./person/person.ts";
import { findCredentials, type Found, isEnough, isFromFile } from "./profile/find_credentials.ts";
import { openProfile, type Profile } from "./profile/profile.ts";
import type { Connection } from "./renewal/connection.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { freshFor, OpenSession, shownOf } from "./session.ts";

/**
 * Signs in to a system and returns a session whose `fetch` carries the token.
 *
 * A valid saved session is reused. Otherwise the credentials come from the options, the
 * environment (`<PREFIX>_CLIENT_ID` and so on) or the saved file, in this order. You are prompted only
 * if none is found, and what you type is saved for next time. A token that you already have comes first:
 * pass the option `token`, or set the variable `<PREFIX>_ACCESS_TOKEN`.
 *
 * @param system a built-in name, such as `"spatiafi"`; the name of a definition `NAME.json` in
 * `~/.config/onecell/providers`; the URL of its API; or the result of `defineProvider`. An API that is
 * not known yet says who signs people in for it (RFC 9728). You are prompted once before anything is sent
 * to that server, and the result is saved
 * @param options see {@linkcode SessionOptions}; times are in milliseconds
 * @returns a session that renews its token automatically
 * @throws {AuthError} with a code and the next step. A failure never removes saved values
 *
 * @example One cell
 * ```ts
 * import { getSession } from "@onecell/auth";
 *
 * const s = await getSession("spatiafi");
 * const info = await s.fetch("/api/info?item_id=wildfire-risk-current-global-v1.0");
 * ```
 */
export async function getSession<const S extends SystemReference>(
  system: S,
  options: SessionOptions<CredentialField<S> & string> = {},
): Promise<Session> {
  try {
    return await startSession(
      await openProfile(system, options, "getSession", "session", lazy),
    );
  } catch (error) {
    if (AuthError.is(error)) showCaller(error);
    throw error;
  }
}

/**
 * Signs in with an open profile. The module does not export it.
 *
 * @internal
 */
export async function startSession(profile: Profile): Promise<Session> {
  const asked = new AskedPerson(profile);
  try {
    const begin = () => start(profile, asked);
    // Saved files can be read at once; a store may have to be waited for.
    const connection = await (profile.openStored ? endsAtStop(profile.runtime, begin) : begin());
    const session = new OpenSession(connection);
    await asked.signedIn(connection, session);
    return session;
  } catch (error) {
    const told = await namingAccounts(profile, error);
    await asked.failed(told);
    throw told;
  }
}

/** Adds the saved accounts to an error, because another account might work. */
async function namingAccounts(profile: Profile, error: unknown): Promise<unknown> {
  if (!AuthError.is(error, "credentials_missing", "login_required")) return error;
  return await (await lazy.listSessions()).namingAccounts(profile, error);
}

async function start(profile: Profile, asked: AskedPerson): Promise<Connection> {
  const { options } = profile;
  const saved = await findCredentials(profile);
  // If somebody can be prompted, signing in again means more than a new token for the saved credentials.
  // But a person does not sign in with a public client's ID.
  const again = options.forceLogin === true && isFromFile(saved) &&
    profile.provider.clientAuthentication !== "none" && await asked.isThere();
  const found = again ? await findCredentials(profile, false) : saved;
  const begin = async (found: Found): Promise<Connection> => {
    const connection = connect(profile, found, asked.person);
    await connection.keeper.start({ force: options.forceLogin ?? false, signal: options.signal });
    if (options.minLifetime) await freshFor(connection, options.minLifetime, options.signal);
    return connection;
  };
  if (!isEnough(found)) {
    return await (await lazy.askCredentials()).askCredentials(profile, found, asked.person, begin);
  }
  return await begin(found).catch(async (error) => {
    throw (await lazy.refusal()).explainRefusal(error, found);
  });
}

/**
 * The tutorial's spelling of {@linkcode getSession}. Without an argument it opens the tutorial's system.
 *
 * @param system as for {@linkcode getSession}; default: SpatiaFi
 * @param options see {@linkcode SessionOptions}
 * @returns a session that renews its token automatically
 */
export async function get_session(
  system: SystemReference = "spatiafi",
  options: SessionOptions = {},
): Promise<Session> {
  return await getSession(system, options);
}

/** The person of one sign-in. They are found when first needed, and see how the sign-in ends. */
class AskedPerson {
  readonly #profile: Profile;
  #found: Promise<Person> | undefined;

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  async isThere(): Promise<boolean> {
    return (await this.person()).kind !== "nobody";
  }

  readonly person = (): Promise<Person> => {
    const { options, runtime } = this.#profile;
    return this.#found ??= lazy.person().then(({ personFor }) => personFor(options, runtime));
  };

  /** Says who is signed in: on the card if the person was prompted, otherwise in one line in a notebook. */
  async signedIn(connection: Connection, session: Session): Promise<void> {
    const { options, runtime } = this.#profile;
    if (this.#found !== undefined) {
      const { showSignedIn } = await lazy.sessionCard();
      await showSignedIn(session, shownOf(connection, session), await this.#found);
      return;
    }
    if (options.person || !runtime.inNotebook() || isQuiet(options, runtime)) return;
    await (await lazy.announce()).greet(shownOf(connection, session));
  }

  /** Closes an open card after a failed sign-in. */
  async failed(error: unknown): Promise<void> {
    const person = await this.#found?.catch(() => undefined);
    const message = error instanceof AuthError ? error.message : "The sign-in failed.";
    const title = `Not signed in to ${this.#profile.provider.title}`;
    await person?.show({ kind: "failed", title, message }).catch(() => {});
  }
}

/** True if a notebook shows nothing when a saved session is found. */
function isQuiet({ quiet }: SessionOptions, runtime: Runtime): boolean {
  return quiet ?? !["", "0", "false"].includes(runtime.getEnvironment("ONECELL_QUIET") ?? "");
}
