import { Credentials } from "../credentials/credentials.ts";
import { AuthError } from "../errors.ts";
import { createAppCredentials, enrolmentParts } from "../grants/enrolment.ts";
import type { Profile } from "../profile/profile.ts";
import { findFile, serverOf } from "../profile/find_credentials.ts";
import { createAndSave } from "./create_and_save.ts";

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
