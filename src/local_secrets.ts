import { environmentCredentials, variableFor } from "./credentials.ts";
import type { Provider } from "./provider.ts";
import { providers } from "./providers/providers.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { SessionParts } from "./session.ts";
import { listCredentials, listForeignFiles, listTokens } from "./store/list_saved.ts";
import { configDirectories } from "./store/paths.ts";
import type { StoredToken } from "./store/store.ts";

/** Secrets by the name they are reported under: what, whose and where it is kept, never its value. */
export type NamedSecrets = Record<string, string>;

/** What the secret members of a JWK (RFC 7517) are called. */
const JWK_SECRETS = ["d", "k", "p", "q", "dp", "dq", "qi"];

/** Whose secrets to gather. */
export interface SecretsOf {
  /** One session, with everything kept in its folder; without it, every registered provider. */
  session?: SessionParts | undefined;
  /** Providers beside the registered ones. */
  providers?: Provider[];
}

/**
 * Gathers the secrets this machine keeps: of one session, or of every registered provider. Asks
 * nobody, and leaves out what cannot be read.
 */
export async function localSecrets(
  runtime: Runtime,
  { session, providers: more = [] }: SecretsOf = {},
): Promise<NamedSecrets> {
  const secrets = new Secrets();
  if (session === undefined) {
    for (const provider of [...providers, ...more]) {
      const folders = configDirectories(runtime, provider.directory);
      await secrets.gather(runtime, provider, folders, undefined);
    }
    return secrets.named;
  }
  const { provider } = session.system;
  secrets.addValues(provider, session.grantParts.values, "this session");
  if (session.keeper.token) secrets.addToken(provider, session.keeper.token, "this session");
  const folders = session.directory === undefined ? [] : [session.directory];
  await secrets.gather(runtime, provider, folders, session.directory);
  return secrets.named;
}

/** Secrets under construction: each value once, under the first name it came with. */
class Secrets {
  readonly named: NamedSecrets = {};
  readonly #seen = new Set<string>();

  async gather(
    runtime: Runtime,
    provider: Provider,
    folders: string[],
    override: string | undefined,
  ): Promise<void> {
    const get = (name: string) => runtime.getEnvironment(name);
    for (const [field, value] of Object.entries(environmentCredentials(provider, get))) {
      if (isSecret(field, provider)) {
        this.#add(provider, field, variableFor(provider, field), value);
      }
    }
    const place = { directory: provider.directory, files: provider.files, override };
    for (const { path, values } of await listCredentials(runtime, place)) {
      this.addValues(provider, values, path);
    }
    for (const folder of folders) {
      for (const { path, token } of await listTokens(runtime, folder)) {
        this.addToken(provider, token, path);
      }
    }
    const foreign = provider.foreignTokens;
    if (foreign === undefined) return;
    for (const folder of new Set([foreign.folder, foreign.folderOnMac ?? foreign.folder])) {
      for (const { path, values } of await listForeignFiles(runtime, folder, foreign.file)) {
        this.addValues(provider, values, path);
      }
    }
  }

  /** Adds the secret ones of some credential values. */
  addValues(provider: Provider, values: Record<string, unknown>, place: string): void {
    for (const [field, value] of Object.entries(values)) {
      if (!isSecret(field, provider)) continue;
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

/** True for values that must not be seen: those that sound like it, and what a provider needs beside ids. */
export function isSecret(field: string, provider: Provider): boolean {
  const name = field.toLowerCase();
  if (/(^|_)(id|ids|url|uri|endpoint|type|method|at|in|version|name|scope|scopes)$/.test(name)) {
    return false;
  }
  if (/secret|passw|token|key|assertion|credential/.test(name)) return true;
  const open = ["username", "resource", ...Object.keys(provider.defaults ?? {})];
  return provider.requires.includes(name) && !open.includes(name);
}
