import { normaliseCredentials } from "../credentials/choose_credentials.ts";
import {
  Credentials,
  isCredentials,
  serverOfCredentials,
  valuesOf,
} from "../credentials/credentials.ts";
import type { ForgetReport } from "../interface/report.ts";
import { findFile } from "../profile/find_credentials.ts";
import type { Profile } from "../profile/profile.ts";
import { placeToForget, serverToSaveFor } from "../profile/saved_file.ts";
import { isForeign } from "../providers/define_provider.ts";
import { joinPath } from "../store/paths.ts";
import { removePrivateFile } from "../store/private_file.ts";
import { forgetCredentials as forget } from "../store/write_credentials.ts";
import { checkValues } from "./check_values.ts";
import { saveValues } from "./create_and_save.ts";

/** See `saveCredentials` of `verbs.ts`. */
export async function saveCredentials(
  profile: Profile,
  values: unknown,
): Promise<Credentials> {
  const { provider } = profile;
  const given = isCredentials(values) ? valuesOf(values) : values;
  const plain = checkValues(given, provider, "saveCredentials");
  const known = values instanceof Credentials ? serverOfCredentials(values) : undefined;
  const path = await saveValues(profile, plain, { server: known });
  return new Credentials(provider.name, { ...plain }, {
    path: profile.openStored ? undefined : path,
    source: path,
    server: known ?? serverToSaveFor(profile, normaliseCredentials(plain, "The credentials")),
    home: profile.runtime.homeDirectory(),
  });
}

/** See `forgetCredentials` of `verbs.ts`. */
export async function forgetCredentials(profile: Profile): Promise<ForgetReport> {
  const removed: string[] = [];
  const { file } = await findFile(profile);
  if (file?.stored !== undefined) {
    await (await profile.openStored?.())?.remove(file.stored || undefined);
    removed.push(file.path);
  }
  // A file beside the store would take precedence over them.
  removed.push(...await forget(profile.runtime, await placeToForget(profile)));
  const learnt = learntPath(profile);
  if (learnt !== undefined && await removePrivateFile(profile.runtime, learnt)) {
    removed.push(learnt);
  }
  return { removed };
}

/** Where the agreement on an API's address is saved; see `address/saved_address.ts`. */
function learntPath({ provider, runtime, folder }: Profile): string | undefined {
  const isAddress = isForeign(provider) && /-[0-9a-f]{10}$/.test(provider.name);
  return isAddress && folder !== undefined
    ? joinPath(runtime, folder, `${provider.name}.json`)
    : undefined;
}
