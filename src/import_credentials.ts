import { checkOptions } from "./check_options.ts";
import { AuthError } from "./errors.ts";
import { saveCredentials } from "./manage_credentials.ts";
import type { CommonOptions } from "./options.ts";
import type { Provider } from "./provider.ts";
import { findProvider } from "./providers/registry.ts";
import { currentRuntime } from "./runtime/current.ts";
import type { Credentials } from "./credentials.ts";
import { readObject } from "./store/credentials_file.ts";

/** Other programs' names for what this module calls by RFC 6749's, in lower case without separators. */
const ALIASES: Record<string, string> = {
  clientid: "client_id",
  applicationid: "client_id",
  appid: "client_id",
  consumerkey: "client_id",
  clientsecret: "client_secret",
  clientkey: "client_secret",
  secret: "client_secret",
  consumersecret: "client_secret",
  privatekey: "private_key",
  keyid: "key_id",
  username: "username",
  user: "username",
  email: "username",
  password: "password",
  tenantid: "tenant_id",
  tenant: "tenant_id",
  resource: "resource",
  apiversion: "api_version",
};

/** What stands in a sample's settings; a real secret may well have `<` and `>` in it. */
const PLACEHOLDER = /placeholder|^\s*<[^<>]*>\s*$|^\s*insert /i;

/** See `importCredentials` of `verbs.ts`. */
export async function importCredentials(
  provider: string | Provider,
  file: string,
  options: CommonOptions,
): Promise<Credentials> {
  const known = await findProvider(provider);
  checkOptions(options, "common", "importCredentials");
  if (typeof file !== "string" || file === "") {
    throw new AuthError("invalid_argument", "importCredentials needs the path of a JSON file.");
  }
  const advice = "Nothing was saved: correct it, or copy the values into a file of plain JSON " +
    '(no comments) such as { "client_id": "…", "client_secret": "…" }, then import that.';
  const content = await readObject(await currentRuntime(), file, "settings file", advice);
  if (content === null) {
    throw new AuthError(
      "invalid_argument",
      `There is no file "${file}". Give the path of a JSON file.`,
    );
  }
  const values = wanted(known, content);
  const placeholder = Object.entries(values).find(([, value]) => PLACEHOLDER.test(value));
  if (placeholder) {
    throw new AuthError(
      "invalid_argument",
      `"${
        placeholder[0]
      }" in "${file}" is still a placeholder. Put the real value in, then import it again.`,
    );
  }
  const missing = known.requires.filter((name) =>
    values[name] === undefined && known.defaults?.[name] === undefined && name !== "password"
  );
  if (missing.length > 0) {
    throw new AuthError(
      "invalid_argument",
      `"${file}" has no ${missing.join(" and ")}, which ${known.title} needs. Nothing was saved.`,
    );
  }
  return await saveCredentials(known, values, options);
}

/** The provider's values among everything a settings file holds, also one level down. */
function wanted(provider: Provider, content: Record<string, unknown>): Record<string, string> {
  const names = new Set([...provider.requires, ...Object.keys(provider.defaults ?? {}), "key_id"]);
  const values: Record<string, string> = {};
  const take = (entries: Record<string, unknown>, deeper: boolean) => {
    for (const [key, value] of Object.entries(entries)) {
      const plain = key.toLowerCase().replace(/[^a-z0-9]/g, "");
      const name = names.has(key.toLowerCase()) ? key.toLowerCase() : ALIASES[plain] ?? "";
      const isText = typeof value === "string" || typeof value === "number";
      if (isText && names.has(name) && values[name] === undefined) values[name] = String(value);
      else if (deeper && typeof value === "object" && value !== null) {
        take(value as Record<string, unknown>, false);
      }
    }
  };
  take(content, true);
  return values;
}
