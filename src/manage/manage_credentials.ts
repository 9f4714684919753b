import {
  CLIENT_FIELDS,
  exported,
  knownNames,
  normaliseCredentials,
  type SavedCredentials,
  variableFor,
} from "../credentials/choose_credentials.ts";
import {
  Credentials,
  isCredentials,
  serverOfCredentials,
  valuesOf,
} from "../credentials/credentials.ts";
import type { ForgetReport } from "../interface/report.ts";
import { findFile, foreignError } from "../profile/find_credentials.ts";
import { type Profile, storedIn } from "../profile/profile.ts";
import { placeToForget, serverToSaveFor } from "../profile/saved_file.ts";
import { isForeign } from "../providers/define_provider.ts";
import { joinPath } from "../store/disk.ts";
import { removePrivateFile } from "../store/private_file.ts";
import { forgetCredentials as forget } from "../store/write_credentials.ts";
import { saveValues } from "./create_and_save.ts";
import { AuthError } from "../errors.ts";
import type { Provider } from "../providers/provider.ts";
import { MAXIMUM_BYTES } from "../runtime/error_kind.ts";
import { missingCredentials } from "../credentials/missing_credentials.ts";
import { namingAccounts } from "../profile/list_sessions.ts";
import { providers } from "../providers/registry.ts";
import { credentialsPath } from "../store/credentials_file.ts";

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

/**
 * Checks values before they are saved: known names, whole clients, and values that can be read back.
 *
 * @throws {AuthError} `invalid_argument`, naming what is missing or wrong
 */
export function checkValues(
  values: unknown,
  provider: Provider,
  caller: string,
): Record<string, unknown> {
  const what = `${caller}: the credentials`;
  const refuse = (problem: string) =>
    new AuthError("invalid_argument", `${what} ${problem} Nothing was saved.`);
  const known = normaliseCredentials(values, what);
  for (const [name, value] of Object.entries(values as Record<string, unknown>)) {
    if (value !== undefined && !hasJson(value)) {
      throw refuse(
        `have a "${name}" that cannot be written as JSON (RFC 8259). Use strings and numbers.`,
      );
    }
  }
  if (new TextEncoder().encode(JSON.stringify(values, null, 2)).length > MAXIMUM_BYTES) {
    throw refuse("are too long to be credentials.");
  }
  const { requires, optional = [], defaults = {} } = provider;
  const names = [...requires, ...optional, ...Object.keys(defaults)];
  const client = provider.requires.filter((name) =>
    CLIENT_FIELDS.includes(name) && provider.defaults?.[name] === undefined
  );
  const lacking = client.filter((name) => known[name] === undefined);
  const isHalf = lacking.length > 0 && lacking.length < client.length;
  if (!isHalf && names.some((name) => known[name] !== undefined)) {
    return values as Record<string, unknown>;
  }
  const wanted = (isHalf ? client : provider.requires).join(" and ");
  throw refuse(
    `have no ${lacking.join(" and no ") || wanted}. ${provider.title} needs ${wanted}by that name.`,
  );
}

function hasJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false; // a circle, a BigInt
  }
}

/** Variables that control the machine, not an API: a credentials file must not set them. */
const RESERVED =
  /^(PATH|HOME|USERPROFILE|SHELL|USER|LOGNAME|TMPDIR|TEMP|TMP|PWD|IFS|ENV|BASH_ENV|APPDATA|LOCALAPPDATA|BROWSER|EDITOR|VISUAL|PAGER|(HTTPS?|ALL|NO|FTP)_PROXY|(LD|DYLD|DENO|NODE|NPM|BUN|PYTHON|PERL|RUBY|JAVA|GIT|SSL|SSH|XDG|AWS|DOCKER|CURL|REQUESTS|LC|AZURE|ARM|GOOGLE|GCLOUD|CLOUDSDK|GITHUB|GITLAB|KUBE[A-Z]*|VAULT|OCI|MSI|IDENTITY|JUPYTER[A-Z]*|CONDA|PIP|UV|CARGO|OPENSSL|KRB5|OTEL|DBUS|SUDO|(PY|RB|NOD|GO|J|PHP|PL)ENV|ASDF|MISE|COMPOSE|SYSTEMD)_.*|(PERL|PYTHON|RUBY|NODE|JAVA)[A-Z0-9]*)$/;
/** Variables that control this module: where a system is, which account and which token to use. */
const STEERING =
  /(^|_)(AUTH_URL|API_URL|ISSUER|ACCOUNT|PROVIDERS|STORE|ACCESS_TOKEN(_.*)?)$|^ONECELL_/;
/** What a server says about app credentials: their owner, names, dates and states. */
const ABOUT =
  /^(CLIENT|APP|APPLICATION|KEY|SECRET|USER|TENANT|ORGANIZATION|PROJECT)_(ID|NAME|EMAIL)$|^([A-Z]+_)*(ID|NAME|TITLE|DESCRIPTION|NOTES?|EMAIL|OWNER|ROLES?|SCOPES?|TAGS?|STATUS|STATE|TYPE|VERSION|COUNT|LIST|DISABLED|ENABLED|ACTIVE|[A-Z]+_AT|[A-Z]+_ON|EXPIRES_IN)$/;

/** See `loadCredentials` of `verbs.ts`. */
export async function loadCredentials(profile: Profile): Promise<Credentials> {
  const { provider, runtime, place, options } = profile;
  const { file, foreign } = await findFile(profile);
  if (foreign) throw foreignError(profile, foreign);
  if (file === null) {
    const path = credentialsPath(runtime, place);
    const missing = missingCredentials(
      provider,
      provider.requires,
      [storedIn(profile), path].filter((place) => place !== undefined),
      runtime.refusedVariables(),
    );
    throw await namingAccounts(profile, missing);
  }
  // Set both spellings together, so that one system's ID is never used with another's secret.
  const exported = options.export === false ? {} : file.values;
  for (const [name, value] of Object.entries(exported)) exportValue(profile, file, name, value);
  const { path, server, stored } = file;
  const home = runtime.homeDirectory();
  return new Credentials(provider.name, file.values, {
    path: stored === undefined ? path : undefined,
    source: path,
    server,
    home,
  });
}

function exportValue(
  { provider, runtime }: Profile,
  saved: SavedCredentials,
  key: string,
  value: unknown,
): void {
  const text = pythonText(value);
  if (text.includes("\0")) return;
  const isDeclared = knownNames(provider).includes(key.toLowerCase());
  for (const variable of variablesOf(provider, key, isDeclared)) {
    // An undeclared value is informational: it replaces nothing.
    const isFree = runtime.getEnvironment(variable) === undefined || exported.has(variable);
    if (!isDeclared && !isFree) continue;
    try {
      runtime.setEnvironment(variable, text);
      exported.set(variable, { value: text, saved });
    } catch (error) {
      const flag = runtime.missingFlag(error);
      if (flag === undefined) throw error;
      throw new AuthError(
        "permission_denied",
        `loadCredentials may not set ${variable}. Run with ${flag}, or use getSession, which sets nothing.`,
        { cause: error },
      );
    }
  }
}

/** The variables that one key of a credentials file may set. */
function variablesOf(provider: Profile["provider"], key: string, isDeclared: boolean): string[] {
  const name = key.toUpperCase();
  if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) return [];
  if (!isDeclared && !ABOUT.test(name)) return [];
  const isOfOther = providers.some(({ environmentPrefix }) =>
    name.startsWith(`${environmentPrefix}_`)
  );
  const mayBePlain = !RESERVED.test(name) && !STEERING.test(name) && !isOfOther &&
    // Somebody else's definition may declare any name, so its variables carry its own prefix.
    (!isForeign(provider) || name === "CLIENT_ID" || name === "CLIENT_SECRET");
  const prefixed = variableFor(provider, key);
  const mayBePrefixed = !STEERING.test(prefixed) && !RESERVED.test(prefixed);
  return [...(mayBePlain ? [name] : []), ...(mayBePrefixed ? [prefixed] : [])];
}

/** What Python's `str()` makes of a JSON value, for the tutorials that share the file. */
function pythonText(value: unknown): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
