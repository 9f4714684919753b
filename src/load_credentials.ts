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

/** Checks values to save: an object with at least one credential in it. */
export function checkValues(values: unknown, caller: string): Record<string, unknown> {
  try {
    JSON.stringify(values);
  } catch {
    throw new AuthError(
      "invalid_argument",
      `${caller}: the credentials cannot be saved as JSON (RFC 8259). Give texts, numbers and plain objects.`,
    );
  }
  const known = normaliseCredentials(values, `${caller}: the credentials`);
  if (Object.keys(known).length > 0) return values as Record<string, unknown>;
  throw new AuthError(
    "invalid_argument",
    `${caller}: there is nothing to save. Give at least client_id and client_secret.`,
  );
}
