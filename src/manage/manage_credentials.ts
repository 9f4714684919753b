import { Credentials, valuesOf } from "../credentials/credentials.ts";
import type { Profile } from "../profile/profile.ts";
import { credentialsPath } from "../store/credentials_file.ts";
import { forgetCredentials as forget, writeCredentials } from "../store/write_credentials.ts";
import { checkValues } from "./check_values.ts";
import { noFolder } from "./create_and_save.ts";

/** See `saveCredentials` of `verbs.ts`. */
export async function saveCredentials(
  profile: Profile,
  values: Record<string, unknown> | Credentials,
): Promise<Credentials> {
  const { provider, runtime, options: { signal } } = profile;
  const given = values instanceof Credentials ? valuesOf(values) : values;
  const plain = checkValues(given, provider, "saveCredentials");
  const path = credentialsPath(runtime, profile.place);
  if (path === undefined) throw noFolder(provider);
  await writeCredentials(runtime, path, plain, { signal });
  return new Credentials(provider.name, { ...plain }, { path, source: path });
}

/** See `forgetCredentials` of `verbs.ts`; gives every file that was removed. */
export async function forgetCredentials({ runtime, place }: Profile): Promise<string[]> {
  return await forget(runtime, place);
}
