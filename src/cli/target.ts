import { findAddress } from "../address/find_address.ts";
import { didYouMean } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import { filePath, isAbsolute } from "../options/check_options.ts";
import type { CheckedOptions } from "../options/options.ts";
import { checkProvider } from "../providers/define_provider.ts";
import type { ClientAuthentication, Grant, Provider } from "../providers/provider.ts";
import { allProviders, readProvider, systemAt, systemNamed } from "../profile/known_systems.ts";
import { findProvider, isAddress, providers } from "../providers/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Context, type Given, textOf, UsageError } from "./command.ts";
import { say } from "./say.ts";
import { ASKING, terminalPerson } from "./terminal_person.ts";
import { verboseFetch } from "./verbose_fetch.ts";
import * as lazy from "../lazy.ts";

/** Which system a command is about. */
export interface Target {
  provider: Provider;
  /** The options for `getSession` from the command line. */
  options: CheckedOptions;
  /** The words after the system's name. */
  rest: readonly string[];
}

/**
 * Finds out which system is meant: a file, a registered name, or the caller's own name with URLs.
 *
 * @throws {UsageError} if none is named; {AuthError} if it does not exist
 */
export async function findTarget(context: Context): Promise<Target> {
  const { words, name: command } = context;
  const options = sessionOptions(context);
  const file = textOf(context, "provider");
  if (file !== undefined) {
    const [word] = words;
    if (word !== undefined && !TAKES_WORDS.includes(command)) {
      throw new UsageError(`"${word}" and --provider both name a system. Leave one out.`, command);
    }
    const own = ownOption(context);
    if (own !== undefined) throw new UsageError(`--${own} belongs in ${file}.`, command);
    return { provider: await readProvider(context.host.runtime, file), options, rest: words };
  }
  const [name, ...rest] = words;
  if (name === undefined) {
    const known = await allProviders(context.host.runtime);
    const names = known.map(({ name }) => name).join(", ");
    throw new UsageError(`Name the system: onecell ${command} SYSTEM. Known: ${names}.`, command);
  }
  if (isAddress(name)) return { ...await findByAddress(context, name, options), rest };
  return { provider: await findNamed(context, name), options, rest };
}

/** Finds a system by its API's address: a known system, or one to learn about by signing in. */
async function findByAddress(
  context: Context,
  name: string,
  options: CheckedOptions,
): Promise<Omit<Target, "rest">> {
  const { host: { runtime }, name: command, flags } = context;
  const own = ownOption(context);
  if (own !== undefined) {
    throw new UsageError(`--${own} does not go with an address: leave it out.`, command);
  }
  const purpose = PURPOSES[command] ?? "look";
  const asking = {
    interactive: !flags.has("no-input"),
    forceLogin: flags.has("force"),
    person: terminalPerson(context, {}, ASKING),
  };
  let found = options;
  const provider = await findProvider(name, async (asked) => {
    const address = String(asked);
    const defined = await systemAt(runtime, address);
    if (defined) return defined;
    const all = { ...options, ...asking } as CheckedOptions;
    const { storeDrivers: drivers } = lazy;
    const learnt = await findAddress({ address, purpose, options: all, runtime, drivers });
    const { interactive: _, forceLogin: __, person: ___, ...rest } = learnt.options;
    if (learnt.note !== undefined) say(context.host, learnt.note);
    found = rest;
    return learnt.provider;
  });
  return { provider, options: found };
}

/** The commands that sign in, and the one that contacts only the API. */
const PURPOSES: Readonly<Record<string, "sign_in" | "examine">> = {
  login: "sign_in",
  token: "sign_in",
  run: "sign_in",
  fetch: "sign_in",
  doctor: "examine",
};

/** Commands that take more words than the system. */
const TAKES_WORDS = ["fetch", "import", "run", "switch", "token"];

/** The option that describes the caller's own system, if given. */
function ownOption({ texts }: Given): string | undefined {
  return ["grant", "client-authentication"].find((option) => texts[option]);
}

async function findNamed(given: Context, name: string): Promise<Provider> {
  const { name: command, host: { runtime } } = given;
  const unseen: AuthError[] = [];
  const registered = providers.find((provider) => provider.name === name) ??
    await systemNamed(runtime, name, unseen);
  const own = ownOption(given);
  if (registered) {
    if (own === undefined) return registered;
    throw new UsageError(
      `--${own} is only for a system of your own, and ${name} is a known one.`,
      command,
    );
  }
  const issuer = textOf(given, "issuer");
  const apiUrl = textOf(given, "api-url");
  if (issuer === undefined || apiUrl === undefined) {
    if (issuer !== undefined || apiUrl !== undefined || own !== undefined) {
      throw new UsageError("A system of your own needs both --issuer and --api-url.", command);
    }
    throw await unknownProvider(runtime, name, unseen);
  }
  const grant = textOf(given, "grant") as Grant | undefined;
  const clientAuthentication = textOf(given, "client-authentication") as
    | ClientAuthentication
    | undefined;
  return checkProvider({
    name,
    issuer,
    apiUrl,
    ...(grant === undefined ? {} : { grant }),
    ...(clientAuthentication === undefined ? {} : { clientAuthentication }),
  });
}

/** @param unseen why folders with definitions could not be read */
async function unknownProvider(
  runtime: Runtime,
  name: string,
  unseen: readonly AuthError[],
): Promise<AuthError> {
  const names = (await allProviders(runtime)).map(({ name }) => name);
  const meant = didYouMean(name.slice(0, 60), names);
  const [forbidden] = unseen;
  if (meant === "" && forbidden !== undefined) return forbidden;
  const hint = meant ||
    ` Known: ${
        names.join(", ")
      }. For another system, add its definition (onecell provider add FILE), or ` +
      "give --provider FILE, or --issuer and --api-url.";
  return new AuthError(
    "unknown_provider",
    `There is no system called "${name.slice(0, 60)}".${hint}`,
  );
}

/** The options that commands share, by `getSession`'s names. */
export function sessionOptions(context: Context): CheckedOptions {
  const options: CheckedOptions = { signal: context.signal };
  const set = <
    Name extends "issuer" | "authUrl" | "apiUrl" | "directory" | "scope" | "sessionKey" | "account",
  >(
    name: Name,
    option: string,
  ) => {
    const value = textOf(context, option);
    // An empty value comes from an unset shell variable; the default would be another folder.
    if (value === "") throw new UsageError(`--${option} is empty.`);
    if (value === undefined) return;
    const isRelative = name === "directory" && !isAbsolute(filePath(value));
    options[name] = isRelative ? `${context.host.workingDirectory()}/${value}` : value;
  };
  set("issuer", "issuer");
  set("authUrl", "auth-url");
  set("apiUrl", "api-url");
  set("directory", "directory");
  set("scope", "scope");
  set("account", "account");
  set("sessionKey", "session-key");
  const origins = context.texts["origin"];
  if (origins !== undefined) options.origins = origins;
  if (context.flags.has("verbose")) options.fetch = verboseFetch(context.host.runtime);
  return options;
}
