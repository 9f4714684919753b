import type { ClientAuthentication, CredentialField, Grant, Provider } from "./provider.ts";

/** What a provider is described by; everything else has a default. */
export type ProviderInput =
  & Pick<Provider, "name" | "apiUrl">
  & Partial<Omit<Provider, "name" | "apiUrl">>;

/** Fills in the defaults of a provider, and checks nothing. */
export function withDefaults(input: ProviderInput): Provider {
  const grant = input.grant ?? "client_credentials";
  const clientAuthentication = input.clientAuthentication ??
    (grant === "client_credentials" || grant === "password" ? "client_secret_post" : "none");
  return {
    ...withoutUndefined(input),
    name: input.name,
    title: input.title ?? input.name,
    environmentPrefix: input.environmentPrefix ?? prefixFor(input.name),
    directory: input.directory ?? input.name,
    files: input.files ?? ["app_credentials", "app_credentials.json"],
    grant,
    clientAuthentication,
    endpoints: input.endpoints ?? {},
    apiUrl: input.apiUrl,
    requires: input.requires ?? requiredFields(grant, clientAuthentication),
    keepTokens: input.keepTokens ?? "disk",
  };
}

/** The credential values a grant and a client authentication need. */
function requiredFields(grant: Grant, authentication: ClientAuthentication): CredentialField[] {
  const client = authentication === "none"
    ? ["client_id"]
    : ["client_id", authentication === "private_key_jwt" ? "private_key" : "client_secret"];
  return grant === "password" ? ["username", "password", ...client] : client;
}

function prefixFor(name: string): string {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  return /^[A-Z]/.test(prefix) ? prefix : `P${prefix}`;
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}
