import type { AuthError } from "../errors.ts";
import { pause } from "../base/wait.ts";
import { sha256 } from "../base/text.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { withLock } from "./lock.ts";
import { earlierTokenPath } from "./open_store.ts";
import { joinPath, readSafely, storeError } from "./disk.ts";
import {
  removePrivateFile,
  setAside,
  sweepTemporaryFiles,
  writePrivateFile,
} from "./private_file.ts";
import type { Driver, LockOptions, Marks } from "./store.ts";

/** What a file's text is, judged against the key that the file's name stands for. */
export type Judgement =
  /** A complete value of this key. */
  | "whole"
  /** Not a complete value, but it may still hold a secret. */
  | "damaged"
  /** A damaged value that clearly belongs to this key. */
  | "damaged and ours"
  /** Another key's value. */
  | "other";

/** How a {@linkcode FileDriver} keeps its files. */
export interface FileDriverOptions {
  runtime: Runtime;
  /** The folder with the files. */
  folder: string;
  /** The application's folder that contains it: Deno's flags must allow this one. */
  directory: string;
  /** The file names' extension. */
  extension: string;
  /** Judges a file's text. Damaged files are set aside, so nothing is lost. */
  judge: (text: string, key: string) => Judgement;
  /** Finds the key in a file's text. */
  keyOf: (text: string) => string | undefined | Promise<string | undefined>;
}

/** How long to wait for the lock when only the signal ends the wait, in milliseconds. */
const UNTIL_THE_SIGNAL = 2 ** 31;

/** Keeps each value in its own private file, named by the SHA-256 of its key. */
export class FileDriver implements Driver {
  readonly #options: FileDriverOptions;
  #holders = 0;

  constructor(options: FileDriverOptions) {
    this.#options = options;
  }

  async read(key: string): Promise<string | undefined> {
    return (await this.#find(key))?.text;
  }

  async write(key: string, value: string): Promise<void> {
    const { runtime, folder } = this.#options;
    const path = await this.path(key);
    try {
      if (this.#holders > 0) await sweepTemporaryFiles(runtime, folder);
      // Only just before a write, never while reading: meanwhile another process may have replaced the
      // damaged file with a complete one, and its refresh token must not be lost.
      const there = await this.#judged(path, key);
      if (there !== undefined && there !== "whole" && there !== "link") {
        await setAside(runtime, path);
      }
      await writePrivateFile(runtime, path, value);
      const earlier = this.#earlier(key);
      if (await this.#judged(earlier, key) === "whole") await removePrivateFile(runtime, earlier);
    } catch (error) {
      throw this.#explained(error, `save the token in "${path}"`);
    }
  }

  async remove(key: string): Promise<boolean> {
    const { runtime, folder } = this.#options;
    const path = await this.path(key);
    try {
      // Files left by killed writers, and files set aside, may hold the same token. A running writer
      // that loses its temporary file here writes it again.
      await sweepTemporaryFiles(runtime, folder);
      await this.marks.clear(key);
      const earlier = this.#earlier(key);
      for (const name of await this.#names()) {
        const at = joinPath(runtime, folder, name);
        if (at.startsWith(`${path}.damaged-`)) await removePrivateFile(runtime, at);
        const isEarlier = at === earlier || at.startsWith(`${earlier}.damaged-`);
        const judgement = isEarlier ? await this.#judged(at, key) : undefined;
        if (judgement === "damaged and ours") await removePrivateFile(runtime, at);
      }
      let removed = false;
      for (const at of [path, earlier]) {
        const judgement = await this.#judged(at, key);
        const isOurs = judgement === "whole" || (at === path && judgement !== "other");
        if (judgement !== undefined && isOurs) {
          removed = await removePrivateFile(runtime, at) || removed;
        }
      }
      return removed;
    } catch (error) {
      throw this.#explained(error, `remove the token "${path}"`);
    }
  }

  exclusive<T>(
    _key: string,
    work: () => Promise<T>,
    options: { signal: AbortSignal },
  ): Promise<T> {
    return this.locked(work, { timeout: UNTIL_THE_SIGNAL, signal: options.signal });
  }

  /** Runs `work` under the folder's only lock. */
  async locked<T>(work: () => Promise<T>, options: LockOptions): Promise<T> {
    const { runtime, folder, directory } = this.#options;
    const place = { path: joinPath(runtime, folder, "lock.sqlite"), directory };
    return await withLock(runtime, place, async () => {
      this.#holders++;
      try {
        return await work();
      } finally {
        this.#holders--;
      }
    }, options);
  }

  async keys(): Promise<string[]> {
    const { runtime, folder, extension, keyOf } = this.#options;
    const keys = new Set<string>();
    for (const name of await this.#names()) {
      if (!name.endsWith(extension)) continue;
      const text = await this.#text(joinPath(runtime, folder, name));
      const key = text === null ? undefined : await keyOf(text);
      if (key !== undefined) keys.add(key);
    }
    return [...keys];
  }

  /** The path of a key's file. */
  async path(key: string): Promise<string> {
    const { runtime, folder, extension } = this.#options;
    return joinPath(runtime, folder, `${await sha256(key)}${extension}`);
  }

  readonly marks: Marks = {
    make: async (key, name) => {
      const { runtime, folder } = this.#options;
      const path = joinPath(runtime, folder, `${await sha256(key)}.${name}.mark`);
      const make = async () => {
        const file = await runtime.files.createPrivate(path, 0o600);
        await file.write(new TextEncoder().encode(String(Date.now())));
        await file.close();
      };
      try {
        await make().catch(async (error) => {
          if (runtime.errorKind(error) !== "not_found") throw error;
          await runtime.files.makeDirectory(folder);
          await make();
        });
        return "made";
      } catch (error) {
        if (runtime.errorKind(error) !== "exists") {
          throw this.#explained(error, `make a mark in "${folder}"`);
        }
      }
      // Another process may have created the file but not written to it yet.
      for (let tries = 0; tries < 3; tries++) {
        const time = Number(await this.#text(path));
        if (time > 0) return time;
        await pause(10);
      }
      return Date.now();
    },
    clear: async (key, except) => {
      const { runtime, folder } = this.#options;
      const start = `${await sha256(key)}.`;
      for (const name of await this.#names()) {
        const isMark = name.startsWith(start) && name.endsWith(".mark");
        if (!isMark || (except !== undefined && name === `${start}${except}.mark`)) continue;
        await removePrivateFile(runtime, joinPath(runtime, folder, name));
      }
    },
  };

  async #text(path: string): Promise<string | null> {
    return await readSafely(this.#options.runtime, path).catch(() => null);
  }

  async #names(): Promise<string[]> {
    const { runtime, folder } = this.#options;
    return await runtime.files.list(folder).catch(() => []);
  }

  /** Finds a key's file: by its current name, then by its earlier one. */
  async #find(key: string): Promise<{ path: string; text: string } | undefined> {
    const path = await this.path(key);
    for (const at of [path, this.#earlier(key)]) {
      const { runtime } = this.#options;
      try {
        const text = await readSafely(runtime, at);
        const isMeant = at === path ||
          (text !== null && this.#options.judge(text, key) === "whole");
        if (text !== null && isMeant) return { path: at, text };
      } catch (error) {
        if (at === path) throw this.#explained(error, `read the token in "${at}"`);
      }
    }
    return undefined;
  }

  /** Judges a file; `undefined` when there is none. */
  async #judged(path: string, key: string): Promise<Judgement | "link" | undefined> {
    const { runtime, judge } = this.#options;
    try {
      const text = await readSafely(runtime, path);
      return text === null ? undefined : judge(text, key);
    } catch (error) {
      const kind = runtime.errorKind(error);
      if (kind === "not_text" || kind === "utf16" || kind === "unsafe") return "damaged";
      // Writing replaces the link and removing removes it; its target stays as it is.
      if (kind === "symlink") return "link";
      throw error;
    }
  }

  #earlier(key: string): string {
    return earlierTokenPath(this.#options.runtime, this.#options.folder, key);
  }

  #explained(error: unknown, doing: string): AuthError {
    return storeError(this.#options.runtime, error, doing, this.#options.directory);
  }
}
