import type { ScanReport } from "./scan_report.ts";
import type { Session } from "./session.ts";

/**
 * Looks in a saved notebook for this machine's secrets, before it is shared: credentials and live
 * tokens, whole or a recognisable part (12 characters), also URL-encoded, escaped or in base 64.
 *
 * @param path the `.ipynb` file, as it was saved last
 * @param session the session whose secrets to look for; without it, those of every registered
 * provider that the environment and the configuration folders hold
 * @returns what was found: the cell, the place and the secret's name, never its value
 * @throws {AuthError} `invalid_argument` when there is no such file or it is not a notebook
 *
 * @example Before sharing
 * ```ts
 * import { scanNotebook } from "@onecell/auth";
 *
 * const check = async (path: string) => {
 *   const report = await scanNotebook(path);
 *   if (!report.clean) throw new Error(String(report));
 * };
 * ```
 */
export async function scanNotebook(path: string, session?: Session): Promise<ScanReport> {
  // Nobody who only signs in loads the scanner.
  const { scanFile } = await import("./scan_file.ts");
  return await scanFile(path, session);
}
