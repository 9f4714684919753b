import { AuthError } from "./errors.ts";
import { checkValues } from "./load_credentials.ts";
import { checkOptions, type CommonOptions } from "./options.ts";
import type { Provider } from "./provider.ts";
import { findProvider } from "./providers/registry.ts";
import { currentRuntime } from "./runtime/current.ts";
import { Credentials, valuesOf } from "./saved_credentials.ts";
import { credentialsPath, findCredentials } from "./store/credentials_file.ts";
import { forgetCredentials as forget, writeCredentials } from "./store/write_credentials.ts";

/** Options of `createCredentials`. */
export interface CreateOptions extends CommonOptions {
  /** The account's user name. */
  username: string;
  /** The account's password; used this once, kept nowhere. */
  password: string;
}

/**
 * Saves app credentials where `getSession` and the Python tutorial find them, as plain JSON that only
 * its owner can read. An earlier file is kept beside it: a secret may be shown only once.
 *
 * @param provider a registered name, or what `defineProvider` returned
 * @param values at least what the provider needs, such as `{ client_id, client_secret }`
 * @throws {AuthError} `invalid_argument`, `credentials_damaged`, `store_unavailable`
 */
export async function saveCredentials(
  provider: string | Provider,
  values: Record<string, unknown> | Credentials,
  options: CommonOptions = {},
): Promise<Credentials> {
  const known = findProvider(provider);
  checkOptions(options, "common", "saveCredentials");
  const plain = checkValues(
    values instanceof Credentials ? valuesOf(values) : values,
    "saveCredentials",
  );
  const runtime = await currentRuntime();
  const path = needPath(known, credentialsPath(runtime, placeOf(known, options)));
  await writeCredentials(runtime, path, plain);
  return new Credentials(known.name, { ...plain }, { path, source: path });
}

/**
 * Creates new app credentials with user name and password, and saves them. Where a file is saved
 * already it is kept beside the new one. The request is sent once.
 *
 * @param provider a registered name, or what `defineProvider` returned; it must have an `enrolment`
 * @param options the account's user name and password
 * @throws {AuthError} `login_refused`, `unsupported`, and what network and disk met
 */
export async function createCredentials(
  provider: string | Provider,
  options: CreateOptions,
): Promise<Credentials> {
  const known = findProvider(provider);
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
  const place = placeOf(known, common);
  // A damaged file is found before anything is created that could then not be saved.
  await findCredentials(runtime, place);
  // Nobody who only signs in loads what creates credentials.
  const { createAppCredentials, enrolmentParts } = await import("./enrolment.ts");
  const { createAndSave } = await import("./complete_credentials.ts");
  const parts = enrolmentParts(known, common, runtime, known.defaults ?? {});
  const { values, path } = await createAndSave(
    known,
    common,
    runtime,
    credentialsPath(runtime, place),
    () => createAppCredentials(parts, username, password),
    false,
  );
  const source = path ?? "memory only";
  return new Credentials(known.name, values, { path, source });
}

/**
 * Removes the saved app credentials from this machine. The server still knows them.
 *
 * @returns the file that was removed, or `null` when there was none
 */
export async function forgetCredentials(
  provider: string | Provider,
  options: CommonOptions = {},
): Promise<string | null> {
  const known = findProvider(provider);
  checkOptions(options, "common", "forgetCredentials");
  const runtime = await currentRuntime();
  const saved = await findCredentials(runtime, placeOf(known, options));
  if (saved === null) return null;
  await forget(runtime, saved.path);
  return saved.path;
}

function placeOf(provider: Provider, options: CommonOptions) {
  return { directory: provider.directory, files: provider.files, override: options.directory };
}

function needPath(provider: Provider, path: string | undefined): string {
  if (path !== undefined) return path;
  throw new AuthError(
    "store_unavailable",
    `There is no folder to save ${provider.title}'s credentials in. Set HOME (USERPROFILE on Windows) ` +
      "or the option directory.",
  );
}
