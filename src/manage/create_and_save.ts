import { AuthError } from "../errors.ts";
import type { Profile } from "../profile/profile.ts";
import type { Provider } from "../providers/provider.ts";
import { credentialsPath, findCredentials } from "../store/credentials_file.ts";
import { openFiles } from "../store/writing.ts";
import { writeCredentials } from "../store/write_credentials.ts";

/** App credentials that the server has made. */
export interface CreatedCredentials {
  values: Record<string, unknown>;
  /** The file they are in, or `null`. */
  path: string | null;
  /** Why they could not be saved. */
  problem?: AuthError;
}

/**
 * Creates app credentials and saves them, one process at a time: whoever comes second finds the
 * first one's. The secret is shown once, so the place for it is made ready before.
 */
export async function createAndSave(
  { provider, options, runtime, place, folder }: Profile,
  create: () => Promise<Record<string, unknown>>,
  reuse = true,
): Promise<CreatedCredentials> {
  const path = credentialsPath(runtime, place);
  const action = async (): Promise<CreatedCredentials> => {
    const found = reuse ? await findCredentials(runtime, place) : null;
    if (found) return found;
    const values = await create();
    if (path === undefined) return { values, path: null, problem: noFolder(provider) };
    try {
      await writeCredentials(runtime, path, values);
      return { values, path };
    } catch (error) {
      // The secret is never shown again: this process at least goes on with it.
      if (error instanceof AuthError) return { values, path: null, problem: error };
      throw error;
    }
  };
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

/** Where there is no place for a provider's credentials. */
export function noFolder({ title }: Provider): AuthError {
  return new AuthError(
    "store_unavailable",
    `There is no folder to save ${title}'s credentials in. Set HOME (USERPROFILE on Windows) ` +
      "or the option directory.",
  );
}
