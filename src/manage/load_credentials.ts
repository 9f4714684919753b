import { checkOptions } from "../options/check_options.ts";
import {
  CLIENT_FIELDS,
  Credentials,
  normaliseCredentials,
  variableFor,
} from "../credentials/credentials.ts";
import { AuthError } from "../errors.ts";
import type { CommonOptions } from "../options/options.ts";
import { missingCredentials } from "../credentials/missing_credentials.ts";
import type { Provider } from "../providers/provider.ts";
import { findProvider } from "../providers/registry.ts";
import { currentRuntime } from "../runtime/current.ts";
import { MAXIMUM_BYTES } from "../runtime/error_kind.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { credentialsPath, findCredentials, placeOf } from "../store/credentials_file.ts";

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

/**
 * Checks values to save: by names that are read back, no half of a client's, in a form that can be.
 *
 * @throws {AuthError} `invalid_argument`, naming what is missing or odd
 */
export function checkValues(
  values: unknown,
  provider: Provider,
  caller: string,
): Record<string, unknown> {
  const what = `${caller}: the credentials`;
  const refuse = (problem: string) =>
    new AuthError("invalid_argument", `${what} ${problem} Nothing was saved.`);
  const known = normaliseCredentials(values, what);
  for (const [name, value] of Object.entries(values as Record<string, unknown>)) {
    if (value !== undefined && !hasJson(value)) {
      throw refuse(
        `have a "${name}" that JSON has no form for (RFC 8259). Give texts and numbers.`,
      );
    }
  }
  if (new TextEncoder().encode(JSON.stringify(values, null, 2)).length > MAXIMUM_BYTES) {
    throw refuse("are too long to be any.");
  }
  const names = [...provider.requires, ...Object.keys(provider.defaults ?? {})];
  const client = provider.requires.filter((name) =>
    CLIENT_FIELDS.includes(name) && provider.defaults?.[name] === undefined
  );
  const lacking = client.filter((name) => known[name] === undefined);
  const isHalf = lacking.length > 0 && lacking.length < client.length;
  if (!isHalf && names.some((name) => known[name] !== undefined)) {
    return values as Record<string, unknown>;
  }
  const wanted = (isHalf ? client : provider.requires).join(" and ");
  throw refuse(
    `have no ${
      lacking.join(" and no ") || wanted
    }. ${provider.title} needs ${wanted}, by that name.`,
  );
}

function hasJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false; // a circle, a BigInt
  }
}
