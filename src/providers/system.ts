import { AuthError } from "../errors.ts";
import { checkTransport, fitsUrl, type UrlPart } from "../trust.ts";
import type { CredentialValues, Endpoints, Provider } from "./provider.ts";

/** URLs that replace the provider's, such as a test system's. */
export interface ProviderUrls {
  /** Replaces {@linkcode Provider.authUrl}. Environment: `<PREFIX>_AUTH_URL`. */
  authUrl?: string;
  /** Replaces {@linkcode Provider.apiUrl}. Environment: `<PREFIX>_API_URL`. */
  apiUrl?: string;
  /** Replaces {@linkcode Provider.issuer}. Environment: `<PREFIX>_ISSUER`. */
  issuer?: string;
}

/** A provider with every URL filled in and checked: where one session's requests go. */
export interface System {
  readonly provider: Provider;
  readonly endpoints: Readonly<Endpoints>;
  readonly issuer: string | undefined;
  /** Base URL of the API, with a final slash. */
  readonly apiUrl: URL;
  /** The origins that may get the access token. */
  readonly origins: ReadonlySet<string>;
  /** The enrolment's two URLs. */
  readonly enrolment: { login: string; clients: string } | undefined;
  /** The sign-in page, if the provider has a paste sign-in. */
  readonly pastePage: string | undefined;
  /** Hosts that a pasted package may name. */
  readonly pasteHosts: readonly string[];
  readonly probe: string | undefined;
}

/**
 * The environment's values for a provider's URLs. It also reads a variable for a URL that the definition
 * does not have, unless code names another server: if it were ignored, a secret would go to the very server
 * that the variable replaces.
 *
 * @param isMoved true if the caller names another authorization server
 */
export function environmentUrls(
  provider: Provider,
  get: (name: string) => string | undefined,
  isMoved: boolean,
): ProviderUrls {
  const urls: ProviderUrls = Object.create(null);
  const read = (field: keyof ProviderUrls, suffix: string) => {
    const value = get(`${provider.environmentPrefix}_${suffix}`)?.trim();
    if (value) urls[field] = value;
  };
  if (provider.authUrl !== undefined || !isMoved) read("authUrl", "AUTH_URL");
  if (provider.issuer !== undefined || !isMoved) read("issuer", "ISSUER");
  read("apiUrl", "API_URL");
  return urls;
}

/**
 * Fills in a provider's URLs.
 *
 * @param urls what replaces the provider's own
 * @param values what `{name}` stands for
 * @param origins more origins that may get the token, as the caller allows
 * @throws {AuthError} `insecure_url` or `invalid_argument`
 */
export function resolveSystem(
  provider: Provider,
  urls: ProviderUrls,
  values: CredentialValues,
  origins: readonly string[] = [],
): System {
  const isMoved = own(urls, "authUrl") !== undefined || own(urls, "issuer") !== undefined;
  if (isMoved) checkOverrides(provider, urls);
  const pick = (field: keyof ProviderUrls) => own(urls, field) ?? own(provider, field);
  const fill = (text: string) => fillIn(text, values, provider);
  const authUrl = pick("authUrl");
  const checked = (text: string, what: string) => {
    const url = fill(text);
    checkTransport(url, what);
    return url;
  };
  const resolve = (path: string, what: string) =>
    checked(authUrl === undefined ? path : joinUrl(authUrl, path), what);
  const endpoints: Endpoints = Object.create(null);
  for (const [name, path] of Object.entries(provider.endpoints)) {
    if (path !== undefined && staysAt(path, urls)) {
      endpoints[name as keyof Endpoints] = resolve(path, `${name} endpoint`);
    }
  }
  const issuer = pick("issuer");
  const apiUrl = checkTransport(fill(pick("apiUrl") ?? ""), "API's URL");
  if (!apiUrl.pathname.endsWith("/")) apiUrl.pathname += "/";
  const { enrolment, paste } = provider;
  // Computed only on request, because few starts need it.
  return {
    provider,
    endpoints,
    issuer: issuer === undefined ? undefined : checked(issuer, "issuer"),
    apiUrl,
    origins: new Set([
      apiUrl.origin,
      ...[...(provider.origins ?? []), ...origins].map((url) =>
        checkTransport(fill(url), "allowed origin").origin
      ),
    ]),
    get enrolment() {
      return enrolment && {
        login: resolve(enrolment.login, "login URL"),
        clients: resolve(enrolment.clients, "client creation URL"),
      };
    },
    get pastePage() {
      return paste && resolve(paste.page, "sign-in page");
    },
    get pasteHosts() {
      const page = this.pastePage;
      // If an option or the environment moves the sign-in page, its own host is trusted.
      return page ? [...(paste?.endpointHosts ?? []), new URL(page).host] : [];
    },
    get probe() {
      return provider.probe && fill(provider.probe);
    },
  };
}

/**
 * Distinguishes this system from the same provider elsewhere, such as a test system: by its server, and by
 * its API if that is not the provider's own.
 */
export function systemIdentity(system: System): string {
  const { issuer, endpoints, pastePage, apiUrl, provider } = system;
  const server = issuer ?? endpoints.token ?? pastePage ?? apiUrl.origin;
  const isHome = URL.canParse(server) &&
    serverOrigin(provider, {}, provider.defaults ?? {}) === new URL(server).origin;
  if (!isHome || provider.apiUrl.includes("{")) return server;
  return new URL(provider.apiUrl).origin === apiUrl.origin ? server : `${server} ${apiUrl.origin}`;
}

/**
 * The origin of the authorization server, to which saved credentials belong. `undefined` if its URL needs a
 * value that is not known yet.
 */
export function serverOrigin(
  provider: Provider,
  urls: ProviderUrls,
  values: CredentialValues,
): string | undefined {
  const { endpoints, paste, enrolment } = provider;
  const token = own(endpoints, "token");
  // A fixed endpoint gets the secret, even if another issuer is named as well.
  const url = (token !== undefined && staysAt(token, urls) ? token : undefined) ??
    own(urls, "issuer") ?? own(provider, "issuer") ??
    paste?.page ?? enrolment?.login ?? provider.apiUrl;
  const authUrl = own(urls, "authUrl") ?? own(provider, "authUrl");
  try {
    return new URL(fillIn(authUrl === undefined ? url : joinUrl(authUrl, url), values, provider))
      .origin;
  } catch {
    return undefined;
  }
}

/** Joins a path to a base URL, keeping the base's own path; an absolute URL replaces it. */
export function joinUrl(base: string, path: string): string {
  if (!path.startsWith("/")) return path;
  let end = base.length;
  while (base.charAt(end - 1) === "/") end--;
  return base.slice(0, end) + path;
}

/** An object's own member: properties that a program added to `Object.prototype` must have no effect. */
function own<T extends object, K extends keyof T>(value: T, name: K): T[K] | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Whether an endpoint of the definition is still used: another issuer names its own endpoints. */
function staysAt(path: string, urls: ProviderUrls): boolean {
  return own(urls, "issuer") === undefined ||
    (path.startsWith("/") && own(urls, "authUrl") !== undefined);
}

/**
 * Refuses URLs that have no effect, or that move only some of the places that get a secret: the others
 * would still get it, even though a test system was named.
 */
function checkOverrides(provider: Provider, urls: ProviderUrls): void {
  const { endpoints, enrolment, paste, issuer } = provider;
  const pages = [enrolment?.login, enrolment?.clients, paste?.page]
    .filter((path) => path !== undefined);
  if (own(urls, "authUrl") === undefined) {
    if (pages.length > 0) throw overrideRefused(provider, "pages_stay");
    return;
  }
  const all = [...Object.values(endpoints), ...pages].filter((path) => path !== undefined);
  const absolute = (paths: string[]) => paths.filter((path) => !path.startsWith("/"));
  if (absolute(all).length === all.length) throw overrideRefused(provider, "no_effect");
  const [stays] = own(urls, "issuer") === undefined
    ? [...absolute(all), ...(issuer === undefined ? [] : [issuer])]
    : absolute(pages);
  if (stays !== undefined) throw overrideRefused(provider, "part_stays", stays);
}

function overrideRefused(
  { title, issuer, environmentPrefix: prefix }: Provider,
  problem: "no_effect" | "part_stays" | "pages_stay",
  stays = "",
): AuthError {
  const instead = issuer === undefined
    ? 'give "issuer", or change the endpoints of its definition'
    : `give "issuer" (${prefix}_ISSUER)`;
  const problems = {
    no_effect: `"authUrl" (${prefix}_AUTH_URL) has no effect for ${title}: ${instead}.`,
    part_stays: `"authUrl" (${prefix}_AUTH_URL) moves only a part of ${title}: ` +
      `${hostOf(stays)} would stay. Move that as well.`,
    pages_stay:
      `"issuer" (${prefix}_ISSUER) changes only part of ${title}: its sign-in page would ` +
      `stay. Give "authUrl" (${prefix}_AUTH_URL).`,
  };
  return new AuthError(
    "invalid_argument",
    `${problems[problem]} Nothing is sent to either server.`,
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** The host that gets this system's secrets first. */
export function authorizationHost(system: System): string {
  const { enrolment, endpoints, issuer, pastePage, apiUrl } = system;
  return new URL(enrolment?.login ?? endpoints.token ?? issuer ?? pastePage ?? apiUrl).host;
}

function fillIn(text: string, values: CredentialValues, provider: Provider): string {
  return text.includes("{") ? fillTemplates(text, values, provider) : text;
}

function fillTemplates(text: string, values: CredentialValues, provider: Provider): string {
  return text.replace(/\{([a-z0-9_]+)\}/g, (template, name: string, at: number) => {
    const value = own(values, name);
    const part = partAt(text, at);
    if (value !== undefined) {
      const plain = part === "base" ? value.replace(/\/+$/, "") : value;
      if (fitsUrl(plain, part)) return part === "segment" ? encodeURIComponent(plain) : plain;
      throw new AuthError(
        "invalid_argument",
        `The "${name}" of ${provider.title} cannot be used in a URL: it is ${
          PARTS[part]
        }. Correct it ` +
          `where it is saved, or set ${provider.environmentPrefix}_${name.toUpperCase()}.`,
      );
    }
    throw new AuthError(
      "credentials_missing",
      `${provider.title} needs ${
        template.replace("{", '"').replace("}", '"')
      }. Set ${provider.environmentPrefix}_${name.toUpperCase()}, or give it in the credentials.`,
    );
  });
}

const PARTS: Record<UrlPart, string> = {
  base: 'a URL such as "https://host.example", without a query',
  label: "one part of a host name: letters, digits and hyphens",
  segment: 'one part of a path, without "..", "?", "#", "%" and the like',
};

/** What a template stands for at this place of a URL. */
function partAt(text: string, at: number): UrlPart {
  if (at === 0) return "base";
  const before = text.slice(0, at).replace(/^\{[a-z0-9_]+\}/, "https://x.invalid");
  const authority = before.indexOf("://");
  return authority !== -1 && !/[/?#]/.test(before.slice(authority + 3)) ? "label" : "segment";
}
