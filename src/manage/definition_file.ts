/**
 * A definition that somebody wants to add: its faults, where it would send what, and the file to keep it
 * in. Only the command loads this. `profile/known_systems.ts` finds definitions again.
 *
 * @module
 */
import { isObject } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import { readCapped } from "../http/token_fetch.ts";
import {
  checkOwnFolder,
  type DefinitionFolder,
  definitionFolders,
  parseJson,
  systemNamed,
  withoutSchema,
} from "../profile/known_systems.ts";
import { variableFor } from "../credentials/choose_credentials.ts";
import { fieldName } from "../credentials/missing_credentials.ts";
import { defineForeign, reachesOf } from "../providers/foreign_definition.ts";
import type { Provider } from "../providers/provider.ts";
import { joinUrl } from "../providers/system.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readObject } from "../store/credentials_file.ts";
import { joinPath, parentPath, readSafely, storeError } from "../store/disk.ts";
import { removePrivateFile, writePrivateFile } from "../store/private_file.ts";
import { checkTransport, isLoopback, isSecretField } from "../trust.ts";

/** One fault in a definition. */
export interface Fault {
  readonly message: string;
  /** The line, counted from 1, if it is known. */
  readonly line?: number;
}

/** Replaces a wrong value, so that the rest can be checked. */
const SOME_URL = "https://placeholder.invalid";
/** How many faults are reported at most. */
const MOST = 50;

/** Reads a definition from text, and finds all of its faults. Pure. */
export function examineDefinition(text: string): { provider?: Provider; faults: Fault[] } {
  let read: unknown;
  try {
    read = parseJson(text);
  } catch (error) {
    const line = lineOfError(text, (error as Error).message);
    return { faults: [{ message: "It is not valid JSON.", ...(line ? { line } : {}) }] };
  }
  const input = withoutSchema(structuredClone(read));
  const faults: Fault[] = [];
  // Remove each fault to find the next one.
  while (faults.length < MOST) {
    try {
      const provider = defineForeign(input, { agreed: true });
      return faults.length === 0 ? { provider, faults } : { faults };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const message = error.message.replace(/^defineProvider: /, "");
      const [, path = ""] = /"([^"]+)"/.exec(message) ?? [];
      const line = lineOf(text, path);
      if (faults.some((fault) => fault.message === message)) break;
      faults.push({ message, ...(line === undefined ? {} : { line }) });
      if (!repair(input, path, message)) break;
    }
  }
  return { faults };
}

/** Removes the faulty value at a path; false if that is not possible. */
function repair(definition: unknown, path: string, message: string): boolean {
  if (!isObject(definition)) return false;
  if (/^Give "issuer"|needs "endpoints/.test(message)) definition["issuer"] = SOME_URL;
  else if (message.includes('"authUrl" must be given')) definition["authUrl"] = SOME_URL;
  else if (/^The (?:grant|client authentication) /.test(message)) {
    delete definition["grant"];
    delete definition["clientAuthentication"];
  } else {
    const names = path.replace(/\[\d+\]/g, "").split(".");
    const [top = "", inner] = names;
    const inside = definition[top];
    const stands = STANDS_FOR[path];
    if (message.endsWith("is missing.") || stands !== undefined) {
      place(definition, names, stands ?? SOME_URL);
    } else if (inner !== undefined && typeof inside === "object" && inside !== null) {
      delete (inside as Record<string, unknown>)[inner];
    } else delete definition[top];
  }
  return true;
}

/** Placeholders for required members. */
const STANDS_FOR: Readonly<Record<string, unknown>> = {
  name: "placeholder",
  apiUrl: SOME_URL,
  "paste.endpointHosts": ["placeholder.invalid"],
};

function place(
  definition: Record<string, unknown>,
  [top = "", inner]: readonly string[],
  value: unknown,
): void {
  if (inner === undefined) definition[top] = value;
  else definition[top] = { ...definition[top] as object, [inner]: value };
}

/**
 * The line of a member, by its path. For a missing member it is the line of its object. If the name occurs
 * several times, it is the first.
 */
function lineOf(text: string, path: string): number | undefined {
  let at = -1;
  for (const name of path.replace(/\[\d+\]/g, "").split(".")) {
    const found = name === "" ? -1 : text.indexOf(JSON.stringify(name), at + 1);
    if (found === -1) break;
    at = found;
  }
  return at === -1 ? undefined : text.slice(0, at).split("\n").length;
}

/** The line in a parser's message. The message itself quotes the text, so it is not shown. */
function lineOfError(text: string, message: string): number | undefined {
  const [, line] = /\bline (\d+)/.exec(message) ?? [];
  if (line !== undefined) return Number(line);
  const [, position] = /\bposition (\d+)/.exec(message) ?? [];
  const end = position === undefined ? undefined : Number(position);
  if (end === undefined && !message.includes("end of JSON")) return undefined;
  return text.slice(0, end).split("\n").length;
}

/** What a definition does with what a person enters, row by row, for people. Pure. */
export function definitionRows(provider: Provider): [name: string, text: string][] {
  const { grant, clientAuthentication, requires, endpoints, enrolment, paste, issuer } = provider;
  const asked = requires.filter((field) => provider.defaults?.[field] === undefined);
  const secrets = asked.filter(isSecretField);
  const at = (url: string | undefined) =>
    url === undefined ? [] : [hostOf(joinUrl(provider.authUrl ?? "", url))];
  const discovered = issuer === undefined || provider.discovery === false
    ? []
    : [`${hostOf(issuer)} and the endpoints in its metadata`];
  const servers = [...at(endpoints.token), ...at(endpoints.deviceAuthorization), ...discovered];
  const rows: [string, string | readonly string[]][] = [
    ["Name", `${provider.name}${provider.title === provider.name ? "" : ` (${provider.title})`}`],
    [
      "Signs in with",
      provider.tokenCommand
        ? "a command"
        : `${grant} (client authentication: ${clientAuthentication})`,
    ],
    ["Signs in at", servers],
    ["Asks for", enrolment ? "username and password" : asked.map(fieldName)],
    ["Username and password go to", at(enrolment?.login)],
    [
      `${capital(secrets.map(fieldName).join(" and "))} ${secrets.length > 1 ? "go" : "goes"} to`,
      secrets.length === 0 ? [] : [...servers, ...paste?.endpointHosts ?? []],
    ],
    ["A browser is sent to", [...at(endpoints.authorization), ...at(paste?.page)]],
    ["The access token goes to", [provider.apiUrl, ...provider.origins ?? []].map(hostOf)],
    ["Variables", asked.map((field) => variableFor(provider, field))],
    ["Documentation", provider.documentation ?? []],
  ];
  const told = rows.map(([name, text]): [string, string] => [
    name,
    typeof text === "string" ? text : [...new Set(text)].join(", "),
  ]);
  return told.filter(([, text]) => text !== "");
}

/** What a person should consider before adding a definition. Pure. */
export function definitionWarnings(provider: Provider): string[] {
  const secrets = Object.keys(provider.defaults ?? {}).filter(isSecretField);
  return [
    ...reachesOf(provider).map(({ field, text }) => `Its ${field} ${text}.`),
    ...secrets.map((field) =>
      `It holds a ${fieldName(field)}, which everyone who has the file can read.`
    ),
  ];
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** A URL's host. If the URL begins with a credential value, the text itself. */
function hostOf(url: string): string {
  return /^[a-z]+:\/\/([^/?#]+)/i.exec(url)?.[1] ?? url;
}

/** How long a download may take, in milliseconds. */
const DOWNLOAD_TIME = 30_000;
/** How many redirects are followed at most. */
const REDIRECTS = 3;

/**
 * Downloads a definition: over https or from this machine, and only from the host in the URL.
 *
 * @param send a `fetch`
 * @throws {AuthError} `insecure_url`, `redirect_refused`, `bad_response`, `network`, `invalid_argument`
 */
export async function downloadDefinition(
  address: string,
  runtime: Runtime,
  signal: AbortSignal,
  send: typeof fetch = fetch,
): Promise<string> {
  let url = checkTransport(address, "definition's URL");
  for (let redirects = 0;; redirects++) {
    const ask = isLoopback(url.hostname) ? runtime.loopbackFetch : send;
    let response: Response;
    try {
      response = await ask(url, {
        headers: { accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_TIME)]),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new AuthError(
        "network",
        `${url.host} did not respond. Check the URL and the network.`,
        {
          cause: error,
        },
      );
    }
    const { status } = response;
    if (status >= 300 && status < 400) {
      await response.body?.cancel();
      const to = response.headers.get("location") ?? "";
      const next = URL.canParse(to, url) ? new URL(to, url) : undefined;
      if (next?.origin === url.origin && redirects < REDIRECTS) {
        url = next;
        continue;
      }
      throw new AuthError(
        "redirect_refused",
        `${url.host} redirects to ${
          next?.host ?? "an invalid URL"
        }, which was not followed. Check where it ` +
          "leads, and give that URL.",
        { status },
      );
    }
    if (status !== 200) {
      await response.body?.cancel();
      throw new AuthError(
        "bad_response",
        `${url.host} has no definition at this URL (HTTP ${status}). Check the URL.`,
        { status },
      );
    }
    return await readCapped(response, url.host);
  }
}

/** The file for a definition, and what it holds now. */
export interface DefinitionPlace {
  readonly path: string;
  readonly whose: DefinitionFolder["whose"];
  /** What the file holds already: a definition, or something damaged. */
  readonly there: "nothing" | "same" | "another";
}

/**
 * Finds the file to keep a definition in: in the first folder of definitions.
 *
 * @throws {AuthError} `store_unavailable` if the person has no folder; `permission_denied`;
 * `invalid_argument` if its configuration folder is another program's
 */
export async function placeFor(
  runtime: Runtime,
  name: string,
  text: string,
): Promise<DefinitionPlace> {
  const [folder] = definitionFolders(runtime);
  if (folder === undefined || folder.whose === "administrator") {
    throw new AuthError(
      "store_unavailable",
      "There is no folder for definitions. Set HOME or ONECELL_PROVIDERS.",
    );
  }
  await checkOwnFolder(runtime, name);
  const path = joinPath(runtime, folder.path, `${name}.json`);
  const isSame = (one: unknown) => JSON.stringify(one) === JSON.stringify(parseJson(text));
  try {
    const there = await readObject(runtime, path, "definition", "", readSafely, parseJson);
    return {
      path,
      whose: folder.whose,
      there: there === null ? "nothing" : isSame(there) ? "same" : "another",
    };
  } catch (error) {
    if (!AuthError.is(error, "credentials_damaged")) throw error;
    return { path, whose: folder.whose, there: "another" };
  }
}

/**
 * Saves a definition that a person has agreed to, so that its system can be used by name.
 *
 * @throws {AuthError} `store_unavailable`, `permission_denied`; `invalid_argument` if it could not be used,
 * such as in a folder that others can write to
 */
export async function keepDefinition(
  runtime: Runtime,
  provider: Provider,
  text: string,
  { path, whose, there }: DefinitionPlace,
): Promise<void> {
  const [reach] = reachesOf(provider);
  if (reach !== undefined && whose === "variable") {
    throw new AuthError(
      "invalid_argument",
      `The definition's "${reach.field}" ${reach.text}. That is not allowed in a folder from ` +
        "ONECELL_PROVIDERS. Unset the variable, and add the definition to your own folder.",
    );
  }
  if (there !== "same") {
    try {
      await writePrivateFile(runtime, path, text.replace(/^\ufeff/, ""));
    } catch (error) {
      throw storeError(runtime, error, `write "${path}"`, parentPath(path));
    }
  }
  // Its error says why the definition would not be used.
  await systemNamed(runtime, provider.name);
}

/**
 * Removes one of the person's own definitions.
 *
 * @returns the file that was removed
 * @throws {AuthError} `unknown_provider` if there is none; `store_unavailable`, `permission_denied`
 */
export async function removeDefinition(runtime: Runtime, name: string): Promise<string> {
  const isName = /^[a-z0-9][a-z0-9-]*$/.test(name);
  for (const { path: folder, whose } of isName ? definitionFolders(runtime) : []) {
    if (whose === "administrator") continue;
    const path = joinPath(runtime, folder, `${name}.json`);
    try {
      if (await removePrivateFile(runtime, path)) return path;
    } catch (error) {
      throw storeError(runtime, error, `remove "${path}"`, folder);
    }
  }
  throw new AuthError(
    "unknown_provider",
    `You have no definition called "${name.slice(0, 60)}". See: onecell providers`,
  );
}
