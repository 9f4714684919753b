import {
  normaliseCredentials,
  type Source,
  variableFor,
} from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import { findCredentials } from "../profile/find_credentials.ts";
import type { Profile } from "../profile/profile.ts";
import { credentialsPath, findCredentials as findSaved } from "../store/credentials_file.ts";
import { writeCredentials } from "../store/write_credentials.ts";

/** What a username and a password that are given in advance would do at a sign-in. */
export type LoginUse =
  /** The system signs in with them. */
  | { readonly kind: "sign_in" }
  /** New app credentials are created with them; `replaces` where others are saved. */
  | { readonly kind: "create"; readonly replaces: boolean }
  /** Nothing: there are credentials, and these sign in. */
  | { readonly kind: "unused"; readonly sources: readonly Source[] }
  /** Nothing: new app credentials would stay behind these. */
  | { readonly kind: "hidden"; readonly sources: readonly Source[] }
  /** Nothing: the system takes neither. */
  | { readonly kind: "unsupported" };

/**
 * Finds out what a username and a password would do, so that they never do nothing without a word.
 *
 * @param force whether new app credentials are wanted although there are some
 * @throws {AuthError} as `findCredentials`
 */
export async function loginUse(profile: Profile, force: boolean): Promise<LoginUse> {
  const { provider } = profile;
  if (provider.requires.includes("username")) return { kind: "sign_in" };
  if (provider.enrolment === undefined) return { kind: "unsupported" };
  const { missing, sources } = await findCredentials(profile);
  if (missing.length > 0) return { kind: "create", replaces: false };
  if (!force) return { kind: "unused", sources };
  return sources.every(({ kind }) => kind === "file")
    ? { kind: "create", replaces: true }
    : { kind: "hidden", sources };
}

/** What became of a username that is to be kept for the next sign-in. */
export type KeptUsername =
  /** The next sign-in has it: saved now, there before, or in the environment. */
  | { readonly kind: "kept" }
  /** The system needs none, or nothing is to be saved. */
  | { readonly kind: "not_needed" }
  /** A variable names another user. */
  | { readonly kind: "other_variable"; readonly variable: string }
  /** The file has another user's name or password, which stays; this variable would come first. */
  | { readonly kind: "other_saved"; readonly variable: string }
  /** It could not be saved. */
  | { readonly kind: "failed"; readonly problem: AuthError };

/**
 * Saves a username that was given, as one that is typed is saved, where none is: without it the next
 * sign-in would not find the session.
 */
export async function keepUsername(
  profile: Profile,
  username: string | undefined,
): Promise<KeptUsername> {
  const { provider, runtime, place, options: { signal } } = profile;
  const isNeeded = username !== undefined && provider.requires.includes("username");
  if (!isNeeded || provider.store === "memory") return { kind: "not_needed" };
  const variable = variableFor(provider, "username");
  const named = runtime.getEnvironment(variable);
  if (named) return named === username ? { kind: "kept" } : { kind: "other_variable", variable };
  let isOther = false;
  const change = (earlier: Record<string, unknown> | null) => {
    const known = normaliseCredentials(earlier ?? {}, "The saved credentials");
    // A saved password is the saved user's.
    const keeps = known["username"] !== undefined || known["password"] !== undefined;
    isOther = keeps && known["username"] !== username;
    return keeps ? null : { ...earlier, username };
  };
  try {
    const saved = await findSaved(runtime, place);
    // A file is used as it is, with every store.
    const stored = saved === null ? await profile.openStored?.() : undefined;
    if (stored) {
      await stored.exclusive(async () => {
        const values = change(await stored.read() ?? null);
        if (values !== null) await stored.write(values);
      }, signal);
    } else {
      const path = saved?.path ?? credentialsPath(runtime, place);
      if (path === undefined) return { kind: "not_needed" }; // the session says that there is no folder
      await writeCredentials(runtime, path, change, { signal });
    }
  } catch (error) {
    if (!(error instanceof AuthError) || signal?.aborted) throw error;
    return { kind: "failed", problem: error };
  }
  return isOther ? { kind: "other_saved", variable } : { kind: "kept" };
}
