import { didYouMean } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import { checkProvider } from "./define_provider.ts";
import type { Provider } from "./provider.ts";

// Every field is given, so that a start need not fill in defaults.

/** The names of a credentials file; the Python tutorial writes the first. */
const FILES = ["app_credentials", "app_credentials.json"];

/** SpatiaFi: app credentials are created once, then `client_secret_jwt` (RFC 7523). */
export const spatiafi: Provider = {
  name: "spatiafi",
  title: "SpatiaFi",
  environmentPrefix: "SPATIAFI",
  folder: "spatiafi",
  files: FILES,
  grant: "client_credentials",
  authUrl: "https://auth.spatiafi.com",
  apiUrl: "https://api.spatiafi.com",
  endpoints: { token: "/api/v1/auth/jwt/token" },
  clientAuthentication: "client_secret_jwt",
  requires: ["client_id", "client_secret"],
  store: "disk",
  enrolment: {
    login: "/api/v1/auth/jwt/token/basic",
    clients: "/api/v1/clients/",
    help: "Enter your SpatiaFi username and password. You won't be asked again.",
  },
  // SpatiaFi's own Python package retries on 500 too.
  retryStatuses: [429, 500, 502, 503, 504],
};

/** PlantPredict since it moved to Amazon Cognito: client credentials, no refresh token. */
export const plantpredict: Provider = {
  name: "plantpredict",
  title: "PlantPredict",
  environmentPrefix: "PLANTPREDICT",
  folder: "plantpredict",
  files: FILES,
  grant: "client_credentials",
  authUrl: "https://terabase-prd.auth.us-west-2.amazoncognito.com",
  apiUrl: "https://api.plantpredict.terabase.energy",
  endpoints: { token: "/oauth2/token" },
  clientAuthentication: "client_secret_post",
  requires: ["client_id", "client_secret"],
  store: "disk",
  scope: "transactions/post transactions/get",
  documentation: "https://ui.plantpredict.com/signUp",
};

/** PlantPredict, legacy (Okta): resource owner password; a refresh token renews the session. */
export const plantpredictOkta: Provider = {
  name: "plantpredict-okta",
  title: "PlantPredict (Okta)",
  environmentPrefix: "PLANTPREDICT_OKTA",
  folder: "plantpredict-okta",
  files: FILES,
  grant: "password",
  authUrl: "https://afse.okta.com/oauth2/aus3jzhulkrINTdnc356",
  apiUrl: "https://api.plantpredict.com/",
  endpoints: { token: "/v1/token", revocation: "/v1/revoke" },
  clientAuthentication: "client_secret_post",
  requires: ["username", "password", "client_id", "client_secret"],
  store: "disk",
  scope: "openid offline_access",
  refreshScope: "offline_access",
};

/** What both kinds of sign-in to 4insight share. */
const fourinsightApi: Pick<Provider, "apiUrl" | "retryStatuses" | "timeout" | "refusedPaths"> = {
  apiUrl: "https://api.4insight.io/",
  retryStatuses: [413, 429, 502, 503, 504],
  timeout: 100_000,
  refusedPaths: ["/internal"],
};

/** 4insight for a person, who signs in on its page and pastes the package that it shows. */
export const fourinsight: Provider = {
  ...fourinsightApi,
  name: "fourinsight",
  title: "4insight",
  environmentPrefix: "FOURINSIGHT",
  folder: "fourinsight",
  files: FILES,
  grant: "authorization_code",
  methods: ["paste"],
  authUrl: "https://4insight.io",
  clientAuthentication: "client_secret_post",
  endpoints: {},
  requires: ["client_id", "client_secret"],
  store: "disk",
  paste: {
    page: "/auth",
    // The package says where to exchange the code, and a secret is sent there.
    endpointHosts: ["login.microsoftonline.com", "*.b2clogin.com", "4insight.io"],
  },
  foreignTokens: {
    folder: ".fourinsight/api",
    folderOnMac: ".config/.fourinsight/api",
    file: "token",
  },
};

/** 4insight for a service: client credentials; each process signs in, and the token is never on disk. */
export const fourinsightClient: Provider = {
  ...fourinsightApi,
  name: "fourinsight-client",
  title: "4insight (service account)",
  environmentPrefix: "FOURINSIGHT_CLIENT",
  folder: "fourinsight-client",
  files: FILES,
  grant: "client_credentials",
  authUrl: "https://login.microsoftonline.com/4subseaid.onmicrosoft.com",
  endpoints: { token: "/oauth2/v2.0/token" },
  clientAuthentication: "client_secret_post",
  requires: ["client_id", "client_secret"],
  scope: "https://4subseaid.onmicrosoft.com/4insight-api-prod/.default",
  store: "memory",
};

/** OSIsoft Cloud Services, now AVEVA: discovery below the resource, client credentials, a probe. */
export const ocs: Provider = {
  name: "ocs",
  title: "OSIsoft Cloud Services",
  environmentPrefix: "OCS",
  folder: "ocs",
  files: FILES,
  grant: "client_credentials",
  issuer: "{resource}/identity",
  apiUrl: "{resource}",
  clientAuthentication: "client_secret_post",
  endpoints: {},
  store: "disk",
  requires: ["tenant_id", "client_id", "client_secret"],
  defaults: { resource: "https://dat-b.osisoft.com", api_version: "v1" },
  probe: "/api/{api_version}/Tenants/{tenant_id}",
  documentation: "https://cloud.osisoft.com/clients",
};

/**
 * The systems this module knows by name. To add one, describe it above and name it in this list. A test
 * checks them with `defineProvider`, so that a start does not have to.
 */
export const providers: readonly Provider[] = [
  spatiafi,
  plantpredict,
  plantpredictOkta,
  fourinsight,
  fourinsightClient,
  ocs,
];

/**
 * Finds a provider by name, or checks the given one.
 *
 * @param elsewhere looks for a name, or an API's address, that is not built in
 * @throws {AuthError} `unknown_provider` with the list of names, and what `elsewhere` throws
 */
export async function findProvider(
  provider: unknown,
  elsewhere?: (asked: string | URL) => Promise<Provider>,
): Promise<Provider> {
  if (typeof provider === "object" && provider !== null && !(provider instanceof URL)) {
    return checkProvider(provider);
  }
  const found = providers.find(({ name }) => name === provider) ?? providerAt(provider);
  if (found) return found;
  const isAsked = provider instanceof URL || (typeof provider === "string" && provider !== "");
  if (isAsked && elsewhere) return await elsewhere(provider);
  throw unknownProvider(provider, []);
}

/**
 * The error for an unknown system.
 *
 * @param others names that are known besides the built-in ones
 */
export function unknownProvider(provider: unknown, others: readonly string[]): AuthError {
  const asked = (typeof provider === "string" || provider instanceof URL) && String(provider) !== ""
    ? `There is no system called "${String(provider).slice(0, 60)}".`
    : "Say which system to sign in to.";
  const names = [...new Set([...providers.map(({ name }) => name), ...others])];
  const known = ` Known: ${
    names.map((name) => `"${name}"`).join(", ")
  }. For another system, pass defineProvider({ … }), or add its definition: onecell provider add FILE`;
  const hint = typeof provider === "string" ? didYouMean(provider.slice(0, 60), names) : "";
  return new AuthError("unknown_provider", asked + (hint || known));
}

/** True for a text that names a system by a URL. */
export function isAddress(provider: unknown): provider is string | URL {
  return provider instanceof URL || (typeof provider === "string" && provider.includes("://"));
}

/** The provider whose API serves a URL. */
function providerAt(url: unknown): Provider | undefined {
  if (!isAddress(url)) return undefined;
  const { origin } = URL.canParse(url) ? new URL(url) : { origin: "" };
  return providers.find(({ apiUrl }) => URL.canParse(apiUrl) && new URL(apiUrl).origin === origin);
}
