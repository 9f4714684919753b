import { environmentCredentials, variableFor } from "../credentials/choose_credentials.ts";
import { withDefaults } from "../providers/define_provider.ts";
import { AuthError } from "../errors.ts";
import type { Provider } from "../providers/provider.ts";
import { allProviders } from "../profile/known_systems.ts";
import { secrecyOf } from "../trust.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Application, listApplications, readApplication } from "../store/list_applications.ts";
import { listCredentials, listForeignFiles, listTokens } from "../store/list_saved.ts";
import { configDirectories } from "../store/paths.ts";
import type { StoredToken } from "../store/store.ts";

/** Secrets by the name they are reported under: what, whose and where it is kept, never its value. */
export type NamedSecrets = Record<string, string>;

/** What the secret members of a JWK (RFC 7517) are called. */
const JWK_SECRETS = ["d", "k", "p", "q", "dp", "dq", "qi"];

/** A session, as far as its secrets are concerned. */
export interface SessionSecrets {
  readonly provider: Provider;
  readonly values: Record<string, unknown>;
  readonly token: StoredToken | null;
  /** Where everything of it is kept. */
  readonly folder: string | undefined;
}

/** Whose secrets to gather. */
export interface SecretsOf {
  /** One session, with everything kept in its folder; without it, all that is saved. */
  session?: SessionSecrets | undefined;
  /** Providers to know more of than what is saved tells: their variables, and their files' names. */
  providers?: Provider[];
  /** Folders to look in beside the configuration directory. */
  directories?: readonly string[];
  /** Gets the files that could not be read, in which there may be more. */
  unread?: Set<string>;
}

/**
 * Gathers the secrets this machine keeps: of one session, or of every system that something is saved
 * of, registered or not. Asks nobody, and leaves out what cannot be read.
 *
 * @throws {AuthError} `invalid_argument` when nothing is in a folder that was named
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
    // Names alone would leave out every system of the caller's own.
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

/** Secrets under construction: each value once, under the first name it came with. */
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

  /** Adds what is in a folder, for any system. */
  addApplication(runtime: Runtime, { name, tokens, credentials }: Application): void {
    const owner = ownerNamed(name);
    // What would be no provider's name is not made into a variable's.
    if (/^[a-z0-9][a-z0-9-]*$/.test(name)) this.#addEnvironment(runtime, owner);
    for (const { path, values } of credentials) this.addValues(owner, values, path);
    for (const { path, token } of tokens) this.addToken(owner, token, path);
  }

  /** Adds what is in a folder that was named, where finding nothing is a mistake. */
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

  /** Adds the secret ones of some credential values. */
  addValues(provider: Provider, values: Record<string, unknown>, place: string): void {
    for (const [field, value] of Object.entries(values)) {
      if (!isSecret(field, provider, value)) continue;
      if (typeof value === "string") this.#addText(provider, field, place, value);
      else if (typeof value === "object" && value !== null) {
        this.#addKey(provider, field, place, value as Record<string, unknown>);
      }
    }
  }

  /** Adds what a stored token holds. */
  addToken(provider: Provider, token: StoredToken, place: string): void {
    for (const name of ["access_token", "refresh_token", "id_token"] as const) {
      const value = token[name];
      if (value !== undefined) this.#add(provider, name, place, value);
    }
    if (token.dpop_key) {
      this.#addKey(provider, "dpop_key", place, token.dpop_key as Record<string, unknown>);
    }
  }

  /** A private key may have come as a JWK in text. */
  #addText(provider: Provider, field: string, place: string, text: string): void {
    if (text.trimStart().startsWith("{")) {
      try {
        return this.#addKey(provider, field, place, JSON.parse(text));
      } catch { /* then it is a secret that begins like JSON */ }
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

/** What stands for a system that is known by its folder alone. */
function ownerNamed(name: string): Provider {
  const requires = ["client_id", "client_secret", "private_key", "username", "password"];
  return withDefaults({ name, apiUrl: "", requires });
}

/**
 * True for values to look for: those whose name says so, what a provider needs beside ids, and of
 * fields nobody knows what looks like no word, or every notebook with that word would be found.
 */
function isSecret(field: string, provider: Provider, value: unknown): boolean {
  const name = field.toLowerCase();
  if (Object.hasOwn(provider.defaults ?? {}, name)) return false;
  const secrecy = secrecyOf(field);
  if (secrecy !== "unknown" || provider.requires.includes(name)) return secrecy !== "open";
  return typeof value === "string" && /^(?=\S*[0-9])(?=\S*[A-Za-z])\S{12,}$/.test(value);
}
