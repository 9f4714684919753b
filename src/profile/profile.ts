import { abortReason, AuthError } from "../errors.ts";
import { checkOptions, type OptionKind } from "../options/check_options.ts";
import type { CheckedOptions } from "../options/options.ts";
import type { ExternalToken, Provider } from "../providers/provider.ts";
import { findProvider, isAddress } from "../providers/registry.ts";
import { environmentUrls, type ProviderUrls } from "../providers/system.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { chosenAccount, type CredentialsPlace } from "../store/credentials_file.ts";
import { chooseStore, facts } from "../store/open_store.ts";
import { configDirectories } from "../store/disk.ts";
import type { OpenStoreOptions, StoreChoice } from "../store/store.ts";
import type { StoredCredentials } from "../store/stored_credentials.ts";

/**
 * Everything one call needs: which system, in which runtime, with which checked options. It is made once,
 * by {@linkcode openProfile}, and never changes.
 */
export interface Profile {
  readonly provider: Provider;
  readonly runtime: Runtime;
  readonly options: CheckedOptions;
  /** An account other than the usual one, with its own app credentials and tokens. */
  readonly account: string | undefined;
  /** Where the account was named, for people; `undefined` if nothing names one. */
  readonly accountFrom: string | undefined;
  /** What replaces the provider's URLs: the options, else the environment. */
  readonly urls: ProviderUrls;
  /** Where the credentials file may be. */
  readonly place: CredentialsPlace;
  /** The folder to save in, if there is one. */
  readonly folder: string | undefined;
  /** Where sessions are kept. */
  readonly store: StoreChoice;
  /** Opens the app credentials in that store; `undefined` if they are in files. */
  readonly openStored: (() => Promise<StoredCredentials>) | undefined;
  /** What to tell a person before the first prompt: why they are asked. */
  readonly note?: string | undefined;
  /** A token instead of a sign-in, if there is one. */
  readonly given: GivenToken | undefined;
  /** Opens a `fetch` for a request that must run once: the caller's, or one with its own connection. */
  readonly openFetch: Runtime["onceFetch"];
}

/** A token instead of a sign-in: from the option, else a variable, else the definition's command. */
export interface GivenToken {
  readonly token: string | ExternalToken;
  /** The variable that holds it, or that names its file. */
  readonly variable?: string;
}

/** Which address to look up, and how. */
export interface AddressRequest {
  readonly address: string;
  /** `"sign_in"` may learn and prompt; `"examine"` may contact the API; `"look"` uses only what is saved. */
  readonly purpose: "sign_in" | "examine" | "look";
  readonly options: CheckedOptions;
  readonly runtime: Runtime;
  readonly drivers: OpenStoreOptions["drivers"];
}

/** The system at an address, and the options to continue with. */
export interface FoundAddress {
  readonly provider: Provider;
  readonly options: CheckedOptions;
  /** Why the person has to enter a client ID. */
  readonly note?: string | undefined;
}

/** What a profile loads late; see `lazy.ts`. */
export interface Late {
  /** The stores that are neither files nor memory. */
  readonly storeDrivers: OpenStoreOptions["drivers"];
  /** The systems that are not built in. */
  readonly knownSystems: () => Promise<{
    findSystem: (runtime: Runtime, asked: string | URL) => Promise<Provider>;
    systemAt: (runtime: Runtime, url: string) => Promise<Provider | undefined>;
  }>;
  /** Signs in to an API by its address. */
  readonly address: () => Promise<{
    findAddress(request: AddressRequest): Promise<FoundAddress>;
  }>;
}

/**
 * Finds the system, checks the options and reads the environment. From the disk it reads only which account
 * is in use, and the definition of a system that is not built in.
 *
 * @param caller the public function's name, for messages
 * @param kind which options it takes
 * @param late the doors that a profile needs
 * @throws {AuthError} `unknown_provider`, `invalid_argument`; `aborted` or `timeout` if the signal has
 * fired already
 */
export async function openProfile(
  provider: unknown,
  options: unknown,
  caller: string,
  kind: OptionKind,
  late: Late,
): Promise<Profile> {
  const runtime = await currentRuntime();
  let found: FoundAddress | undefined;
  const known = await findProvider(provider, async (asked) => {
    found = await findElsewhere(asked, () => checkOptions(options, kind, caller), {
      runtime,
      late,
      purpose: PURPOSES[caller] ?? "look",
    });
    return found.provider;
  });
  const checked = found?.options ?? checkOptions(options, kind, caller);
  // The doctor's report shows what was not finished.
  if (checked.signal?.aborted && caller !== "doctor") throw abortReason(checked.signal);
  const profile = profileOf(known, checked, runtime, late.storeDrivers);
  return found?.note === undefined ? profile : { ...profile, note: found.note };
}

/** A system that is not built in: one that is defined on this machine, or one at an address. */
async function findElsewhere(
  asked: string | URL,
  checked: () => CheckedOptions,
  { runtime, late, purpose }: Pick<AddressRequest, "runtime" | "purpose"> & { late: Late },
): Promise<FoundAddress> {
  const { findSystem, systemAt } = await late.knownSystems();
  const provider = isAddress(asked)
    ? await systemAt(runtime, String(asked))
    : await findSystem(runtime, asked);
  const options = checked();
  if (provider) return { provider, options };
  const { findAddress } = await late.address();
  const { storeDrivers: drivers } = late;
  return await findAddress({ address: String(asked), purpose, options, runtime, drivers });
}

/** Who may learn about an address, and who may contact the API. */
const PURPOSES: Readonly<Record<string, "sign_in" | "examine">> = {
  getSession: "sign_in",
  doctor: "examine",
};

/** The profile of a known provider, with checked options. */
export function profileOf(
  provider: Provider,
  options: CheckedOptions,
  runtime: Runtime,
  drivers: OpenStoreOptions["drivers"],
): Profile {
  // Properties that a program added to `Object.prototype` are not options, and must not change a URL.
  const own = withoutPrototype(options);
  const { directory } = own;
  const [folder] = configDirectories(runtime, provider.folder, directory);
  const token = givenToken(provider, own, runtime);
  // What the caller passes belongs to no saved account.
  const isBrought = own.credentials !== undefined || token !== undefined;
  const { account, from: accountFrom } = accountOf(
    provider,
    own,
    runtime,
    isBrought ? undefined : folder,
  );
  const [file = ""] = provider.files;
  const files = account === undefined ? provider.files : [`${file}.${account}`];
  const store = chooseStore(own.store, provider.store, runtime.getEnvironment("ONECELL_STORE"));
  return {
    provider: withoutPrototype(provider),
    runtime,
    options: own,
    account,
    accountFrom,
    urls: replacingUrls(provider, own, runtime),
    place: { directory: provider.folder, files, override: directory },
    folder,
    store,
    openStored: typeof store === "string" ? undefined : async () => {
      const name = { provider: provider.name, account };
      return await (await drivers()).openCredentials({ runtime, directory: folder }, store, name);
    },
    given: token,
    openFetch: openFetchOf(own, runtime),
  };
}

/** Opens a `fetch` for a request that must run once: the caller's, or one with its own connection. */
export function openFetchOf({ fetch }: CheckedOptions, runtime: Runtime): Runtime["onceFetch"] {
  return fetch === undefined ? () => runtime.onceFetch() : () => ({ fetch, close() {} });
}

/** The account that was named and what named it, for people; `undefined` for the usual one by default. */
export function accountInUse(
  { account, accountFrom: from }: Profile,
): { name: string; from: string } | undefined {
  return from === undefined ? undefined : { name: account ?? USUAL_ACCOUNT, from };
}

/** The name of the store that holds app credentials; `undefined` for files. */
export function storedIn({ store, openStored }: Profile): string | undefined {
  if (openStored === undefined) return undefined;
  const { kept } = facts(store);
  return kept === "own" ? "the store that was passed in" : kept;
}

/** The caller's token, else the environment's (unless the caller has credentials), else the definition's. */
function givenToken(
  { environmentPrefix, tokenCommand }: Provider,
  { token, credentials }: CheckedOptions,
  runtime: Runtime,
): GivenToken | undefined {
  if (token !== undefined) return { token };
  if (credentials === undefined) {
    const variable = `${environmentPrefix}_ACCESS_TOKEN`;
    if (runtime.getEnvironment(variable)?.trim()) {
      return { token: { environment: variable }, variable };
    }
    const file = runtime.getEnvironment(`${variable}_FILE`)?.trim();
    if (file) return { token: { file }, variable: `${variable}_FILE` };
  }
  return tokenCommand && { token: { command: tokenCommand } };
}

function withoutPrototype<T extends object>(value: T): T {
  return Object.assign(Object.create(null), value);
}

/** The name of the usual account, for when another one would be used by default. */
export const USUAL_ACCOUNT = "default";
/** How people are told that `onecell switch` chose the account. */
export const BY_SWITCH = "onecell switch";

/**
 * The account from the options, else the environment, else the one that was switched to.
 *
 * @param folder where the choice is saved, if it applies
 */
function accountOf(
  provider: Provider,
  { account: given }: CheckedOptions,
  runtime: Runtime,
  folder: string | undefined,
): { account?: string; from?: string } {
  if (given !== undefined) return named(provider, given, "the option account");
  for (const name of [`${provider.environmentPrefix}_ACCOUNT`, "ONECELL_ACCOUNT"]) {
    const account = runtime.getEnvironment(name)?.trim();
    if (account) return named(provider, account, name);
  }
  const chosen = folder === undefined ? undefined : chosenAccount(runtime, folder);
  return chosen === undefined ? {} : named(provider, chosen, BY_SWITCH);
}

/**
 * Normalises an account's name, which becomes part of a file's name.
 *
 * @param from where it was named
 * @throws {AuthError} `invalid_argument`
 */
function named(
  provider: Provider,
  account: string,
  from: string,
): { account?: string; from: string } {
  // Some file systems ignore case, and some names are taken by our own files.
  const name = account.toLowerCase();
  if (name === USUAL_ACCOUNT) return { from };
  const [file, ...others] = provider.files;
  const isTaken = others.includes(`${file}.${name}`) ||
    /^(backup|damaged)-|\.$/.test(name);
  if (/^[a-z0-9][a-z0-9._@+-]{0,99}$/.test(name) && !isTaken) return { account: name, from };
  throw new AuthError(
    "invalid_argument",
    'An account\'s name is 1 to 100 letters, digits and ".", "-", "_", "@", "+", such as "work" or ' +
      `"ada@example.com", and not the name of another of ${provider.title}'s files.`,
  );
}

function replacingUrls(
  provider: Provider,
  { authUrl, apiUrl, issuer }: ProviderUrls,
  runtime: Runtime,
): ProviderUrls {
  const isMoved = authUrl !== undefined || issuer !== undefined;
  const urls = environmentUrls(provider, (name) => runtime.getEnvironment(name), isMoved);
  if (authUrl !== undefined) urls.authUrl = authUrl;
  if (apiUrl !== undefined) urls.apiUrl = apiUrl;
  if (issuer !== undefined) urls.issuer = issuer;
  return urls;
}
