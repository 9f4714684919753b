import { AuthError } from "../errors.ts";
import { listAccounts } from "../profile/list_sessions.ts";
import { type Profile, USUAL_ACCOUNT } from "../profile/profile.ts";
import { accountFile } from "../store/credentials_file.ts";
import { removePrivateFile, writePrivateFile } from "../store/private_file.ts";
import { storeError } from "../store/disk.ts";

/**
 * Sets the account that a system uses when neither an option nor a variable names one. The choice is a name
 * in a small file beside the system's tokens. It holds no secret, and nothing is sent.
 *
 * @param profile a profile of the account to use; without one, the usual account
 * @returns the saved accounts
 * @throws {AuthError} `credentials_missing` for an account with nothing saved; `store_unavailable`,
 * `permission_denied`
 */
export async function switchAccount(profile: Profile): Promise<string[]> {
  const { runtime, folder, account, provider: { name, title } } = profile;
  const accounts = await listAccounts(profile);
  if (account !== undefined && !accounts.includes(account)) {
    const saved = accounts.length === 0 ? "none" : accounts.join(", ");
    throw new AuthError(
      "credentials_missing",
      `There is no account "${account}" for ${title} on this machine. Saved: ${saved}. Sign in with it ` +
        `first: onecell login ${name} --account ${account}`,
    );
  }
  if (folder === undefined) {
    throw new AuthError(
      "store_unavailable",
      "There is no folder to save the choice in. Set HOME, or pass the option directory.",
    );
  }
  const path = accountFile(runtime, folder);
  try {
    if (account === undefined) await removePrivateFile(runtime, path);
    else await writePrivateFile(runtime, path, `${account}\n`);
  } catch (error) {
    throw storeError(runtime, error, `write "${path}"`, folder);
  }
  return accounts.length === 0 ? [USUAL_ACCOUNT] : accounts;
}
