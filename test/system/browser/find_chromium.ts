import { findPython } from "../notebook/run_notebook.ts";

const candidates = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The programs that tests in a browser need, by path. */
export interface Programs {
  chromium: string;
  /** A Python with JupyterLab and Notebook 7. */
  python: string;
}

/**
 * Finds a Chromium (`ONECELL_CHROMIUM`, or the system's) and a Python with JupyterLab and Notebook 7.
 * `null`, and a line that says why, when one is missing. Under `CI=true` that is an error.
 */
export async function findPrograms(): Promise<Programs | null> {
  const chosen = Deno.env.get("ONECELL_CHROMIUM");
  const chromium = (chosen ? [chosen] : candidates).find(exists);
  if (chromium === undefined) {
    return missing("Chromium (apt-get install chromium), or its path in ONECELL_CHROMIUM");
  }
  const python = await findPython();
  if (python === null || !await hasLab(python)) {
    return missing("JupyterLab and Notebook 7 (pip install jupyterlab notebook)");
  }
  return { chromium, python };
}

async function hasLab(python: string): Promise<boolean> {
  const args = ["-c", "import jupyterlab, notebook"];
  return (await new Deno.Command(python, { args, stderr: "null" }).output()).success;
}

function missing(what: string): null {
  const why = `The tests in a browser need ${what}.`;
  if (Deno.env.get("CI") === "true") throw new Error(why);
  Deno.stderr.writeSync(new TextEncoder().encode(`skipped: ${why}\n`));
  return null;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
