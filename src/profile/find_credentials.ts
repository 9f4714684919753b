import {
  checkNames,
  chooseCredentials,
  type ChosenCredentials,
  CLIENT_FIELDS,
  COPY_MEMBER,
  type CredentialSources,
  environmentCredentials,
  exported,
  knownNames,
  normaliseCredentials,
  type SavedCredentials,
  SERVER_MEMBER,
  type Source,
  USER_FIELDS,
  USER_MEMBER,
} from "../credentials/choose_credentials.ts";
import { isCredentials, serverOfCredentials, valuesOf } from "../credentials/credentials.ts";
import type { AuthError } from "../errors.ts";
import { isForeign } from "../providers/define_provider.ts";
import type { CredentialValues, ExternalToken } from "../providers/provider.ts";
import { serverOrigin } from "../providers/system.ts";
import { type CredentialsPlace, findCredentials as findSaved } from "../store/credentials_file.ts";
import { foreignServer } from "../trust.ts";
import { type GivenToken, type Profile, storedIn } from "./profile.ts";

/** Credential values for one call, where they came from, and what is missing. */
export interface Found extends ChosenCredentials {
  /** The credentials file, if one was read. */
  readonly file: SavedCredentials | null;
  /** What the caller gave. */
  readonly given: CredentialValues | undefined;
  /** Why the values that were found are not used: they belong to another server. */
  readonly foreign?: Foreign | undefined;
}

/**
 * Looks for credentials in the options, the environment and the saved file. It never prompts.
 *
 * @param useFile false ignores the file
 * @throws {AuthError} `invalid_argument`; `credentials_damaged` if the file is needed and cannot be used
 */
export async function findCredentials(profile: Profile, useFile = true): Promise<Found> {
  const { provider, options: { credentials } } = profile;
  const given = credentials === undefined ? undefined : givenValues(profile, credentials);
  if (profile.given !== undefined) return withToken(profile, profile.given, given);
  const username = given?.["username"];
  if (provider.enrolment && given && username !== undefined && given["client_id"] === undefined) {
    return await enrolled(profile, given, username);
  }
  // For variables that this process loaded from a file, use the file: it is up to date.
  const environment = environmentValues(profile, "set");
  const sources = { options: given, environment, file: null };
  // Do not read a file that is not needed: a damaged one must not stop a sign-in that has other
  // credentials.
  const isPossible = given !== undefined || Object.keys(environment).length > 0 ||
    provider.requires.every((field) => provider.defaults?.[field] !== undefined);
  if (isPossible || !useFile) {
    const chosen = chooseCredentials(provider, sources);
    if (chosen.missing.length === 0 || !useFile) return foundIn(profile, chosen, sources);
  }
  const { file, foreign } = await findFile(profile, { ...environment, ...given });
  const all = { ...sources, file };
  const chosen = chooseCredentials(provider, all);
  return chosen.missing.length === 0
    ? foundIn(profile, chosen, all)
    : incomplete(profile, chosen, all, foreign);
}

/** What was chosen, if it may go to the server of this call. */
function foundIn(
  profile: Profile,
  chosen: ChosenCredentials,
  { file, options: given }: CredentialSources,
): Found {
  return bound(profile, { ...named(profile, chosen), file, given });
}

/** What to do if the file has not everything: perhaps it was loaded, or belongs to another server. */
function incomplete(
  profile: Profile,
  chosen: ChosenCredentials,
  sources: CredentialSources,
  foreign: Foreign | undefined,
): Found {
  const { provider } = profile;
  const loaded = { ...sources, environment: environmentValues(profile, "loaded") };
  const again = chooseCredentials(provider, loaded);
  if (again.missing.length === 0) return foundIn(profile, again, sources);
  if (foreign === undefined) return foundIn(profile, chosen, sources);
  // A person decides what to do with them. Until then nothing is sent.
  const theirs = chooseCredentials(provider, { ...sources, file: foreign.saved ?? null });
  const found = { ...named(profile, theirs), file: null, given: sources.options };
  return { ...found, foreign: { ...foreign, rest: chosen.values } };
}

/** The values of variables that this process loaded from a file, or of all others. */
function environmentValues(
  { provider, runtime }: Profile,
  which: "loaded" | "set",
): CredentialValues {
  return environmentCredentials(provider, (name) => {
    const value = runtime.getEnvironment(name);
    const isLoaded = value !== undefined && exported.get(name)?.value === value;
    return isLoaded === (which === "loaded") ? value : undefined;
  });
}

/** Values for URLs, used together with a token instead of credentials. */
function withToken(
  profile: Profile,
  token: GivenToken,
  given: CredentialValues | undefined,
): Found {
  const { provider, runtime } = profile;
  const set = environmentCredentials(provider, (name) => runtime.getEnvironment(name));
  const isOpen = (name: string) => ![...CLIENT_FIELDS, ...USER_FIELDS, "key_id"].includes(name);
  const open = Object.entries(set).filter(([name]) => isOpen(name));
  const values = { ...provider.defaults, ...Object.fromEntries(open), ...given };
  const isCommand = token.token !== profile.options.token && token.variable === undefined;
  const missing = provider.requires.filter((name) => isCommand && values[name] === undefined);
  const found: Found = {
    values,
    sources: [{ kind: "token", ...token }],
    missing,
    file: null,
    given,
  };
  // A variable's value is meant for this call. A file that it only names may belong to another API.
  const isNamed = token.variable !== undefined && typeof token.token === "object" &&
    "file" in token.token;
  return isCommand || isNamed ? boundToApi(profile, found) : found;
}

/** The external tokens that a sign-in needs: from the options, else the definition. */
export function externalTokens(
  { provider, options }: Pick<Profile, "provider" | "options">,
): { subjectToken: ExternalToken | undefined; clientAssertion: ExternalToken | undefined } {
  return {
    subjectToken: options.subjectToken ?? provider.subjectToken,
    clientAssertion: options.clientAssertion ?? provider.clientAssertion,
  };
}

/** What is saved for the user that the caller names; if nothing is saved, everything is missing. */
async function enrolled(
  profile: Profile,
  given: CredentialValues,
  username: string,
): Promise<Found> {
  const { file } = await findFile(profile, given);
  const own = file?.username === username && profile.options.forceLogin !== true ? file : null;
  const none = { options: undefined, environment: {}, file: own };
  return { ...chooseCredentials(profile.provider, none), file: own, given };
}

/** The caller's values, by the provider's names. */
function givenValues(profile: Profile, credentials: object): CredentialValues {
  const { provider } = profile;
  const what = 'The option "credentials"';
  if (!isCredentials(credentials)) {
    const values = normaliseCredentials(credentials, what);
    checkNames(provider, credentials, what);
    return values;
  }
  const known = knownNames(provider);
  const values = Object.entries(normaliseCredentials(valuesOf(credentials), what));
  return Object.fromEntries(values.filter(([name]) => known.includes(name)));
}

/** Sources as people know them: values that were loaded and exported came from a file. */
function named(profile: Profile, chosen: ChosenCredentials): ChosenCredentials {
  const sources = chosen.sources.map((source) =>
    source.kind === "file" ? source : originOf(source, profile)
  );
  const external = Object.values(externalTokens(profile)).flatMap((token): Source[] =>
    // A credential value is already listed with its own source.
    token === undefined || "credential" in token ? [] : [{ kind: "external", token }]
  );
  return { ...chosen, sources: [...sources, ...external] };
}

/** Where the values of a source came from first. */
function originOf(source: Source, { runtime, options: { credentials } }: Profile): Source {
  if (source.kind === "options" && isCredentials(credentials)) {
    return { kind: "credentials", text: credentials.source };
  }
  if (source.kind !== "environment") return source;
  const files = source.variables.map((name) => {
    const set = exported.get(name);
    return set?.value === runtime.getEnvironment(name) ? set?.saved : undefined;
  });
  const [saved] = files;
  const isOne = saved !== undefined && files.every((one) => one?.path === saved.path);
  return isOne ? { kind: "file", path: saved.path, saved } : source;
}

/** Makes sure that values go only to their own server. */
function bound(profile: Profile, found: Found): Found {
  const asked = serverOf(profile, { ...found.values, ...found.given });
  if (asked === undefined) return found;
  const home = homeOf(profile, found.values);
  const isHome = asked === home;
  if (!isHome && movesTokens(profile)) {
    const what = "The tokens that sign in";
    return { ...found, foreign: { what, belongs: home, asked, isHome, isToken: true } };
  }
  for (const source of found.sources) {
    const belongs = belongsTo(profile, source, found, asked);
    if (belongs !== asked) {
      return { ...found, foreign: { what: credentialsOf(source), belongs, asked, isHome } };
    }
  }
  return isHome ? boundToApi(profile, found) : found;
}

/** Tokens that identify this machine or user go only where the definition or the caller says. */
function movesTokens({ provider, options }: Profile): boolean {
  if (options.authUrl !== undefined || options.issuer !== undefined) return false;
  return (["subjectToken", "clientAssertion"] as const).some((name) =>
    provider[name] !== undefined && options[name] === undefined
  );
}

function credentialsOf(source: Source): string {
  return source.kind === "file"
    ? `The app credentials in "${source.path}"`
    : "The credentials in the options";
}

/** Makes sure that a variable does not send tokens to an API they are not for. */
function boundToApi(profile: Profile, found: Found): Found {
  const { urls: { apiUrl }, options } = profile;
  const isByVariable = options.apiUrl === undefined && apiUrl !== undefined;
  return isByVariable && URL.canParse(apiUrl) ? boundTo(new URL(apiUrl), profile, found) : found;
}

function boundTo({ origin }: URL, { provider, options }: Profile, found: Found): Found {
  if (provider.apiUrl.includes("{")) return found;
  const own = [provider.apiUrl, ...provider.origins ?? [], ...options.origins ?? []];
  const isOwn = own.some((url) => URL.canParse(url) && new URL(url).origin === origin);
  const isSaid = found.sources.length > 0 &&
    found.sources.every(({ kind }) => kind === "environment" || kind === "options");
  if (isOwn || isSaid) return found;
  const belongs = new URL(provider.apiUrl).origin;
  const what = `Tokens of ${provider.title}`;
  return { ...found, foreign: { what, belongs, asked: origin, isHome: false, isToken: true } };
}

/** The server that a source's values belong to. Options and variables are meant for the server of this call. */
function belongsTo(
  profile: Profile,
  source: Source,
  { file }: Found,
  asked: string,
): string | undefined {
  const { credentials } = profile.options;
  switch (source.kind) {
    case "credentials":
      return (isCredentials(credentials) ? serverOfCredentials(credentials) : undefined) ??
        asked;
    case "file": {
      const saved = source.saved ?? file;
      return saved ? serverOfFile(profile, saved) : asked;
    }
    default:
      return asked;
  }
}

/** True if nothing but a password is missing. A saved session needs none, only a sign-in does. */
export function isEnough({ missing, foreign }: Pick<Found, "missing" | "foreign">): boolean {
  return foreign === undefined && missing.every((field) => field === "password");
}

/** True if at least some of the credentials are from a file. */
export function isFromFile({ sources }: Pick<Found, "sources">): boolean {
  return sources.some(({ kind }) => kind === "file");
}

/** Credentials that belong to another server than the one they would be sent to. */
export interface Foreign {
  /** What they are, such as a file's path. */
  readonly what: string;
  /** The origin they belong to; `undefined` if nothing says so. */
  readonly belongs: string | undefined;
  /** The origin they would be sent to. */
  readonly asked: string;
  /** The file that holds them. */
  readonly saved?: SavedCredentials;
  /** The values without them, to complete with values for the requested server. */
  readonly rest?: CredentialValues;
  /** True for tokens, which a person cannot enter again. */
  readonly isToken?: boolean;
  /** True if the requested server is the provider's own, so that no URL was changed. */
  readonly isHome: boolean;
}

/** The error for them. */
export function foreignError(profile: Profile, { what, belongs, asked }: Foreign): AuthError {
  return foreignServer(profile.provider.title, what, belongs, asked);
}

/** The origin of the authorization server that values are sent to; `undefined` until it is known. */
export function serverOf(profile: Profile, values: CredentialValues): string | undefined {
  return serverOrigin(profile.provider, profile.urls, { ...profile.provider.defaults, ...values });
}

/** The origin of the provider's own authorization server. */
export function homeOf({ provider }: Profile, values: CredentialValues = {}): string | undefined {
  return serverOrigin(provider, {}, { ...provider.defaults, ...values });
}

/**
 * The origin that values belong to if they do not name one: that of the URLs from the same source.
 */
function serverOfOptions(profile: Profile, values: CredentialValues): string | undefined {
  const { provider, options: { authUrl, issuer } } = profile;
  const urls = {
    ...(authUrl === undefined ? {} : { authUrl }),
    ...(issuer === undefined ? {} : { issuer }),
  };
  return serverOrigin(provider, urls, { ...provider.defaults, ...values });
}

/** The origin that a file's values belong to; `undefined` if somebody else's definition does not say so. */
export function serverOfFile(
  profile: Profile,
  { values, server }: SavedCredentials,
): string | undefined {
  if (server !== undefined) return server;
  if (isForeign(profile.provider)) return undefined;
  const known = normaliseCredentials(values, "The credentials file");
  // A caller who passes both a folder and a URL means one for the other.
  return profile.options.directory === undefined
    ? homeOf(profile, known)
    : serverOfOptions(profile, known);
}

/**
 * Finds the file whose values belong to the server they would be sent to.
 *
 * @param values the other known values, for templates in URLs
 * @returns the file, or the one that belongs to another server
 * @throws {AuthError} `credentials_damaged`
 */
export async function findFile(
  profile: Profile,
  values: CredentialValues = {},
): Promise<{ file: SavedCredentials | null; foreign?: Foreign }> {
  const asked = serverOf(profile, values);
  if (asked !== undefined && asked !== homeOf(profile)) {
    const apart = await findOne(profile, asked);
    if (apart && (apart.server ?? asked) === asked) return { file: apart };
  }
  const file = await findOne(profile);
  if (file === null) return { file };
  const known = normaliseCredentials(file.values, `The credentials file ${file.path}`);
  const target = serverOf(profile, { ...known, ...values });
  const belongs = serverOfFile(profile, file);
  if (target === undefined || belongs === target) return { file };
  const isHome = target === homeOf(profile);
  const what = `The app credentials in "${file.path}"`;
  return { file: null, foreign: { what, belongs, asked: target, isHome, saved: file } };
}

/**
 * Finds credentials in the store, if it is not files, else in a file. A file that is shared with Python is
 * used with any store.
 *
 * @param server another server, whose credentials are saved separately
 */
async function findOne(profile: Profile, server?: string): Promise<SavedCredentials | null> {
  const { runtime, place, openStored } = profile;
  const file = () => findSaved(runtime, server === undefined ? place : placeApart(place, server));
  const saved = await (openStored ? findStored(profile, openStored, file, server) : file());
  // A copy without its original is left over from earlier.
  return saved && saved.values[COPY_MEMBER] === undefined ? withoutMembers(saved) : null;
}

/** Finds credentials in the store, else in a file. */
async function findStored(
  profile: Profile,
  openStored: NonNullable<Profile["openStored"]>,
  findInFile: () => Promise<SavedCredentials | null>,
  server: string | undefined,
): Promise<SavedCredentials | null> {
  let problem: unknown;
  try {
    const host = server === undefined ? undefined : hostName(server);
    const values = await (await openStored()).read(host);
    if (values) return { path: storedIn(profile) ?? "", values, stored: host ?? "" };
  } catch (error) {
    problem = error;
  }
  const file = await findInFile();
  if (file === null && problem !== undefined) throw problem;
  return file;
}

/** Removes the members that this module added to the values. */
export function withoutMembers(
  { path, values, stored }: SavedCredentials,
): SavedCredentials {
  const { [SERVER_MEMBER]: server, [USER_MEMBER]: username, ...rest } = values;
  return {
    path,
    values: rest,
    ...(stored === undefined ? {} : { stored }),
    // Anything but a text is no server's, so the values go nowhere.
    ...(server === undefined
      ? {}
      : { server: typeof server === "string" ? server : "(not a URL)" }),
    ...(typeof username === "string" ? { username } : {}),
  };
}

/** The folder for what is saved for one other server. */
export function placeApart(
  { files: [file = ""], ...place }: CredentialsPlace,
  server: string,
): CredentialsPlace {
  return { ...place, files: [`${file}.${hostName(server)}`] };
}

/** A server's host, spelled for a file name. */
export function hostName(server: string): string {
  const host = URL.canParse(server) ? new URL(server).host : server;
  return host.replace(/[^A-Za-z0-9.-]+/g, "_").slice(0, 100);
}
