import { AuthError, loaded } from "../errors.ts";
import { deadline } from "../base/wait.ts";
import { sha256 } from "../base/text.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { FileDriver } from "./file_driver.ts";
import { isWithoutLocks, withLock } from "./lock.ts";
import { TOKEN_FOLDER } from "./open_store.ts";
import { joinPath } from "./disk.ts";
import { parseSecret, Seal } from "./seal.ts";
import type { Driver, Marks } from "./store.ts";

/**
 * Keeps values protected by the system's keyring. The keyring holds a key, and the files in the
 * application's folder are encrypted with it, as browsers do. Values may therefore be longer than a
 * keyring allows (2,560 bytes on Windows), and files, locks and marks work as they do without one.
 */

/** How long the keyring may take, in milliseconds: a locked keyring waits for a person forever. */
const ANSWER_TIME = 3_000;

/** The service name of the keyring's entries. */
const SERVICE = "onecell";

/** The part of `@napi-rs/keyring` that this driver uses. */
interface Entry {
  getPassword(): Promise<string | null | undefined>;
  setPassword(password: string): Promise<void>;
}

export class KeyringDriver implements Driver {
  readonly #runtime: Runtime;
  readonly #directory: string;
  /** The encrypted files, with their names and lock. */
  readonly files: FileDriver;
  #seal: Promise<Seal> | undefined;

  constructor(runtime: Runtime, directory: string) {
    this.#runtime = runtime;
    this.#directory = directory;
    this.files = new FileDriver({
      runtime,
      folder: joinPath(runtime, directory, TOKEN_FOLDER),
      directory,
      extension: ".jwe",
      // A file that cannot be decrypted may belong to another keyring. The next write replaces it.
      judge: () => "whole",
      keyOf: async (text) => (await (await this.#open()).unseal(text.trim()))?.key,
    });
  }

  get marks(): Marks {
    return this.files.marks;
  }

  async read(key: string): Promise<string | undefined> {
    const sealed = await this.files.read(key);
    if (sealed === undefined) return undefined;
    const opened = await (await this.#open()).unseal(sealed.trim());
    return opened?.key === key ? opened.value : undefined;
  }

  async write(key: string, value: string): Promise<void> {
    await this.files.write(key, await (await this.#open()).seal(key, value));
  }

  remove(key: string): Promise<boolean> {
    return this.files.remove(key);
  }

  exclusive<T>(
    key: string,
    work: () => Promise<T>,
    options: { signal: AbortSignal },
  ): Promise<T> {
    return this.files.exclusive(key, work, options);
  }

  keys(): Promise<string[]> {
    return this.files.keys();
  }

  #open(): Promise<Seal> {
    // A keyring that failed is not tried again by this store: each try would take three seconds.
    return this.#seal ??= this.#findSecret();
  }

  /** Each folder has one key: two machines that share a home folder have separate keyrings. */
  async #findSecret(): Promise<Seal> {
    const entry = await this.#entry();
    const read = async () => {
      const text = await this.#asked(() => entry.getPassword());
      return text === null || text === undefined ? undefined : parseSecret(text);
    };
    const find = async () => {
      const there = await read();
      if (there) return new Seal(there);
      const made = crypto.getRandomValues(new Uint8Array(32));
      await this.#asked(() => entry.setPassword(btoa(String.fromCharCode(...made))));
      return new Seal(made);
    };
    const there = await read();
    if (there) return new Seal(there);
    // A separate lock, because the caller may hold the other one.
    const path = joinPath(this.#runtime, this.#directory, TOKEN_FOLDER, "keyring.sqlite");
    const place = { path, directory: this.#directory };
    return await withLock(this.#runtime, place, find, { timeout: 4 * ANSWER_TIME })
      .catch((error) => isWithoutLocks(error) ? find() : Promise.reject(error));
  }

  async #entry(): Promise<Entry> {
    const { platform } = this.#runtime;
    if (platform === "linux" && !await this.#hasBus()) {
      throw noKeyring("no D-Bus session is running");
    }
    let module;
    try {
      module = await loaded(import("@napi-rs/keyring"));
    } catch (error) {
      if (error instanceof AuthError) throw error;
      throw noKeyring("the package @napi-rs/keyring cannot be loaded here", error);
    }
    const name = (await sha256(this.#directory)).slice(0, 32);
    try {
      // Never use the kernel's keyring instead: it is empty after a restart.
      return new module.AsyncEntry(SERVICE, name, { linux: { store: "secret-service" } });
    } catch (error) {
      throw noKeyring("it does not respond", error);
    }
  }

  async #hasBus(): Promise<boolean> {
    const get = (name: string) => this.#runtime.getEnvironment(name);
    if (get("DBUS_SESSION_BUS_ADDRESS")) return true;
    const folder = get("XDG_RUNTIME_DIR");
    if (!folder) return false;
    const path = joinPath(this.#runtime, folder, "bus");
    return await this.#runtime.files.status(path).catch(() => null) !== null;
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await deadline(
        ask(),
        ANSWER_TIME,
        () => noKeyring("it does not respond (is it locked?)"),
      );
    } catch (error) {
      throw error instanceof AuthError ? error : noKeyring("it refuses access", error);
    }
  }
}

function noKeyring(why: string, cause?: unknown): AuthError {
  return new AuthError(
    "store_unavailable",
    `The system's keyring cannot be used: ${why}. Unlock it, sign in to the desktop, or choose ` +
      'another store: the option store: "disk", or ONECELL_STORE.',
    // The keyring's own message names the service and holds no secret.
    cause === undefined ? {} : { cause },
  );
}
