import { checkOptions } from "./check_options.ts";
import { Credentials, normaliseCredentials, variableFor } from "./credentials.ts";
import { AuthError } from "./errors.ts";
import type { CommonOptions } from "./options.ts";
import { missingCredentials } from "./missing_credentials.ts";
import type { Provider } from "./provider.ts";
import { findProvider } from "./providers/registry.ts";
import { currentRuntime } from "./runtime/current.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { credentialsPath, findCredentials, placeOf } from "./store/credentials_file.ts";

/** Variables that steer the machine, not an API: a credentials file must not set them. */
const RESERVED =
  /^(PATH|HOME|USERPROFILE|SHELL|USER|LOGNAME|TMPDIR|TEMP|TMP|PWD|IFS|ENV|BASH_ENV|APPDATA|LOCALAPPDATA|(HTTPS?|ALL|NO)_PROXY|(LD|DYLD|DENO|NODE|NPM|BUN|PYTHON|GIT|SSL|XDG)_.*)$/;

/** See `loadCredentials` of `verbs.ts`. */
export async function loadCredentials(
  provider: string | Provider,
  options: CommonOptions,
): Promise<Credentials> {
  const known = await findProvider(provider);
  checkOptions(options, "common", "loadCredentials");
  const runtime = await currentRuntime();
  const place = placeOf(known, options.directory);
  const saved = await findCredentials(runtime, place);
  if (saved === null) {
    const path = credentialsPath(runtime, place);
    throw missingCredentials(
      known,
      known.requires,
      path === undefined ? [] : [path],
      runtime.refusedVariables(),
    );
  }
  // Both spellings are set together, so that one system's id never meets another's secret.
  for (const [name, value] of Object.entries(saved.values)) {
    exportValue(runtime, known, name, value);
  }
  return new Credentials(known.name, saved.values, { path: saved.path, source: saved.path });
}

function exportValue(runtime: Runtime, provider: Provider, key: string, value: unknown): void {
  const name = key.toUpperCase();
  if (!/^[A-Z_][A-Z0-9_]*$/.test(name) || RESERVED.test(name)) return;
  const text = pythonText(value);
  if (text.includes("\0")) return;
  for (const variable of [name, variableFor(provider, key)]) {
    try {
      runtime.setEnvironment(variable, text);
    } catch (error) {
      const flag = runtime.missingFlag(error);
      if (flag === undefined) throw error;
      throw new AuthError(
        "permission_denied",
        `loadCredentials may not set ${variable}. Run with ${flag}, or use getSession, which sets nothing.`,
        { cause: error },
      );
    }
  }
}

/** What `str()` makes of a JSON value in Python, for the tutorials that share the file. */
function pythonText(value: unknown): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The most that is read back, in characters; fewer than bytes may be, so with room to spare. */
const LONGEST = 250_000;

/**
 * Checks values to save: at least what says which client it is, in a form that can be read back.
 *
 * @throws {AuthError} `invalid_argument`, naming what is missing or odd
 */
export function checkValues(
  values: unknown,
  provider: Provider,
  caller: string,
): Record<string, unknown> {
  const what = `${caller}: the credentials`;
  const refuse = (problem: string) => new AuthError("invalid_argument", `${what} ${problem}`);
  const known = normaliseCredentials(values, what);
  for (const [name, value] of Object.entries(values as Record<string, unknown>)) {
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch { /* as bad as one that is left out */ }
    if (text === undefined && value !== undefined) {
      throw refuse(
        `have a "${name}" that JSON has no form for (RFC 8259). Give texts and numbers.`,
      );
    }
    if ((text?.length ?? 0) > LONGEST) throw refuse(`have a "${name}" that is too long to be one.`);
  }
  const wanted = provider.requires.filter((name) =>
    name !== "username" && name !== "password" && provider.defaults?.[name] === undefined
  );
  const missing = wanted.filter((name) => known[name] === undefined);
  if (Object.keys(known).length === 0) throw refuse("are empty. Nothing was saved.");
  if (missing.length === 0) return values as Record<string, unknown>;
  throw refuse(
    `have no ${missing.join(" and no ")}. ${provider.title} needs ${wanted.join(" and ")}, by ${
      wanted.length === 1 ? "this name" : "these names"
    }. Nothing was saved.`,
  );
}
