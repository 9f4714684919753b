import { variableFor } from "../credentials/choose_credentials.ts";
import { Credentials } from "../credentials/credentials.ts";
import { missingCredentials } from "../credentials/missing_credentials.ts";
import { AuthError } from "../errors.ts";
import type { Profile } from "../profile/profile.ts";
import type { Provider } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { credentialsPath, findCredentials } from "../store/credentials_file.ts";

/** Variables that steer the machine, not an API: a credentials file must not set them. */
const RESERVED =
  /^(PATH|HOME|USERPROFILE|SHELL|USER|LOGNAME|TMPDIR|TEMP|TMP|PWD|IFS|ENV|BASH_ENV|APPDATA|LOCALAPPDATA|(HTTPS?|ALL|NO)_PROXY|(LD|DYLD|DENO|NODE|NPM|BUN|PYTHON|GIT|SSL|XDG)_.*)$/;

/** See `loadCredentials` of `verbs.ts`. */
export async function loadCredentials(
  { provider, runtime, place }: Profile,
): Promise<Credentials> {
  const saved = await findCredentials(runtime, place);
  if (saved === null) {
    const path = credentialsPath(runtime, place);
    throw missingCredentials(
      provider,
      provider.requires,
      path === undefined ? [] : [path],
      runtime.refusedVariables(),
    );
  }
  // Both spellings are set together, so that one system's id never meets another's secret.
  for (const [name, value] of Object.entries(saved.values)) {
    exportValue(runtime, provider, name, value);
  }
  return new Credentials(provider.name, saved.values, { path: saved.path, source: saved.path });
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
