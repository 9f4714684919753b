import { filePath } from "../options/check_options.ts";
import { AuthError } from "../errors.ts";
import { localSecrets, type NamedSecrets, type SessionSecrets } from "./local_secrets.ts";
import { scanNotebookJson } from "./scan_notebook.ts";
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
  // A wrong path is found before anything is gathered.
  const json = await readDocument(runtime, path, "notebook");
  const unread = new Set<string>();
  const secrets = await localSecrets(runtime, {
    session,
    directories: directory === undefined ? [] : [directory],
    unread,
  });
  return reportOn(path, json, secrets, unread);
}

/**
 * What a notebook's text has of some secrets.
 *
 * @param index the index of these secrets, where several notebooks share it
 */
export function reportOn(
  path: string,
  json: string,
  secrets: NamedSecrets,
  unread: ReadonlySet<string>,
  index: SecretIndex = new SecretIndex(secrets),
): ScanReport {
  const found = scanNotebookJson(json, index);
  return new ScanReport(path, found, Object.keys(secrets).length, [...unread].sort());
}
