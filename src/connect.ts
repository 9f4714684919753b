import type { CredentialValues } from "./credentials/credentials.ts";
import type { Edge } from "./get_session.ts";
import type { GrantParts } from "./grants/grant.ts";
import type { OpenFetch } from "./http/token_fetch.ts";
import type { SessionOptions } from "./options/options.ts";
import type { Provider } from "./providers/provider.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { SessionParts } from "./session.ts";
import { configDirectories } from "./store/paths.ts";
import { openTokenStore } from "./store/token_store.ts";
import { environmentUrls, resolveSystem, type System, systemIdentity } from "./providers/system.ts";
import { TokenKeeper } from "./renewal/token_keeper.ts";

/** How long one exchange with an authorization server may take, in milliseconds. */
const SIGN_IN_TIMEOUT = 30_000;
/** How long one API request may take, in milliseconds. */
const API_TIMEOUT = 100_000;

/**
 * Puts a session together. Nothing is read, sent or asked before its keeper is told to.
 *
 * @throws {AuthError} `insecure_url`, or `credentials_missing` for what a URL needs
 */
export function assemble(
  provider: Provider,
  options: SessionOptions,
  runtime: Runtime,
  edge: Pick<Edge, "person">,
  given: CredentialValues | undefined,
  { values, source }: { values: CredentialValues; source: string },
): SessionParts {
  const get = (name: string) => runtime.getEnvironment(name);
  const urls = [options, environmentUrls(provider, get)];
  const system = resolveSystem(provider, urls, { ...values, ...given }, options.origins);
  const scope = options.scope ?? provider.scope;
  const key = tokenKey(system, values, scope, options.sessionKey);
  const [folder] = configDirectories(runtime, provider.directory, options.directory);
  const store = openTokenStore(runtime, folder, options.keepTokens ?? provider.keepTokens);
  const grantParts: GrantParts = {
    system,
    values,
    scope,
    openFetch: openFetch(options, runtime),
    timeout: options.timeout ?? SIGN_IN_TIMEOUT,
    signal: options.signal,
    now: Date.now,
    clock: { offset: 0 },
    discovered: {},
  };
  const keeper = new TokenKeeper({
    key,
    store,
    grantParts,
    get silent() {
      return silentGrant(provider, grantParts.values);
    },
    signIn: async (parts) => {
      if (provider.grant === "password") {
        const { askForMissing } = await import("./sign_in/ask_credentials.ts");
        const { obtainToken } = await import("./grants/obtain_token.ts");
        const missing = { provider, options, runtime, values, missing: ["password"], file: null };
        return await askForMissing(missing, edge, async (completed) => {
          const request = { grant: "password" } as const;
          const response = await obtainToken({ ...parts, values: completed.values }, request);
          grantParts.values = completed.values;
          return { response };
        });
      }
      const { signIn } = await import("./sign_in/sign_in.ts");
      const person = await edge.person();
      return await signIn({ grantParts: parts, person, runtime, method: options.method });
    },
    foreign: async () => {
      const { foreignTokens } = provider;
      // A folder of the caller's own stands in the place of all others.
      if (foreignTokens === undefined || options.directory !== undefined) return null;
      const { readForeignToken } = await import("./store/foreign_token.ts");
      return readForeignToken(
        runtime,
        foreignTokens,
        options.sessionKey,
        key,
        foreignHosts(system, values),
      );
    },
    dpop: provider.dpop === true,
    now: Date.now,
  });
  return {
    system,
    keeper,
    store,
    key,
    directory: folder,
    source,
    account: values["username"],
    grantParts,
    fetch: options.fetch ?? fetch,
    timeout: options.timeout ?? provider.timeout ?? API_TIMEOUT,
    now: Date.now,
  };
}

/** Whose tokens are this system's: at a page that was moved, such as a test system's, its own alone. */
function foreignHosts(system: System, values: CredentialValues): readonly string[] {
  const { pastePage, pasteHosts, provider } = system;
  const isMoved = pastePage !== resolveSystem(provider, [], values).pastePage;
  return isMoved && pastePage !== undefined ? [new URL(pastePage).host] : pasteHosts;
}

/** The grant that asks nobody, where the credentials for it are there. */
function silentGrant(
  { grant }: Provider,
  values: CredentialValues,
): { grant: "client_credentials" | "password" } | null {
  if (grant === "client_credentials") return { grant };
  return grant === "password" && values["password"] !== undefined ? { grant } : null;
}

/** Which token this is: no two accounts, systems, scopes or session keys share one. */
function tokenKey(
  system: System,
  values: CredentialValues,
  scope: string | undefined,
  sessionKey: string | undefined,
): string {
  return JSON.stringify([
    system.provider.name,
    systemIdentity(system),
    values["client_id"] ?? "",
    values["username"] ?? "",
    scope ?? "",
    system.provider.resource ?? system.provider.audience ?? "",
    sessionKey ?? "",
  ]);
}

/** How requests that must run once are sent: by the caller's `fetch`, or each on its own connection. */
export function openFetch(options: { fetch?: typeof fetch }, runtime: Runtime): OpenFetch {
  const given = options.fetch;
  return given === undefined ? () => runtime.onceFetch() : () => ({ fetch: given, close() {} });
}
