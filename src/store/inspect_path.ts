import type { Runtime } from "../runtime/runtime.ts";

/** What is at a path, as a report shows it. */
export interface PathCondition {
  /** The path. */
  path: string;
  /** What is at the path; `"unknown"` when this process may not look. */
  kind: "file" | "folder" | "symlink" | "other" | "missing" | "unknown";
  /** Permission bits in octal, such as `"0600"`; absent when the platform has none. */
  mode?: string;
}

/** Looks at a path without following a link; never throws. */
export async function inspectPath(runtime: Runtime, path: string): Promise<PathCondition> {
  try {
    const status = await runtime.files.status(path);
    if (status === null) return { path, kind: "missing" };
    const kind = status.isSymlink
      ? "symlink"
      : status.isFile
      ? "file"
      : status.isDirectory
      ? "folder"
      : "other";
    // A link's own mode says nothing about its target.
    if (status.mode === null || kind === "symlink") return { path, kind };
    return { path, kind, mode: `0${status.mode.toString(8).padStart(3, "0")}` };
  } catch {
    return { path, kind: "unknown" };
  }
}
