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
  const values = wanted(known, content, file);
  const placeholder = Object.entries(values).find(([, value]) => PLACEHOLDER.test(value));
  if (placeholder) {
    throw new AuthError(
      "invalid_argument",
      `"${
        placeholder[0]
      }" in "${file}" is still a placeholder. Put the real value in, then import it again.`,
    );
  }
  const missing = missingOf(known, values);
  if (missing.length > 0) {
    throw new AuthError(
      "invalid_argument",
      `"${file}" has no ${missing.join(" and ")}, which ${known.title} needs. Nothing was saved.`,
    );
  }
  return await saveCredentials(known, values, options);
}

/** What says who signs in: taken from one place, or one system's id would meet another's secret. */
const IDENTITY = ["client_id", "client_secret", "private_key", "key_id", "username", "password"];

/**
 * The provider's values in a settings file: those at its top, or in one of the sections below it,
 * where the top may have what says nothing of who signs in.
 *
 * @throws {AuthError} `invalid_argument` when several sections have all of them
 */
function wanted(
  provider: Provider,
  content: Record<string, unknown>,
  file: string,
): Record<string, string> {
  const top = valuesOf(provider, content);
  const common = Object.entries(top).filter(([name]) => !IDENTITY.includes(name));
  const sections = Object.values(content).filter((value) =>
    typeof value === "object" && value !== null
  ).map((section) => valuesOf(provider, section as Record<string, unknown>))
    .filter((values) => IDENTITY.some((name) => values[name] !== undefined))
    .map((values) => ({ ...Object.fromEntries(common), ...values }));
  if (missingOf(provider, top).length === 0) return top;
  const whole = sections.filter((values) => missingOf(provider, values).length === 0);
  if (new Set(whole.map((values) => JSON.stringify(values))).size > 1) {
    throw new AuthError(
      "invalid_argument",
      `"${file}" has several sections with ${provider.title}'s values. Copy the right one into a file ` +
        "of its own, then import that. Nothing was saved.",
    );
  }
  const most = (one: Record<string, string>, other: Record<string, string>) =>
    missingOf(provider, one).length - missingOf(provider, other).length;
  return whole[0] ?? [top, ...sections].sort(most)[0] ?? {};
}

function missingOf(provider: Provider, values: Record<string, string>): string[] {
  return provider.requires.filter((name) =>
    values[name] === undefined && provider.defaults?.[name] === undefined && name !== "password"
  );
}

/** The values of one section, by this module's names; an empty one is none. */
function valuesOf(provider: Provider, section: Record<string, unknown>): Record<string, string> {
  const names = new Set([...provider.requires, ...Object.keys(provider.defaults ?? {}), "key_id"]);
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(section)) {
    const plain = key.toLowerCase().replace(/[^a-z0-9]/g, "");
    const name = names.has(key.toLowerCase()) ? key.toLowerCase() : ALIASES[plain] ?? "";
    const isText = (typeof value === "string" && value !== "") || typeof value === "number";
    if (isText && names.has(name)) values[name] ??= String(value);
  }
  return values;
}
