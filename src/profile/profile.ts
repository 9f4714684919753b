import { abortReason } from "../errors.ts";
import { checkOptions } from "../options/check_options.ts";
import type { CommonOptions, SessionOptions } from "../options/options.ts";
import type { Provider } from "../providers/provider.ts";
import { findProvider } from "../providers/registry.ts";
import { environmentUrls, type ProviderUrls } from "../providers/system.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { CredentialsPlace } from "../store/credentials_file.ts";
import { configDirectories } from "../store/paths.ts";

/**
 * Everything one call stands on: which system, in which runtime, with which checked options. It is
 * resolved once by {@linkcode openProfile} and never changed.
 */
export interface Profile {
  readonly provider: Provider;
  readonly runtime: Runtime;
  readonly options: SessionOptions;
  /** What replaces the provider's URLs: the options, else the environment. */
  readonly urls: ProviderUrls;
  /** Where the credentials file may be. */
  readonly place: CredentialsPlace;
  /** The folder to save in, where there is one. */
  readonly folder: string | undefined;
  /** Opens a `fetch` for one request that must run once: the caller's, or on a connection of its own. */
  readonly openFetch: Runtime["onceFetch"];
}

/**
 * Finds the system, checks the options and looks into the environment. Nothing is read from the disk.
 *
 * @param caller the public function, for messages
 * @param kind which options it takes
 * @throws {AuthError} `unknown_provider`, `invalid_argument`; `aborted` or `timeout` when the signal
 * has ended already
 */
export async function openProfile(
  provider: string | Provider,
  options: SessionOptions | CommonOptions,
  caller: string,
  kind: "session" | "common" = "common",
): Promise<Profile> {
  const known = await findProvider(provider);
  checkOptions(options, kind, caller);
  // The doctor's report says what was not waited for.
  if (options.signal?.aborted && caller === "getSession") throw abortReason(options.signal);
  return profileOf(known, options, await currentRuntime());
}

/** The profile of a known provider with options that were checked. */
export function profileOf(
  provider: Provider,
  options: SessionOptions,
  runtime: Runtime,
): Profile {
  const { directory, fetch: given } = options;
  const [folder] = configDirectories(runtime, provider.directory, directory);
  return {
    provider,
    runtime,
    options,
    urls: replacingUrls(provider, options, runtime),
    place: { directory: provider.directory, files: provider.files, override: directory },
    folder,
    openFetch: given === undefined
      ? () => runtime.onceFetch()
      : () => ({ fetch: given, close() {} }),
  };
}

function replacingUrls(
  provider: Provider,
  { authUrl, apiUrl, issuer }: ProviderUrls,
  runtime: Runtime,
): ProviderUrls {
  const urls = environmentUrls(provider, (name) => runtime.getEnvironment(name));
  if (authUrl !== undefined) urls.authUrl = authUrl;
  if (apiUrl !== undefined) urls.apiUrl = apiUrl;
  if (issuer !== undefined) urls.issuer = issuer;
  return urls;
}
