import type { Runtime } from "../runtime/runtime.ts";

/** What finding a folder needs to know of the runtime. */
export type PathRuntime = Pick<Runtime, "platform" | "getEnvironment" | "homeDirectory">;

/** Joins a folder and names with the platform's separator. */
export function joinPath(runtime: Pick<Runtime, "platform">, ...parts: string[]): string {
  const windows = runtime.platform === "windows";
  const [folder = "", ...names] = parts;
  const isSeparator = (letter: string) => letter === "/" || (windows && letter === "\\");
  // Without patterns, whose first use costs more than all of this.
  let end = folder.length;
  while (end > 1 && isSeparator(folder.charAt(end - 1))) end--;
  const separator = windows ? "\\" : "/";
  const trimmed = folder.slice(0, end);
  return [trimmed === separator ? "" : trimmed, ...names].join(separator);
}

/** The folder a path is in. */
export function parentPath(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, "") || "/";
}

/**
 * The folders an application's credentials may be in, the one to write to first: the place of
 * Python's `platformdirs.user_config_dir(name)`, so that both languages share it, and where
 * platformdirs puts it with other arguments or in other versions. Empty without a home folder.
 *
 * Nothing is imported for this, and nothing read but the environment.
 *
 * @param override a folder to use in place of all others
 */
export function configDirectories(
  runtime: PathRuntime,
  name: string,
  override?: string | undefined,
): string[] {
  if (override) return [override];
  return baseDirectories(runtime).flatMap((base) =>
    runtime.platform === "windows"
      // `appauthor` is the name itself, unless it is switched off.
      ? [joinPath(runtime, base, name, name), joinPath(runtime, base, name)]
      : [joinPath(runtime, base, name)]
  );
}

/**
 * Where env-paths, and so other JavaScript tools, would keep an application's configuration. Differs
 * from {@linkcode configDirectories} on macOS and Windows only; a place to look, not to write.
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
    return []; // not allowed to ask for the home folder, say: one place less to look
  }
}

/** The configuration directories themselves, the one to write to first. */
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
    // Before platformdirs 4.6 the variable meant nothing here: what was saved then is found still.
    if (home) bases.push(joinPath(runtime, home, "Library", "Application Support"));
  } else if (home && bases.length === 0) bases.push(joinPath(runtime, home, ".config"));
  return bases;
}

/** A temporary file's name in a folder: ours, hidden, and not to be guessed. */
export function temporaryPath(runtime: Pick<Runtime, "platform">, folder: string): string {
  const name = Array.from(
    crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  return joinPath(runtime, folder, `.onecell-${name}.tmp`);
}
