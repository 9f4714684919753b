import { savedAbove } from "../address/saved_address.ts";
import { environmentCredentials } from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import { plain } from "../base/text.ts";
import * as lazy from "../lazy.ts";
import { profileOf } from "../profile/profile.ts";
import type { Provider } from "../providers/provider.ts";
import { allProviders } from "../profile/known_systems.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { resolveSystem } from "../providers/system.ts";
import { type Context, textOf, UsageError } from "./command.ts";
import type { Host } from "./host.ts";
import { openSession } from "./open_session.ts";
import { say } from "./say.ts";
import { findTarget, sessionOptions } from "./target.ts";

/** `onecell fetch [SYSTEM] URL` */
export async function fetchUrl(context: Context): Promise<number> {
  const { host, signal } = context;
  const target = await findTarget(await withProvider(context));
  const { provider, rest: [url, extra] } = target;
  if (url === undefined || extra !== undefined) {
    throw new UsageError("Give one URL: onecell fetch [SYSTEM] URL", "fetch");
  }
  const init = await requestInit(context);
  const session = await openSession(context, target);
  const response = await session.fetch(url, { ...init, signal }).catch((error: unknown) => {
    throw isForeign(error) ? hintAtOrigin(error, new URL(url, session.apiUrl).origin) : error;
  });
  if (context.flags.has("include")) await host.write(headOf(response));
  await writeBody(host, response, textOf(context, "output"));
  if (response.ok) return 0;
  say(host, `api_error: ${provider.title} returned HTTP ${response.status}.`);
  return 1;
}

const isForeign = (error: unknown): error is AuthError =>
  error instanceof AuthError && error.code === "foreign_origin";

/** The error names an option of `getSession`; a command has its own. */
function hintAtOrigin(error: AuthError, origin: string): AuthError {
  return new AuthError(error.code, `${error.message} For this command: --origin ${origin}`);
}

/** Adds the provider's name before a URL that identifies it. */
async function withProvider(context: Context): Promise<Context> {
  const { words, host: { runtime } } = context;
  const [word] = words;
  const isNamed = words.length !== 1 || textOf(context, "provider") !== undefined;
  if (isNamed || word === undefined) return context;
  const providers = await allProviders(runtime);
  if (providers.some(({ name }) => name === word)) return context;
  if (!URL.canParse(word)) {
    throw new UsageError(
      `Name the system that "${word}" belongs to: onecell fetch SYSTEM ${word}`,
      "fetch",
    );
  }
  const { origin } = new URL(word);
  const able = providers.filter((provider) => originsOf(runtime, provider).has(origin));
  const [found, another] = able;
  if (found && !another) return { ...context, words: [found.name, word] };
  const { directory } = sessionOptions(context);
  const address = found ? undefined : await savedAbove(runtime, new URL(word), directory);
  if (address !== undefined) return { ...context, words: [address, word] };
  const names = (able.length > 0 ? able : providers).map(({ name }) => name).join(", ");
  throw new UsageError(
    `${origin} ${
      able.length > 0 ? "belongs to more than one system" : "belongs to no known system"
    }. ` +
      `Name it: onecell fetch SYSTEM URL (${names})${
        able.length > 0 ? "" : `, or sign in to it first: onecell login ${origin}`
      }`,
    "fetch",
  );
}

/** Where a registered system's token may be sent. */
function originsOf(runtime: Runtime, provider: Provider): ReadonlySet<string> {
  const get = (name: string) => runtime.getEnvironment(name);
  const values = { ...provider.defaults, ...environmentCredentials(provider, get) };
  try {
    return resolveSystem(provider, profileOf(provider, {}, runtime, lazy.storeDrivers).urls, values)
      .origins;
  } catch {
    return new Set(); // its URLs are not known without its credentials
  }
}

async function requestInit(context: Context): Promise<RequestInit> {
  const headers = new Headers();
  for (const line of context.texts["header"] ?? []) {
    const colon = line.indexOf(":");
    // The line itself may contain a secret.
    if (colon < 1) throw new UsageError("Write a header as 'Name: value'.", "fetch");
    try {
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      throw new UsageError(
        "A header has an invalid character: names take letters, digits and hyphens, values one line of Latin-1.",
        "fetch",
      );
    }
  }
  const data = textOf(context, "data");
  const method = textOf(context, "request")?.toUpperCase();
  const init: RequestInit = { headers };
  if (data !== undefined) {
    const body = await readData(context.host, data);
    if (!headers.has("content-type")) headers.set("content-type", contentType(body));
    init.body = body;
    init.method = method ?? "POST";
  } else if (method !== undefined) init.method = method;
  if (init.body !== undefined && /^(GET|HEAD)$/.test(init.method ?? "")) {
    throw new UsageError(`A ${init.method} request cannot have a body. Leave out --data.`, "fetch");
  }
  return init;
}

async function readData(host: Host, data: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!data.startsWith("@")) return new TextEncoder().encode(data);
  if (data === "@-") return await host.readInput();
  try {
    return await host.readFile(data.slice(1));
  } catch (error) {
    throw fileError(error, `The file "${data.slice(1)}" cannot be read`);
  }
}

/** The content type of a body: JSON, else a form, as other programs send it. */
function contentType(body: Uint8Array): string {
  const text = new TextDecoder().decode(body);
  try {
    if (/^\s*[[{]/.test(text)) {
      JSON.parse(text);
      return "application/json";
    }
  } catch { /* then it is not */ }
  return "application/x-www-form-urlencoded";
}

function headOf(response: Response): string {
  const lines = [`HTTP ${response.status} ${response.statusText}`.trimEnd()];
  for (const [name, value] of response.headers) lines.push(`${name}: ${value}`);
  return lines.map((line) => `${plain(line)}\n`).join("") + "\n";
}

async function writeBody(host: Host, response: Response, path: string | undefined): Promise<void> {
  let file;
  try {
    file = path === undefined || path === "-" ? undefined : await host.createFile(path);
  } catch (error) {
    await response.body?.cancel();
    throw fileError(error, `The file "${path}" cannot be written`);
  }
  let last = 10;
  // A body may contain control characters for the terminal. For the raw body, use "-o -" or redirect the
  // output.
  const shown = path === undefined && host.outputIsTerminal ? new TextDecoder() : undefined;
  try {
    for await (const part of response.body ?? []) {
      if (file) await file.write(part);
      else if (shown) await host.write(visibleLines(shown.decode(part, { stream: true })));
      else await host.write(part);
      last = part.at(-1) ?? last;
    }
    // In a terminal, the shell's prompt starts on its own line; a file gets exactly what was sent.
    if (!file && host.outputIsTerminal && last !== 10) await host.write("\n");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new AuthError("network", "The response was cut off. Try again.", {
      cause: error,
    });
  } finally {
    await file?.close();
  }
}

/** Removes control characters from a text, except line ends. */
function visibleLines(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(/[^\n\t]+/g, plain);
}

function fileError(error: unknown, what: string): AuthError {
  const code = (error as { code?: unknown }).code;
  const reason = code === "ENOENT"
    ? "it does not exist"
    : code === "EACCES" || code === "EPERM"
    ? "permission denied"
    : code === "EISDIR"
    ? "it is a folder"
    : "check its path and the disk";
  return new AuthError("invalid_argument", `${what}: ${reason}.`, { cause: error });
}
