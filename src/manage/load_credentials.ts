import {
  exported,
  knownNames,
  type SavedCredentials,
  variableFor,
} from "../credentials/choose_credentials.ts";
import { Credentials } from "../credentials/credentials.ts";
import { missingCredentials } from "../credentials/missing_credentials.ts";
import { AuthError } from "../errors.ts";
import { type Profile, storedIn } from "../profile/profile.ts";
import { findFile, foreignError } from "../profile/find_credentials.ts";
import { namingAccounts } from "../profile/list_sessions.ts";
import { isForeign } from "../providers/define_provider.ts";
import { providers } from "../providers/registry.ts";
import { credentialsPath } from "../store/credentials_file.ts";

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
