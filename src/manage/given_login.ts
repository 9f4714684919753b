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

/** What a username and password that were passed in advance would do at a sign-in. */
export type LoginUse =
  /** The system signs in with them. */
  | { readonly kind: "sign_in" }
  /** They create new app credentials; `replaces` if others are saved. */
  | { readonly kind: "create"; readonly replaces: boolean }
  /** Nothing: the saved credentials sign in. */
  | { readonly kind: "unused"; readonly sources: readonly Source[] }
  /** Nothing: these credentials take precedence over new app credentials. */
  | { readonly kind: "hidden"; readonly sources: readonly Source[] }
  /** Nothing: the system takes neither. */
  | { readonly kind: "unsupported" };

/**
 * Finds out what a username and password would do, so that they are never ignored silently.
 *
 * @param force whether to create new app credentials even if some exist
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

/** What happened to a username that should be kept for the next sign-in. */
export type KeptUsername =
  /** The next sign-in has it: it is saved now, was saved before, or is in the environment. */
  | { readonly kind: "kept" }
  /** The system needs none, or nothing should be saved. */
  | { readonly kind: "not_needed" }
  /** A variable names another user. */
  | { readonly kind: "other_variable"; readonly variable: string }
  /** The file has another user's name or password, which is kept; this variable would take precedence. */
  | { readonly kind: "other_saved"; readonly variable: string }
  /** It could not be saved. */
  | { readonly kind: "failed"; readonly problem: AuthError };

/**
 * Saves a username that was passed, as if it had been typed, unless one is saved. Without it the next
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
    // A saved password belongs to the saved user.
    const keeps = known["username"] !== undefined || known["password"] !== undefined;
    isOther = keeps && known["username"] !== username;
    return keeps ? null : { ...earlier, username };
  };
  try {
    const saved = await findSaved(runtime, place);
    // A file is used with every store.
    const stored = saved === null ? await profile.openStored?.() : undefined;
    if (stored) {
      await stored.exclusive(async () => {
        const values = change(await stored.read() ?? null);
        if (values !== null) await stored.write(values);
      }, signal);
    } else {
      const path = saved?.path ?? credentialsPath(runtime, place);
      if (path === undefined) return { kind: "not_needed" }; // the session reports the missing folder
      await writeCredentials(runtime, path, change, { signal });
    }
  } catch (error) {
    if (!(error instanceof AuthError) || signal?.aborted) throw error;
    return { kind: "failed", problem: error };
  }
  return isOther ? { kind: "other_saved", variable } : { kind: "kept" };
}
