import { checkOptions } from "../options/check_options.ts";
import { createAndSave, noFolder } from "./create_and_save.ts";
import { AuthError } from "../errors.ts";
import { checkValues } from "./load_credentials.ts";
import type { CommonOptions, CreateOptions } from "../options/options.ts";
import type { Provider } from "../providers/provider.ts";
import { findProvider } from "../providers/registry.ts";
import { currentRuntime } from "../runtime/current.ts";
import { Credentials, valuesOf } from "../credentials/credentials.ts";
import { credentialsPath, findCredentials, placeOf } from "../store/credentials_file.ts";
import { forgetCredentials as forget, writeCredentials } from "../store/write_credentials.ts";

/** See `saveCredentials` of `verbs.ts`. */
export async function saveCredentials(
  provider: string | Provider,
  values: Record<string, unknown> | Credentials,
  options: CommonOptions = {},
): Promise<Credentials> {
  const known = await findProvider(provider);
  checkOptions(options, "common", "saveCredentials");
  const plain = checkValues(
    values instanceof Credentials ? valuesOf(values) : values,
    known,
    "saveCredentials",
  );
  const runtime = await currentRuntime();
  const path = credentialsPath(runtime, placeOf(known, options.directory));
  if (path === undefined) throw noFolder(known);
  await writeCredentials(runtime, path, plain, { signal: options.signal });
  return new Credentials(known.name, { ...plain }, { path, source: path });
}

/** See `createCredentials` of `verbs.ts`. */
export async function createCredentials(
  provider: string | Provider,
  options: CreateOptions,
): Promise<Credentials> {
  const known = await findProvider(provider);
  const { username, password, ...common } = options ?? {};
  checkOptions(common, "common", "createCredentials");
  if (typeof username !== "string" || typeof password !== "string" || !username || !password) {
    throw new AuthError("invalid_argument", "createCredentials needs a username and a password.");
  }
  if (username.includes(":")) {
    throw new AuthError(
      "invalid_argument",
      "A user name for HTTP Basic cannot contain a colon (RFC 7617).",
    );
  }
  const runtime = await currentRuntime();
  const place = placeOf(known, common.directory);
  // A damaged file is found before anything is created that could then not be saved.
  await findCredentials(runtime, place);
  // Nobody who only signs in loads what creates credentials.
  const { createAppCredentials, enrolmentParts } = await import("../grants/enrolment.ts");
  const parts = enrolmentParts(known, common, runtime, known.defaults ?? {});
  const { values, path, problem } = await createAndSave(
    known,
    common,
    runtime,
    credentialsPath(runtime, place),
    () => createAppCredentials(parts, username, password),
    false,
  );
  const source = path ?? "memory only";
  return new Credentials(known.name, values, { path, source, storeProblem: problem });
}

/** See `forgetCredentials` of `verbs.ts`; gives every file that was removed. */
export async function forgetCredentials(
  provider: string | Provider,
  options: CommonOptions = {},
): Promise<string[]> {
  const known = await findProvider(provider);
  checkOptions(options, "common", "forgetCredentials");
  return await forget(await currentRuntime(), placeOf(known, options.directory));
}
