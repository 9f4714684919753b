import type { Runtime } from "../runtime/runtime.ts";

/** The parts of the runtime that finding a folder needs. */
export type PathRuntime = Pick<Runtime, "platform" | "getEnvironment" | "homeDirectory">;

/** Joins a folder and names with the platform's separator. */
export function joinPath(runtime: Pick<Runtime, "platform">, ...parts: string[]): string {
  const windows = runtime.platform === "windows";
  const [folder = "", ...names] = parts;
  const isSeparator = (letter: string) => letter === "/" || (windows && letter === "\\");
  // Without regular expressions: the first one used costs more than all of this.
  let end = folder.length;
  while (end > 1 && isSeparator(folder.charAt(end - 1))) end--;
  const separator = windows ? "\\" : "/";
  const trimmed = folder.slice(0, end);
  return [trimmed === separator ? "" : trimmed, ...names].join(separator);
}

/** The folder that contains a path. */
export function parentPath(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, "") || "/";
}

/**
 * The folders that may hold an application's credentials; new ones are written to the first. That is
 * Python's `platformdirs.user_config_dir(name)`, so that both languages share it. The others are
 * where platformdirs looks with other arguments or in other versions. Empty without a home folder.
 *
 * Imports nothing, and reads nothing but the environment.
 *
 * @param override a folder to use instead of all others
 */
export function configDirectories(
  runtime: PathRuntime,
  name: string,
  override?: string | undefined,
): string[] {
  if (override) return [override];
  return baseDirectories(runtime).flatMap((base) =>
    runtime.platform === "windows"
      // `appauthor` defaults to the name, unless it is switched off.
      ? [joinPath(runtime, base, name, name), joinPath(runtime, base, name)]
      : [joinPath(runtime, base, name)]
  );
}

/**
 * Where env-paths, and therefore other JavaScript tools, would keep an application's configuration.
 * Differs from {@linkcode configDirectories} only on macOS and Windows. Only read from, never
 * written to.
 */
export async function otherConfigDirectories(
  runtime: PathRuntime,
  name: string,
): Promise<string[]> {
  if (runtime.platform !== "darwin" && runtime.platform !== "windows") return [];
  try {
    const { default: envPaths } = await import("env-paths");
    return [envPaths(name, { suffix: "" }).config];
  } catch {
    return []; // such as when the home folder may not be read: skip these folders
  }
}

/** The configuration folders themselves; new files go to the first. */
export function baseDirectories(runtime: PathRuntime): string[] {
  const home = runtime.homeDirectory();
  if (runtime.platform === "windows") {
    const local = runtime.getEnvironment("LOCALAPPDATA");
    if (local) return [local];
    return home ? [joinPath(runtime, home, "AppData", "Local")] : [];
  }
  const bases = [];
  // Blank or relative counts as unset, as in the XDG specification and in platformdirs.
  const xdg = runtime.getEnvironment("XDG_CONFIG_HOME")?.trim();
  if (xdg?.startsWith("/")) bases.push(xdg);
  if (runtime.platform === "darwin") {
    // Before platformdirs 4.6 macOS ignored the variable, so files saved then must still be found.
    if (home) bases.push(joinPath(runtime, home, "Library", "Application Support"));
  } else if (home && bases.length === 0) bases.push(joinPath(runtime, home, ".config"));
  return bases;
}

/** A temporary file's path in a folder: recognizable as ours, hidden, and impossible to guess. */
export function temporaryPath(runtime: Pick<Runtime, "platform">, folder: string): string {
  const name = Array.from(
    crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  return joinPath(runtime, folder, `.onecell-${name}.tmp`);
}
