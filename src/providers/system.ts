import { AuthError } from "../errors.ts";
import type { CredentialValues, Endpoints, Provider } from "./provider.ts";
import { checkTransport } from "../trust.ts";
import { joinUrl } from "../base/url.ts";

/** URLs that differ from the provider's, such as a test system's. */
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
  /** The origins the access token may travel to. */
  readonly origins: ReadonlySet<string>;
  /** The enrolment's two URLs. */
  readonly enrolment: { login: string; clients: string } | undefined;
  /** The page to sign in at, where the provider has a paste sign-in. */
  readonly pastePage: string | undefined;
  /** Hosts a pasted package may name. */
  readonly pasteHosts: readonly string[];
  readonly probe: string | undefined;
}

/** The environment's say on a provider's URLs. */
export function environmentUrls(
  provider: Provider,
  get: (name: string) => string | undefined,
): ProviderUrls {
  const urls: ProviderUrls = {};
  const read = (field: keyof ProviderUrls, suffix: string) => {
    const value = get(`${provider.environmentPrefix}_${suffix}`);
    if (value) urls[field] = value;
  };
  if (provider.authUrl !== undefined) read("authUrl", "AUTH_URL");
  if (provider.issuer !== undefined) read("issuer", "ISSUER");
  read("apiUrl", "API_URL");
  return urls;
}

/**
 * Fills in a provider's URLs.
 *
 * @param urls what replaces the provider's own
 * @param values what `{name}` stands for
 * @param origins more origins the token may go to, by the caller's leave
 * @throws {AuthError} `insecure_url` or `invalid_argument`
 */
export function resolveSystem(
  provider: Provider,
  urls: ProviderUrls,
  values: CredentialValues,
  origins: readonly string[] = [],
): System {
  const pick = (field: keyof ProviderUrls) => urls[field] ?? provider[field];
  const fill = (text: string) => fillIn(text, values, provider);
  const authUrl = pick("authUrl");
  const resolve = (path: string, what: string) => {
    const url = fill(authUrl === undefined ? path : joinUrl(authUrl, path));
    checkTransport(url, what);
    return url;
  };
  const endpoints: Endpoints = {};
  for (const [name, path] of Object.entries(provider.endpoints)) {
    if (path !== undefined) endpoints[name as keyof Endpoints] = resolve(path, `${name} endpoint`);
  }
  const issuer = pick("issuer");
  const apiUrl = checkTransport(fill(pick("apiUrl") ?? ""), "API's URL");
  if (!apiUrl.pathname.endsWith("/")) apiUrl.pathname += "/";
  const { enrolment, paste } = provider;
  // What few starts need is found out when it is asked for.
  return {
    provider,
    endpoints,
    issuer: issuer === undefined
      ? undefined
      : checkTransport(fill(issuer), "issuer") && fill(issuer),
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
      // A sign-in page that was moved by option or environment is trusted with its own host.
      return page ? [...(paste?.endpointHosts ?? []), new URL(page).host] : [];
    },
    get probe() {
      return provider.probe && fill(provider.probe);
    },
  };
}

/** What tells this system from the same provider elsewhere, such as a test system. */
export function systemIdentity(system: System): string {
  return system.issuer ?? system.endpoints.token ?? system.pastePage ?? system.apiUrl.origin;
}

/** The host a secret of this system goes to first. */
export function authorizationHost(system: System): string {
  const { enrolment, endpoints, issuer, pastePage, apiUrl } = system;
  return new URL(enrolment?.login ?? endpoints.token ?? issuer ?? pastePage ?? apiUrl).host;
}

function fillIn(text: string, values: CredentialValues, provider: Provider): string {
  if (!text.includes("{")) return text;
  return text.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value !== undefined) {
      // At the start of a URL a value is a URL itself; elsewhere it is one path segment.
      return text.startsWith(`{${name}}`) ? value.replace(/\/+$/, "") : encodeURIComponent(value);
    }
    throw new AuthError(
      "credentials_missing",
      `${provider.title} needs "${name}". Set ${provider.environmentPrefix}_${name.toUpperCase()}, or give it in the credentials.`,
    );
  });
}
