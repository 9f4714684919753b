import { cleanValue, CLIENT_FIELDS, USER_FIELDS } from "../credentials/choose_credentials.ts";
import type { Credentials } from "../credentials/credentials.ts";
import { filePath } from "../options/check_options.ts";
import { AuthError } from "../errors.ts";
import { serverOf } from "../profile/find_credentials.ts";
import type { Profile } from "../profile/profile.ts";
import type { Provider } from "../providers/provider.ts";
import { foreignServer } from "../trust.ts";
import { readObject } from "../store/credentials_file.ts";
import { saveCredentials } from "./manage_credentials.ts";

/** Other programs' names for RFC 6749's names, in lower case without separators. */
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
  privatekeyid: "key_id",
  username: "username",
  user: "username",
  email: "username",
  password: "password",
  tenantid: "tenant_id",
  tenant: "tenant_id",
  resource: "resource",
  apiversion: "api_version",
};

/** Placeholders in sample settings. A real secret may also contain `<` and `>`. */
const PLACEHOLDER = /placeholder|^\s*<[^<>]*>\s*$|^\s*insert /i;

/** Reads JSON as .NET's settings write it: with comments, and commas before a closing bracket. */
function parseSettings(text: string): unknown {
  const isText = (part: string) => part.startsWith('"');
  const plain = text.replace(/^\ufeff/, "")
    .replace(
      /"(?:\\.|[^"\\])*"|\/\/[^\r\n]*|\/\*[^]*?(?:\*\/|$)/g,
      (part) => isText(part) ? part : " ",
    )
    .replace(/"(?:\\.|[^"\\])*"|,(?=\s*[}\]])/g, (part) => isText(part) ? part : "");
  return JSON.parse(plain);
}

/** See `importCredentials` of `verbs.ts`. */
export async function importCredentials(
  profile: Profile,
  given: string | URL,
): Promise<Credentials> {
  const { provider: known, runtime } = profile;
  const file = typeof given === "string" || given instanceof URL ? filePath(given) : "";
  if (file === "") {
    throw new AuthError("invalid_argument", "importCredentials needs the path of a JSON file.");
  }
  const advice = "Nothing was saved: correct it, or copy the values into a file of plain JSON " +
    'such as { "client_id": "…", "client_secret": "…" }, then import that.';
  const content = await readObject(
    runtime,
    file,
    "settings file",
    advice,
    undefined,
    parseSettings,
  );
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
  checkServer(profile, content, values, file);
  return await saveCredentials(profile, values);
}

/**
 * Refuses a key if its file says that it is for another server, as Google's key files do.
 *
 * @throws {AuthError} `foreign_server`
 */
function checkServer(
  profile: Profile,
  content: Record<string, unknown>,
  values: Section,
  file: string,
): void {
  const { token_uri: named } = content;
  const asked = serverOf(profile, values);
  if (typeof named !== "string" || !URL.canParse(named) || asked === undefined) return;
  const { origin } = new URL(named);
  if (origin === asked) return;
  throw foreignServer(profile.provider.title, `The credentials in "${file}"`, origin, asked);
}

/** Values that belong together: an ID of one system must not be combined with a secret of another. */
const GROUPS = [[...CLIENT_FIELDS, "key_id"], USER_FIELDS];

type Section = Record<string, string>;

/**
 * Finds the provider's values in a settings file: at the top and in the sections below.
 *
 * @throws {AuthError} `invalid_argument` if they occur several times, or in separate sections
 */
function wanted(
  provider: Provider,
  content: Record<string, unknown>,
  file: string,
): Section {
  const refuse = (problem: string) =>
    new AuthError("invalid_argument", `"${file}" has ${problem}. Nothing was saved.`);
  const isSection = (value: unknown) => typeof value === "object" && value !== null;
  const sections = [content, ...Object.values(content).filter(isSection)]
    .map((section) => valuesIn(provider, section as Record<string, unknown>));
  const values: Section = {};
  const [client] = GROUPS.map((group) => {
    const place = sectionFor(group, provider, sections, refuse);
    for (const name of group) if (place[name] !== undefined) values[name] = place[name];
    return place;
  });
  const names = [...new Set(sections.flatMap(Object.keys))];
  for (const name of names.filter((name) => !GROUPS.flat().includes(name))) {
    const near = client?.[name] ?? sections[0]?.[name];
    const others = new Set(sections.flatMap((section) => section[name] ?? []));
    if (near === undefined && others.size > 1) {
      throw refuse(`several values of ${name}. Put the right one next to the client ID`);
    }
    values[name] = near ?? [...others][0] ?? "";
  }
  // Spelled as in the file, because people look for them there.
  return Object.fromEntries(
    names.flatMap((name) => values[name] === undefined ? [] : [[name, values[name]]]),
  );
}

/** Where a group's values come from: one section, the top first, or the top and one section. */
function sectionFor(
  group: readonly string[],
  provider: Provider,
  sections: Section[],
  refuse: (problem: string) => AuthError,
): Section {
  const [top = {}, ...below] = sections;
  const part = (section: Section): Section =>
    Object.fromEntries(Object.entries(section).filter(([name]) => group.includes(name)));
  const needed = group.filter((name) => name !== "password" && provider.requires.includes(name));
  const count = (section: Section) => needed.filter((name) => section[name] !== undefined).length;
  const withTop = below.map((section) => ({ ...part(top), ...section }));
  const places = [[top], below, withTop]
    .map((some) => some.filter((section) => count(section) === needed.length))
    .find((whole) => whole.length > 0);
  const what = needed.join(" and ");
  const others = GROUPS.filter((other) => other !== group).flat();
  const compared = group === GROUPS[0] ? (name: string) => !others.includes(name) : isIn(group);
  if (places && conflict(places, compared)) {
    throw refuse(`${what} in several sections. Copy the right one into a file, and import that`);
  }
  if (!places && needed.every((name) => sections.some((one) => one[name] !== undefined))) {
    throw refuse(`${what} in different sections. Put them into one`);
  }
  // Half a client is refused later, with a message that names what is missing.
  const place = places?.[0] ?? sections.toSorted((one, other) => count(other) - count(one))[0];
  // A password or a key ID may be elsewhere, if no other client is named there.
  const rest = sections.map(part);
  return conflict(rest, isIn(group)) ? place ?? top : Object.assign({}, ...rest, place);
}

const isIn = (names: readonly string[]) => (name: string) => names.includes(name);

/** Whether sections have different values for one name. */
function conflict(sections: Section[], compared: (name: string) => boolean): boolean {
  return [...new Set(sections.flatMap(Object.keys))].filter(compared).some((name) =>
    new Set(sections.flatMap((section) => section[name] ?? [])).size > 1
  );
}

function missingOf(provider: Provider, values: Record<string, string>): string[] {
  return provider.requires.filter((name) =>
    values[name] === undefined && provider.defaults?.[name] === undefined && name !== "password"
  );
}

/** A section's values, by this module's names. Empty values are left out. */
function valuesIn(provider: Provider, section: Record<string, unknown>): Record<string, string> {
  const { requires, optional = [], defaults = {} } = provider;
  const names = new Set([...requires, ...optional, ...Object.keys(defaults), "key_id"]);
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(section)) {
    const plain = key.toLowerCase().replace(/[^a-z0-9]/g, "");
    const alias = Object.hasOwn(ALIASES, plain) ? ALIASES[plain] ?? "" : "";
    const name = names.has(key.toLowerCase()) ? key.toLowerCase() : alias;
    const isText = typeof value === "string" || typeof value === "number";
    const clean = isText ? cleanValue(name, String(value)) : "";
    if (clean !== "" && names.has(name)) values[name] ??= clean;
  }
  return values;
}
