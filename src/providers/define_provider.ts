import { AuthError } from "../errors.ts";
import { checkTransport, secrecyOf } from "../trust.ts";
import type { Provider as PublicProvider, ProviderDefinition } from "./definition.ts";
import type {
  ClientAuthentication,
  CredentialField,
  ExternalToken,
  Grant,
  Provider,
} from "./provider.ts";

/** A provider's fields; only its name and API have no default. */
export type ProviderInput =
  & Pick<Provider, "name" | "apiUrl">
  & Partial<Omit<Provider, "name" | "apiUrl">>;

/** Marks a definition that somebody else wrote, for example in a file: `true`, or the file's path. */
export const FOREIGN: unique symbol = Symbol("somebody else's definition");

/** True for a definition that somebody else wrote. */
export function isForeign(provider: Provider): boolean {
  return Object.hasOwn(provider, FOREIGN);
}

/** The file that defines a system with a known name; `undefined` for any other system. */
export function definitionOf(provider: Provider): string | undefined {
  const from = (provider as { [FOREIGN]?: unknown })[FOREIGN];
  return typeof from === "string" ? from : undefined;
}

/** The grants that a provider can name. */
export const GRANTS: readonly Grant[] = [
  "client_credentials",
  "password",
  "authorization_code",
  "device_code",
  "token_exchange",
  "jwt_bearer",
];
/** The client authentications that a provider can name. */
export const CLIENT_AUTHENTICATIONS: readonly ClientAuthentication[] = [
  "client_secret_post",
  "client_secret_basic",
  "client_secret_basic_raw",
  "client_secret_jwt",
  "private_key_jwt",
  "tls_client_auth",
  "federated_jwt",
  "none",
];

/** The forms of an {@linkcode ExternalToken} that is data; each has one member. */
export const EXTERNAL_TOKENS = [
  "file",
  "environment",
  "command",
  "credential",
  "githubActions",
  "kubernetes",
  "jupyterhub",
] as const;

/** How a client assertion can be signed. */
const ASSERTION_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "EdDSA",
  "Ed25519",
];

/** Parameters that only this module sets: with them, a definition could act for another client. */
const authorizationParameters = () =>
  /^(client_id|client_secret|client_assertion.*|response_type|redirect_uri|state|nonce|code_challenge.*|request(_uri)?|dpop_jkt)$/i;
const tokenParameters = () =>
  /^(client_id|client_secret|client_assertion(_type)?|redirect_uri|code|code_verifier|refresh_token|device_code|username|password)$/i;

type Check = (value: unknown, field: string) => void;

const text: Check = (value, field) => {
  if (typeof value !== "string" || value.trim() === "") refuse(field, "a non-empty string", value);
};
const flag: Check = (value, field) => {
  if (typeof value !== "boolean") refuse(field, "true or false", value);
};
const milliseconds: Check = (value, field) => {
  // Timers take at most 31 bits.
  if (typeof value !== "number" || !(value > 0) || value > 2 ** 31 - 1) {
    refuse(field, "a positive number of milliseconds, at most 2147483647", value);
  }
};
const listOf = (check: Check): Check => (value, field) => {
  if (!Array.isArray(value)) return refuse(field, "a list", value);
  value.forEach((item, index) => check(item, `${field}[${index}]`));
};
const recordOf = (check: Check): Check => (value, field) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(field, "an object", value);
  }
  for (const [key, item] of Object.entries(value)) check(item, `${field}.${key}`);
};
/** Parameters of a request, which may be empty, except for those that this module sends. */
const parametersBut = (ours: RegExp): Check => (value, field) => {
  recordOf((item, name) => {
    if (typeof item !== "string") refuse(name, "a string", item);
  })(value, field);
  for (const name of Object.keys(value as object)) {
    if (ours.test(name)) throw invalid(`"${field}.${name}" is already sent as a parameter.`);
  }
};
const oneOf = (choices: readonly string[]): Check => (value, field) => {
  if (!choices.includes(value as string)) {
    refuse(field, `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`, value);
  }
};
const shape = (fields: Record<string, Check>, required: string[] = []): Check => (value, field) => {
  recordOf(() => {})(value, field);
  checkFields(value as Record<string, unknown>, fields, required, `${field}.`);
};
/** An absolute URL; `{name}` templates are filled in later, so they pass. */
const url: Check = (value, field) => {
  text(value, field);
  checkTemplates(value as string, field);
  const filled = (value as string).replace(/^\{[a-z0-9_]+\}/, "https://x.invalid").replace(
    /\{[a-z0-9_]+\}/g,
    "x",
  );
  if (!URL.canParse(filled)) {
    refuse(field, 'an absolute URL such as "https://auth.example.com"', value);
  }
  checkTransport(filled, `provider field "${field}"`);
};
const urlOrPath: Check = (value, field) => {
  text(value, field);
  if (!(value as string).startsWith("/")) return url(value, field);
  checkTemplates(value as string, field);
  // A browser reads "//host" and "/\\host" as another host's URL.
  if (/^\/[/\\]/.test(value as string)) refuse(field, 'a path such as "/token"', value);
};
/** A template may only name values that are not secret, because URLs end up in logs and histories. */
function checkTemplates(value: string, field: string): void {
  for (const [, name = ""] of value.matchAll(/\{([^{}]*)\}/g)) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      refuse(field, "a URL with templates such as {tenant_id}", value);
    }
    if (secrecyOf(name) === "secret") {
      throw invalid(
        `"${field}" puts the secret "${name}" into a URL. A URL must not contain a secret.`,
      );
    }
  }
}
const status: Check = (value, field) => {
  if (!Number.isInteger(value) || (value as number) < 400 || (value as number) > 599) {
    refuse(field, "an HTTP status from 400 to 599", value);
  }
};
const safeName = (pattern: RegExp, meaning: string): Check => (value, field) => {
  if (typeof value !== "string" || !pattern.test(value)) refuse(field, meaning, value);
};
const fileName: Check = (value, field) =>
  safeName(/^(?!\.\.?$)[A-Za-z0-9._-]{1,100}$/, "a plain file name")(value, field);
const fieldName: Check = (value, field) =>
  safeName(/^[a-z][a-z0-9_]*$/, "lower-case letters, digits and underscores")(value, field);

/** An absolute path. */
const absolutePath: Check = (value, field) =>
  safeName(
    // deno-lint-ignore no-control-regex -- these characters are refused
    /^(\/|[A-Za-z]:[\\/]|\\\\)[^\x00-\x1f\x7f]*$/,
    "an absolute path",
  )(value, field);
/** A program and its arguments. A relative path would start another program in another folder. */
const command: Check = (value, field) => {
  const wanted =
    `a list such as ["az", "account", "get-access-token"]: a program's name or absolute path, then strings`;
  if (!Array.isArray(value) || value.length === 0) return refuse(field, wanted, value);
  for (const part of value) {
    // deno-lint-ignore no-control-regex -- NUL ends a text for the operating system
    if (typeof part !== "string" || /\x00/.test(part)) refuse(field, wanted, part);
  }
  const [program] = value;
  if (!/^[A-Za-z0-9_][\w.+-]*$/.test(program)) absolutePath(program, `${field}[0]`);
};
/** An external token: a function, or an object with one known member. */
const externalToken: Check = (value, field) => {
  if (typeof value === "function") return;
  recordOf(() => {})(value, field);
  const given = Object.entries(value as object).filter(([, item]) => item !== undefined);
  const form = EXTERNAL_TOKENS.find((name) => name === given[0]?.[0]);
  if (form === undefined || given.length > 1) {
    return refuse(
      field,
      `a function, or an object with one of ${EXTERNAL_TOKENS.join(", ")}`,
      value,
    );
  }
  externalTokenChecks()[form](given[0]?.[1], `${field}.${form}`);
};
const externalTokenChecks = (): Record<typeof EXTERNAL_TOKENS[number], Check> => ({
  file: absolutePath,
  environment: safeName(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable"),
  command,
  credential: fieldName,
  githubActions: text,
  kubernetes: absolutePath,
  jupyterhub: safeName(/^[A-Za-z_][\w-]*$/, 'a member of auth_state, such as "access_token"'),
});
/** True for an external token, in the form that options and definitions take. */
export function isExternalToken(value: unknown): value is ExternalToken {
  try {
    externalToken(value, "token");
    return true;
  } catch {
    return false;
  }
}
/** RFC 8693 section 3: a URI. */
const tokenType: Check = (value, field) =>
  safeName(/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/, "a URI (RFC 8693 section 3)")(value, field);
/** Claims of a signed assertion. */
const claims: Check = (value, field) => {
  recordOf((item, name) => {
    const isPlain = ["string", "number", "boolean"].includes(typeof item) ||
      (Array.isArray(item) && item.every((one) => typeof one === "string"));
    if (!isPlain) refuse(name, "a string, a number, true, false or a list of strings", item);
  })(value, field);
  for (const name of Object.keys(value as object)) {
    if (/^(iat|exp|nbf|jti)$/.test(name)) {
      throw invalid(`"${field}.${name}" is made for each assertion; see "assertionLifetime".`);
    }
  }
};

/** Control characters and invisible ones: no title needs them, and cards and errors show titles. */
const unseen = () => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
// Here and above these are functions: a start need not compile patterns, and Unicode's tables are slow.
const shownText: Check = (value, field) =>
  safeName(
    /^(?=.*\S)[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u,
    "a string without control or invisible characters",
  )(value, field);

/** A header's name, but none that `fetch` sets itself or that a proxy interprets. */
const tokenHeader = () =>
  /^(?!(?:accept|connection|cookie2?|date|dpop|expect|host|keep-alive|origin|range|referer|te|trailer|transfer-encoding|upgrade|user-agent|via)$)(?!(?:accept|access-control|content|if|proxy|sec)-)[a-z][a-z0-9_-]{0,62}$/i;

/** Made only when needed, because most programs define no provider. */
const fieldChecks = (): Record<keyof Provider, Check> => ({
  name: safeName(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower-case letters, digits and hyphens"),
  title: shownText,
  environmentPrefix: safeName(/^[A-Z][A-Z0-9_]*$/, "upper-case letters, digits and underscores"),
  folder: fileName,
  files: listOf(fileName),
  grant: oneOf(GRANTS),
  methods: listOf(oneOf(["browser", "device", "paste"])),
  authUrl: url,
  issuer: url,
  endpoints: shape({
    token: urlOrPath,
    authorization: urlOrPath,
    deviceAuthorization: urlOrPath,
    revocation: urlOrPath,
    pushedAuthorization: urlOrPath,
  }),
  clientAuthentication: oneOf(CLIENT_AUTHENTICATIONS),
  assertionAudience: (value, field) => {
    if (value !== "token_endpoint" && value !== "issuer") url(value, field);
  },
  assertionAlgorithm: oneOf(ASSERTION_ALGORITHMS),
  clientAssertion: externalToken,
  subjectToken: externalToken,
  subjectTokenType: tokenType,
  requestedTokenType: tokenType,
  assertionClaims: claims,
  assertionLifetime: (value, field) => {
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 3600) {
      refuse(field, "a whole number of seconds, at most 3600", value);
    }
  },
  tokenCommand: command,
  discovery: flag,
  scope: text,
  refreshScope: text,
  audience: text,
  resource: (value, field) =>
    Array.isArray(value) ? listOf(text)(value, field) : text(value, field),
  tokenParameters: parametersBut(tokenParameters()),
  redirectUri: url,
  authorizationParameters: parametersBut(authorizationParameters()),
  pushedAuthorization: flag,
  apiUrl: url,
  origins: listOf(url),
  requires: listOf(fieldName),
  optional: listOf(fieldName),
  defaults: recordOf(text),
  enrolment: shape({ login: urlOrPath, clients: urlOrPath, help: shownText }, ["login", "clients"]),
  paste: shape({ page: urlOrPath, endpointHosts: listOf(text) }, ["page", "endpointHosts"]),
  foreignTokens: shape({ folder: text, folderOnMac: text, file: fileName }, ["folder", "file"]),
  store: oneOf(["disk", "memory"]),
  probe: urlOrPath,
  retryStatuses: listOf(status),
  renewStatuses: listOf(status),
  apiAuthorization: shape({
    header: safeName(tokenHeader(), "the name of a header that may carry a token"),
    scheme: safeName(/^[A-Za-z][\w.+-]{0,62}$/, "one word of letters, digits and -_.+"),
  }),
  timeout: milliseconds,
  refusedPaths: listOf(safeName(/^\//, 'a path that starts with "/"')),
  dpop: flag,
  documentation: url,
});

/**
 * Describes a system to sign in to: any OAuth 2 or OpenID Connect server, by `issuer` (OpenID Connect
 * Discovery 1.0, RFC 8414) or by `endpoints`.
 *
 * @param definition at least `name`, `apiUrl`, and one of `issuer`, `endpoints.token` or `paste`; endpoints
 * given as paths need `authUrl`
 * @returns the provider with its defaults filled in, for `getSession`
 * @throws {AuthError} `invalid_argument` (or `insecure_url`), naming the field
 *
 * @example An API that takes client credentials
 * ```ts
 * import { defineProvider } from "@onecell/auth";
 *
 * const weather = defineProvider({
 *   name: "weather",
 *   apiUrl: "https://api.weather.example/",
 *   issuer: "https://login.weather.example",
 *   scope: "forecast:read",
 * });
 * ```
 */
export function defineProvider<const F extends string = "client_id" | "client_secret">(
  definition: ProviderDefinition<F>,
): PublicProvider<F> {
  return checkProvider(definition) as Provider & PublicProvider<F>;
}

/** The same for a definition of unknown origin; returns all that is known about the provider. */
export function checkProvider(definition: unknown): Provider {
  const input = plainForm(definition);
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new AuthError(
      "invalid_argument",
      "A provider is an object with at least name, apiUrl and issuer; see defineProvider in the README.",
    );
  }
  checkFields(input as Record<string, unknown>, fieldChecks(), ["name", "apiUrl"], "");
  const provider = withDefaults(input as ProviderInput);
  checkTogether(provider);
  return provider;
}

/** Turns a definition's short forms, lists of scopes and public client into a provider's fields. */
function plainForm(definition: unknown): unknown {
  if (typeof definition !== "object" || definition === null || Array.isArray(definition)) {
    return definition;
  }
  const { clientId, ...rest } = definition as Record<string, unknown>;
  for (const name of ["scope", "refreshScope"]) {
    const scopes = rest[name];
    if (!Array.isArray(scopes)) continue;
    listOf(text)(scopes, name);
    rest[name] = scopes.join(" ");
  }
  if (clientId === undefined) return rest;
  text(clientId, "clientId");
  return { ...rest, defaults: { ...rest["defaults"] as object, client_id: clientId } };
}

/** Refuses fields that are valid alone but not together. */
function checkTogether(provider: Provider): void {
  const { grant, endpoints, issuer, authUrl, enrolment, paste } = provider;
  if (provider.files.length === 0) refuse("files", "at least one file name", provider.files);
  const places: [field: string, place: string | undefined][] = [
    ...Object.entries(endpoints).map(([name, place]) =>
      [`endpoints.${name}`, place] as [string, string]
    ),
    ["enrolment.login", enrolment?.login],
    ["enrolment.clients", enrolment?.clients],
    ["paste.page", paste?.page],
  ];
  const relative = places.find(([, value]) => value?.startsWith("/"));
  if (relative && authUrl === undefined) {
    throw invalid(`"${relative[0]}" is a path, so "authUrl" must be given as its base.`);
  }
  const { apiAuthorization } = provider;
  if (apiAuthorization && !(apiAuthorization.header ?? apiAuthorization.scheme)) {
    throw invalid('"apiAuthorization" needs "header", "scheme" or both.');
  }
  if (apiAuthorization && provider.dpop === true) {
    throw invalid('"apiAuthorization" and "dpop" cannot be combined: DPoP has its own header.');
  }
  checkExternal(provider);
  if (provider.tokenCommand !== undefined) return;
  if (issuer === undefined && endpoints.token === undefined && paste === undefined) {
    throw invalid('Give "issuer" (then the endpoints are discovered) or "endpoints.token".');
  }
  if (issuer !== undefined) return;
  if (
    grant === "authorization_code" && endpoints.authorization === undefined && paste === undefined
  ) {
    throw invalid('The grant "authorization_code" needs "endpoints.authorization" or "issuer".');
  }
  if (grant === "device_code" && endpoints.deviceAuthorization === undefined) {
    throw invalid('The grant "device_code" needs "endpoints.deviceAuthorization" or "issuer".');
  }
}

/** Refuses a token from elsewhere unless the grant or the client authentication needs one. */
function checkExternal(provider: Provider): void {
  const { grant, clientAuthentication, subjectToken, assertionClaims, tokenCommand } = provider;
  const isExchange = grant === "token_exchange";
  const isBearer = grant === "jwt_bearer";
  const places: [name: keyof Provider, belongs: boolean, where: string][] = [
    ["subjectToken", isExchange || isBearer, 'the grants "token_exchange" and "jwt_bearer"'],
    ["subjectTokenType", isExchange, 'the grant "token_exchange"'],
    ["requestedTokenType", isExchange, 'the grant "token_exchange"'],
    ["assertionClaims", isBearer, 'the grant "jwt_bearer"'],
    ["assertionLifetime", assertionClaims !== undefined, '"assertionClaims"'],
    [
      "clientAssertion",
      clientAuthentication === "federated_jwt",
      'the client authentication "federated_jwt"',
    ],
  ];
  const lost = places.find(([name, belongs]) => provider[name] !== undefined && !belongs);
  if (lost) throw invalid(`"${lost[0]}" is only for ${lost[2]}.`);
  if (isExchange && subjectToken === undefined) {
    throw invalid('The grant "token_exchange" needs "subjectToken".');
  }
  if (isBearer && (subjectToken === undefined) === (assertionClaims === undefined)) {
    throw invalid('The grant "jwt_bearer" needs one of "subjectToken" and "assertionClaims".');
  }
  if (clientAuthentication === "federated_jwt" && provider.clientAssertion === undefined) {
    throw invalid('The client authentication "federated_jwt" needs "clientAssertion".');
  }
  const { endpoints, enrolment, paste, issuer, dpop } = provider;
  const isServer = issuer ?? endpoints.token ?? enrolment ?? paste;
  if (tokenCommand !== undefined && (grant !== "client_credentials" || isServer || dpop)) {
    throw invalid('"tokenCommand" replaces the grant, its endpoints and "dpop": leave those out.');
  }
}

function checkFields(
  value: Record<string, unknown>,
  fields: Record<string, Check>,
  required: string[],
  prefix: string,
): void {
  for (const field of required) {
    if (value[field] === undefined) throw invalid(`"${prefix}${field}" is missing.`);
  }
  for (const [field, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (!Object.hasOwn(fields, field)) {
      throw invalid(
        `"${prefix}${field}" is not a field of a provider. ${
          hint(field) ?? `Known: ${Object.keys(fields).join(", ")}.`
        }`,
      );
    }
    fields[field]?.(item, prefix + field);
  }
}

/** Names that people use for a field by mistake. */
function hint(field: string): string | undefined {
  const names: Record<string, string> = {
    directory: "folder",
    store: "store",
    scopes: "scope",
    client_id: "clientId",
    baseUrl: "apiUrl",
  };
  return Object.hasOwn(names, field) ? `Did you mean "${names[field]}"?` : undefined;
}

function refuse(field: string, wanted: string, value: unknown): void {
  const shown = typeof value === "string"
    ? JSON.stringify(value.slice(0, 60).replace(unseen(), "\ufffd"))
    : typeof value;
  throw invalid(`"${field}" must be ${wanted}, not ${value === null ? "null" : shown}.`);
}

function invalid(message: string): AuthError {
  return new AuthError("invalid_argument", `defineProvider: ${message}`);
}

/** Fills in a provider's defaults, without checks. */
export function withDefaults(input: ProviderInput): Provider {
  const grant = input.grant ?? "client_credentials";
  const clientAuthentication = input.clientAuthentication ??
    ((grant === "client_credentials" && input.tokenCommand === undefined) || grant === "password"
      ? "client_secret_post"
      : "none");
  return {
    ...withoutUndefined(input),
    name: input.name,
    title: input.title ?? input.name,
    environmentPrefix: input.environmentPrefix ?? prefixFor(input.name),
    folder: input.folder ?? input.name,
    files: input.files ?? ["app_credentials", "app_credentials.json"],
    grant,
    clientAuthentication,
    endpoints: input.endpoints ?? {},
    apiUrl: input.apiUrl,
    requires: input.requires ?? requiredFields(input, grant, clientAuthentication),
    // Only the subject token says whose session it is, and the next one may belong to somebody else.
    store: input.store ?? (input.subjectToken === undefined ? "disk" : "memory"),
    ...(Object.hasOwn(input, FOREIGN) ? { [FOREIGN]: Reflect.get(input, FOREIGN) } : {}),
  };
}

/** The credential values that a grant and a client authentication need. */
function requiredFields(
  { tokenCommand, assertionClaims, subjectToken, clientAssertion }: ProviderInput,
  grant: Grant,
  authentication: ClientAuthentication,
): CredentialField[] {
  const named = [subjectToken, clientAssertion].flatMap((token) =>
    typeof token === "object" && "credential" in token ? [token.credential] : []
  );
  const isBare = authentication === "none" &&
    (tokenCommand ?? subjectToken) !== undefined; // the token says who signs in
  const client = isBare
    ? []
    : ["none", "tls_client_auth", "federated_jwt"].includes(authentication)
    ? ["client_id"]
    : ["client_id", authentication === "private_key_jwt" ? "private_key" : "client_secret"];
  const key = assertionClaims && !client.includes("private_key") ? ["private_key"] : [];
  const person = grant === "password" ? ["username", "password"] : [];
  return [...person, ...client, ...key, ...named];
}

/** The prefix of a system's environment variables, unless its definition names another. */
export function prefixFor(name: string): string {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  return /^[A-Z]/.test(prefix) ? prefix : `P${prefix}`;
}

/** A copy without the members that are `undefined`. */
export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}
