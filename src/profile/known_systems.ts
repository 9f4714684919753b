/**
 * The systems that files define: `NAME.json` in the person's own folder, then in the administrator's. A
 * file that another user could have written is refused, like a credentials file, because it decides where a
 * secret goes.
 *
 * This file is behind a door: a start with a built-in system reads none of these folders. `defineForeign`
 * checks what a definition may say; the store reads files.
 *
 * @module
 */
import { didYouMean, isObject } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import { filePath, isAbsolute } from "../options/check_options.ts";
import { defineForeign } from "../providers/foreign_definition.ts";
import type { Provider } from "../providers/provider.ts";
import { providers, unknownProvider } from "../providers/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readObject } from "../store/credentials_file.ts";
import { listNames } from "../store/list_saved.ts";
import {
  baseDirectories,
  configDirectories,
  isSafeFolder,
  joinPath,
  parentPath,
  type PathRuntime,
  readSafely,
  storeError,
} from "../store/disk.ts";
import { readDocument } from "../store/read_document.ts";

/** A folder of definitions. */
export interface DefinitionFolder {
  readonly path: string;
  /** Whose folder it is: the person's, the administrator's, or one from a variable. */
  readonly whose: "own" | "administrator" | "variable";
}

/** A file that defines a system. */
export interface KnownSystem {
  /** The file's name, without `.json`. */
  readonly name: string;
  readonly path: string;
  readonly whose: DefinitionFolder["whose"];
  /** The system, if the file may be used. */
  readonly provider?: Provider;
  /** Why it may not be used. */
  readonly problem?: AuthError;
}

/** Variables that name the person's own folder. */
const HOME = ["HOME", "USERPROFILE", "LOCALAPPDATA"];
/** The variable that names folders to use instead of the usual ones. */
const VARIABLE = "ONECELL_PROVIDERS";
/** A valid name for a system: it is a file's name, and leads to no other folder. */
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * The folders that definitions may be in, in search order. It reads nothing.
 *
 * @throws {AuthError} `invalid_argument` if the variable names a relative folder, which would differ for
 * each notebook
 */
export function definitionFolders(runtime: PathRuntime): DefinitionFolder[] {
  const windows = runtime.platform === "windows";
  const named = runtime.getEnvironment(VARIABLE)?.trim();
  if (named) {
    const paths = named.split(windows ? ";" : ":").filter((path) => path !== "");
    const relative = paths.find((path) => !isAbsolute(path));
    if (relative === undefined) return paths.map((path) => ({ path, whose: "variable" }));
    throw new AuthError(
      "invalid_argument",
      `${VARIABLE} names "${relative.slice(0, 60)}", which is not an absolute path. Correct it.`,
    );
  }
  const [base] = baseDirectories(runtime);
  const shared = windows
    ? runtime.getEnvironment("PROGRAMDATA") ?? "C:\\ProgramData"
    : runtime.platform === "darwin"
    ? "/Library/Application Support"
    : "/etc";
  const below = (folder: string) => joinPath(runtime, folder, "onecell", "providers");
  return [
    ...(base === undefined ? [] : [{ path: below(base), whose: "own" } as const]),
    { path: below(shared), whose: "administrator" },
  ];
}

/**
 * Finds a system that is not built in, by its name or its API's address.
 *
 * @throws {AuthError} `unknown_provider`; `permission_denied` if Deno's flags forbid the search;
 * `invalid_argument` for a file that may not be used
 */
export async function findSystem(runtime: Runtime, asked: string | URL): Promise<Provider> {
  const text = String(asked);
  const unseen: AuthError[] = [];
  const found = text.includes("://")
    ? await systemAt(runtime, text)
    : await systemNamed(runtime, text, unseen);
  if (found !== undefined) return found;
  const [forbidden] = unseen;
  const isMistyped = didYouMean(text.slice(0, 60), providers.map(({ name }) => name)) !== "";
  const refused = runtime.refusedVariables().filter((name) => HOME.includes(name));
  const isHomeless = !definitionFolders(runtime).some(({ whose }) => whose !== "administrator");
  if (isHomeless && refused.length > 0 && !isMistyped) {
    throw new AuthError(
      "permission_denied",
      `There is no built-in system "${
        text.slice(0, 60)
      }", and Deno may not find out where your own ` +
        `definitions are. Run with --allow-env=${refused.join(",")}.`,
    );
  }
  if (forbidden !== undefined && !isMistyped) throw forbidden;
  const known = await listSystems(runtime);
  throw unknownProvider(asked, known.map(({ name }) => name));
}

/**
 * The system with this name, from the first folder that has it.
 *
 * @param unseen receives why a folder could not be read
 * @throws {AuthError} `invalid_argument` for a file that may not be used, `insecure_url`
 */
export async function systemNamed(
  runtime: Runtime,
  name: string,
  unseen: AuthError[] = [],
): Promise<Provider | undefined> {
  if (!NAME.test(name)) return undefined;
  for (const folder of definitionFolders(runtime)) {
    try {
      const found = await readSystem(runtime, folder, name);
      if (found) {
        await checkOwnFolder(runtime, name);
        return found;
      }
    } catch (error) {
      if (!AuthError.is(error, "permission_denied")) throw error;
      unseen.push(error);
    }
  }
  return undefined;
}

/** The system whose API serves a URL, if there is exactly one. */
export async function systemAt(runtime: Runtime, url: string): Promise<Provider | undefined> {
  const originOf = (text: string) => URL.canParse(text) ? new URL(text).origin : undefined;
  const origin = originOf(url);
  if (origin === undefined) return undefined;
  const known = await listSystems(runtime);
  const [found, another] = known.flatMap(({ provider }) =>
    provider && originOf(provider.apiUrl) === origin ? [provider] : []
  );
  if (another || found === undefined) return undefined;
  await checkOwnFolder(runtime, found.name);
  return found;
}

/**
 * Refuses a name whose configuration folder is another program's: the variables that begin with it may be
 * that program's too. A folder is this module's if it is empty, or holds one of its files.
 *
 * @throws {AuthError} `invalid_argument`
 */
export async function checkOwnFolder(runtime: Runtime, name: string): Promise<void> {
  const folders = configDirectories(runtime, name);
  const found = await Promise.all(
    folders.map(async (path) => ({ path, names: await listNames(runtime, path) })),
  );
  // On Windows the inner folder has the same name; the others are the system's own files.
  const isOurs = (file: string) =>
    /^(app_credentials|onecell$|\.onecell-)/.test(file) || [name, `${name}.json`].includes(file);
  if (found.some(({ names }) => names.some(isOurs))) return;
  const foreign = found.find(({ names }) => names.some((file) => !DESKTOP_FILES.includes(file)));
  if (foreign === undefined) return;
  throw new AuthError(
    "invalid_argument",
    `The system "${name}" is not used: "${foreign.path}" belongs to another program, and a definition ` +
      `from a file stands for a system of its own. Change its name, for example to "my-${name}".`,
  );
}

/** What a desktop puts into any folder that it shows. */
const DESKTOP_FILES = [".DS_Store", ".directory", "desktop.ini", "Thumbs.db"];

/**
 * All systems that files define, by name. If one cannot be used, the reason is included. A folder that may
 * not be read counts as empty.
 */
export async function listSystems(runtime: Runtime): Promise<KnownSystem[]> {
  const found = new Map<string, KnownSystem>();
  for (const folder of definitionFolders(runtime)) {
    const names = await listNames(runtime, folder.path);
    // The schema may be in the same folder, under a name that no system has.
    for (const file of names.filter((name) => /^[^.]+\.json$/.test(name)).sort()) {
      const name = file.slice(0, -".json".length);
      if (found.has(name)) continue;
      const path = joinPath(runtime, folder.path, file);
      const about = { name, path, whose: folder.whose };
      try {
        if (!NAME.test(name)) throw notNamed(path);
        const provider = await readSystem(runtime, folder, name);
        if (provider) found.set(name, { ...about, provider });
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        found.set(name, { ...about, problem: error });
      }
    }
  }
  return [...found.values()];
}

/** All usable systems: the built-in ones, then those from files. */
export async function allProviders(runtime: Runtime): Promise<Provider[]> {
  const known = await listSystems(runtime).catch((error) => {
    // The variable is wrong, but the built-in systems are known anyway.
    if (error instanceof AuthError) return [];
    throw error;
  });
  return [...providers, ...known.flatMap(({ provider }) => provider ? [provider] : [])];
}

const ADVICE = "Until then it is not used.";

/** Reads one definition; `undefined` if there is none. */
async function readSystem(
  runtime: Runtime,
  folder: DefinitionFolder,
  name: string,
): Promise<Provider | undefined> {
  const path = joinPath(runtime, folder.path, `${name}.json`);
  let input: Record<string, unknown> | null;
  try {
    input = await readObject(runtime, path, "definition", ADVICE, readSafely, parseJson);
  } catch (error) {
    if (!AuthError.is(error, "credentials_damaged")) throw error;
    throw new AuthError("invalid_argument", error.message);
  }
  if (input === null) return undefined;
  const isSafe = await isSafeFolder(runtime, folder.path).catch((error) => {
    throw storeError(
      runtime,
      error,
      `look at the folder "${folder.path}"`,
      parentPath(folder.path),
    );
  });
  if (!isSafe) {
    throw new AuthError(
      "invalid_argument",
      `The definition "${path}" is not used: its folder belongs to another user, or others can write ` +
        `to it. Check what is in it, then run: chmod 700 "${folder.path}"`,
    );
  }
  // A folder from a variable may hold somebody else's files, and nobody has approved them.
  const provider = definitionIn(input, path, folder.whose !== "variable");
  if (provider.name !== name) throw notNamed(path, provider.name);
  return provider;
}

function notNamed(path: string, name?: string): AuthError {
  return new AuthError(
    "invalid_argument",
    name === undefined
      ? `The definition "${path}" is not used: its name must be lower-case letters, digits and hyphens.`
      : `The definition "${path}" says that its name is "${name}". Rename the file to ${name}.json, or ` +
        "change the name in it.",
  );
}

/** See `readProvider` of `verbs.ts`. */
export async function readProvider(runtime: Runtime, file: string | URL): Promise<Provider> {
  const path = pathOf(file);
  const text = await readDocument(runtime, path, "file");
  let input: unknown;
  try {
    input = parseJson(text);
  } catch {
    throw new AuthError("invalid_argument", `"${path}" is not JSON. See defineProvider.`);
  }
  const provider = defineForeign(withoutSchema(input));
  await checkOwnFolder(runtime, provider.name);
  return provider;
}

/**
 * Checks a definition that was read, and names its file in every error.
 *
 * @param agreed whether it may run programs and use this machine's tokens
 */
function definitionIn(input: unknown, path: string, agreed: boolean): Provider {
  try {
    return defineForeign(withoutSchema(input), { path, agreed });
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const problem = error.message.replace(/^defineProvider: /, "");
    throw new AuthError(
      error.code,
      `The definition "${path}" is not used. ${problem} For details, run: onecell provider check "${path}"`,
    );
  }
}

/** `$schema` is for editors. It is not part of the definition. */
export function withoutSchema(input: unknown): unknown {
  if (!isObject(input)) return input;
  const { $schema: _, ...definition } = input;
  return definition;
}

/** Windows editors start a file with a byte order mark. */
export function parseJson(text: string): unknown {
  return JSON.parse(text.replace(/^\ufeff/, ""));
}

function pathOf(file: string | URL): string {
  if (file instanceof URL && file.protocol === "file:" && file.host === "") return filePath(file);
  if (typeof file === "string" && file !== "") return file;
  throw new AuthError("invalid_argument", "readProvider needs the path of a JSON file.");
}
