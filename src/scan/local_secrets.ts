import { environmentCredentials, variableFor } from "../credentials/choose_credentials.ts";
import { withDefaults } from "../providers/define_provider.ts";
import { AuthError } from "../errors.ts";
import type { Provider } from "../providers/provider.ts";
import { allProviders } from "../profile/known_systems.ts";
import { secrecyOf } from "../trust.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  type Application,
  listApplications,
  listCredentials,
  listForeignFiles,
  listTokens,
  readApplication,
} from "../store/list_saved.ts";
import { configDirectories } from "../store/disk.ts";
import type { StoredToken } from "../store/store.ts";

/** Secrets by the name they are reported under: what, whose and where it is kept, never its value. */
export type NamedSecrets = Record<string, string>;

/** The names of a JWK's secret members (RFC 7517). */
const JWK_SECRETS = ["d", "k", "p", "q", "dp", "dq", "qi"];

/** The parts of a session that lead to its secrets. */
export interface SessionSecrets {
  readonly provider: Provider;
  readonly values: Record<string, unknown>;
  readonly token: StoredToken | null;
  /** The folder with everything the session saved. */
  readonly folder: string | undefined;
}

/** Chooses the secrets to gather. */
export interface SecretsOf {
  /** One session, with everything in its folder; without it, everything that is saved. */
  session?: SessionSecrets | undefined;
  /** More providers, whose variables and file names to look for. */
  providers?: Provider[];
  /** Folders to search in addition to the configuration folder. */
  directories?: readonly string[];
  /** Collects the files that could not be read and may hold more secrets. */
  unread?: Set<string>;
}

/**
 * Gathers the secrets this machine keeps, of one session or of every system with something saved,
 * registered or not. Never prompts, and leaves out what cannot be read.
 *
 * @throws {AuthError} `invalid_argument` when a named folder holds nothing
 */
export async function localSecrets(
  runtime: Runtime,
  { session, providers: more = [], directories = [], unread }: SecretsOf = {},
): Promise<NamedSecrets> {
  const secrets = new Secrets(unread);
  if (session === undefined) {
    for (const provider of [...await allProviders(runtime), ...more]) {
      const folders = configDirectories(runtime, provider.folder);
      await secrets.gather(runtime, provider, folders, undefined);
    }
    // The registered names alone would miss the caller's own systems.
    for (const found of await listApplications(runtime, unread)) {
      secrets.addApplication(runtime, found);
    }
    for (const directory of directories) {
      await secrets.gatherDirectory(runtime, directory, more);
    }
    return secrets.named;
  }
  const { provider, values, token, folder } = session;
  secrets.addValues(provider, values, "this session");
  if (token) secrets.addToken(provider, token, "this session");
  await secrets.gather(runtime, provider, folder === undefined ? [] : [folder], folder);
  return secrets.named;
}

/** Collects secrets: each value once, under the first name it came with. */
class Secrets {
  readonly named: NamedSecrets = {};
  readonly #seen = new Set<string>();
  readonly #unread: Set<string> | undefined;

  constructor(unread: Set<string> | undefined) {
    this.#unread = unread;
  }

  async gather(
    runtime: Runtime,
    provider: Provider,
    folders: string[],
    override: string | undefined,
  ): Promise<void> {
    this.#addEnvironment(runtime, provider);
    const { folder: directory, files } = provider;
    const place = { directory, files, override };
    for (const { path, values } of await listCredentials(runtime, place, this.#unread)) {
      this.addValues(provider, values, path);
    }
    for (const folder of folders) {
      for (const { path, token } of await listTokens(runtime, folder, this.#unread)) {
        this.addToken(provider, token, path);
      }
    }
    const foreign = provider.foreignTokens;
    if (foreign === undefined) return;
    for (const folder of new Set([foreign.folder, foreign.folderOnMac ?? foreign.folder])) {
      for (
        const { path, values } of await listForeignFiles(
          runtime,
          folder,
          foreign.file,
          this.#unread,
        )
      ) {
        this.addValues(provider, values, path);
      }
    }
  }

  /** Adds what is saved in a folder, for any system. */
  addApplication(runtime: Runtime, { name, tokens, credentials }: Application): void {
    const owner = ownerNamed(name);
    // Do not derive variables from a name that no provider can have.
    if (/^[a-z0-9][a-z0-9-]*$/.test(name)) this.#addEnvironment(runtime, owner);
    for (const { path, values } of credentials) this.addValues(owner, values, path);
    for (const { path, token } of tokens) this.addToken(owner, token, path);
  }

  /** Adds what is saved in a folder that the caller named; finding nothing is an error. */
  async gatherDirectory(runtime: Runtime, directory: string, named: Provider[]): Promise<void> {
    let files = 0;
    for (const provider of named) {
      const place = { directory: provider.folder, files: provider.files, override: directory };
      for (const { path, values } of await listCredentials(runtime, place, this.#unread)) {
        this.addValues(provider, values, path);
        files++;
      }
    }
    const name = directory.split(/[\\/]/).findLast((part) => part !== "") ?? directory;
    const found = await readApplication(runtime, name, directory, this.#unread);
    if (found) this.addApplication(runtime, found);
    const unread = [...this.#unread ?? []].some((path) => path.startsWith(directory));
    if (found || files > 0 || unread) return;
    throw new AuthError(
      "invalid_argument",
      `Nothing saved was found in "${directory}", so there is nothing to look for. Pass the folder that ` +
        "was used as `directory` to save it.",
    );
  }

  #addEnvironment(runtime: Runtime, provider: Provider): void {
    const get = (name: string) => runtime.getEnvironment(name);
    const variable = variableFor(provider, "access_token");
    const token = get(variable)?.trim();
    if (token) this.#add(provider, "access_token", variable, token);
    for (const [field, value] of Object.entries(environmentCredentials(provider, get))) {
      if (isSecret(field, provider, value)) {
        this.#add(provider, field, variableFor(provider, field), value);
      }
    }
  }

  /** Adds the secret ones among credential values. */
  addValues(provider: Provider, values: Record<string, unknown>, place: string): void {
    for (const [field, value] of Object.entries(values)) {
      if (!isSecret(field, provider, value)) continue;
      if (typeof value === "string") this.#addText(provider, field, place, value);
      else if (typeof value === "object" && value !== null) {
        this.#addKey(provider, field, place, value as Record<string, unknown>);
      }
    }
  }

  /** Adds a stored token's secrets. */
  addToken(provider: Provider, token: StoredToken, place: string): void {
    for (const name of ["access_token", "refresh_token", "id_token"] as const) {
      const value = token[name];
      if (value !== undefined) this.#add(provider, name, place, value);
    }
    if (token.dpop_key) {
      this.#addKey(provider, "dpop_key", place, token.dpop_key as Record<string, unknown>);
    }
  }

  /** Adds a text, or a private key's secret members if the text is a JWK. */
  #addText(provider: Provider, field: string, place: string, text: string): void {
    if (text.trimStart().startsWith("{")) {
      try {
        return this.#addKey(provider, field, place, JSON.parse(text));
      } catch { /* a secret that only begins like JSON */ }
    }
    this.#add(provider, field, place, text);
  }

  #addKey(provider: Provider, field: string, place: string, key: Record<string, unknown>): void {
    for (const name of JWK_SECRETS) {
      const value = key[name];
      if (typeof value === "string") this.#add(provider, field, place, value);
    }
  }

  #add(provider: Provider, field: string, place: string, value: string): void {
    if (value === "" || this.#seen.has(value)) return;
    this.#seen.add(value);
    const name = `${provider.name} ${field.toLowerCase()} (${place})`;
    let unique = name;
    for (let number = 2; Object.hasOwn(this.named, unique); number++) unique = `${name} ${number}`;
    this.named[unique] = value;
  }
}

/** Stands for a system of which only the folder is known. */
function ownerNamed(name: string): Provider {
  const requires = ["client_id", "client_secret", "private_key", "username", "password"];
  return withDefaults({ name, apiUrl: "", requires });
}

/**
 * True for a value to look for: its name says it is secret, or the provider needs it besides IDs. A
 * value of an unknown field must not look like a word, or every notebook with that word would match.
 */
function isSecret(field: string, provider: Provider, value: unknown): boolean {
  const name = field.toLowerCase();
  if (Object.hasOwn(provider.defaults ?? {}, name)) return false;
  const secrecy = secrecyOf(field);
  if (secrecy !== "unknown" || provider.requires.includes(name)) return secrecy !== "open";
  return typeof value === "string" && /^(?=\S*[0-9])(?=\S*[A-Za-z])\S{12,}$/.test(value);
}
