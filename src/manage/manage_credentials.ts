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
  // A file beside the store would take their place.
  return { removed: [...removed, ...await forget(profile.runtime, await placeToForget(profile))] };
}
