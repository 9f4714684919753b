import { filePath } from "../options/check_options.ts";
import { AuthError } from "../errors.ts";
import { localSecrets, type NamedSecrets, type SessionSecrets } from "./local_secrets.ts";
import { scanNotebookJson } from "./scan_notebook.ts";
import type { Provider } from "../providers/provider.ts";
import { currentRuntime } from "../runtime/current.ts";
import { ScanReport } from "./scan_report.ts";
import { SecretIndex } from "./secret_index.ts";
import { readDocument } from "../store/read_document.ts";

/** Scans one notebook; see `scanNotebook`. */
export async function scanFile(
  file: string | URL,
  session?: SessionSecrets,
  directory?: string,
): Promise<ScanReport> {
  const path = typeof file === "string" || file instanceof URL ? filePath(file) : "";
  if (path === "") {
    throw new AuthError("invalid_argument", "scanNotebook needs the path of an .ipynb file.");
  }
  const runtime = await currentRuntime();
  // Report a wrong path before gathering anything.
  const json = await readDocument(runtime, path, "notebook");
  const unread = new Set<string>();
  const secrets = await localSecrets(runtime, {
    session,
    directories: directory === undefined ? [] : [directory],
    unread,
  });
  return reportOn(path, json, secrets, unread);
}

/** One of several notebooks: its report, or why there is none. */
export type ScannedFile =
  & { readonly path: string }
  & (
    | { readonly report: ScanReport }
    | { readonly problem: AuthError }
  );

/**
 * Scans several notebooks for the secrets this machine keeps, including the caller's own systems and
 * folders. A file that cannot be read does not stop the other scans.
 *
 * @param providers more systems, whose variables and files to look for
 * @param directories more folders with saved secrets
 */
export async function scanFiles(
  paths: readonly string[],
  { providers, directories }: { providers: Provider[]; directories: readonly string[] },
): Promise<ScannedFile[]> {
  const runtime = await currentRuntime();
  const unread = new Set<string>();
  const secrets = await localSecrets(runtime, { providers, directories, unread });
  // All files share one index, because building it takes longer than scanning a notebook.
  const index = new SecretIndex(secrets);
  const scanned: ScannedFile[] = [];
  for (const path of paths) {
    try {
      const json = await readDocument(runtime, path, "notebook");
      scanned.push({ path, report: reportOn(path, json, secrets, unread, index) });
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      scanned.push({ path, problem: error });
    }
  }
  return scanned;
}

/**
 * Reports which secrets a notebook's text contains.
 *
 * @param index the index of these secrets, if several notebooks share it
 */
function reportOn(
  path: string,
  json: string,
  secrets: NamedSecrets,
  unread: ReadonlySet<string>,
  index: SecretIndex = new SecretIndex(secrets),
): ScanReport {
  const found = scanNotebookJson(json, index);
  return new ScanReport(path, found, Object.keys(secrets).length, [...unread].sort());
}
