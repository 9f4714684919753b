import { checkProvider, type ProviderInput } from "../../src/providers/define_provider.ts";
import type { Provider } from "../../src/providers/provider.ts";
import {
  type Sandbox,
  type SandboxOptions,
  type SandboxUser,
  startSandbox,
  type SystemName,
} from "../../examples/sandbox/mod.ts";

/** A sandbox with one system, a folder for everything that is saved, and options that use them. */
export interface World extends AsyncDisposable {
  readonly sandbox: Sandbox;
  /** The only folder that the code under test may write to. */
  readonly directory: string;
  /** Options for `getSession` and the others: where the system is, where to save, and no prompts. */
  readonly options: {
    authUrl?: string;
    apiUrl?: string;
    directory: string;
    interactive: false;
  };
  /** Credential values of the system's client. */
  readonly credentials: Record<string, string>;
  /** The address of the API. */
  readonly api: string;
  /** The user who can sign in. */
  readonly user: SandboxUser;
  /** A user whose name and password are not ASCII. */
  readonly foreigner: SandboxUser;
}

/** Starts a sandbox for one test. */
export async function createWorld(
  system: SystemName,
  options: Omit<SandboxOptions, "systems"> & { client?: string } = {},
): Promise<World> {
  const { client: name = system, ...rest } = options;
  const sandbox = await startSandbox({ ...rest, systems: [system] });
  const directory = await Deno.makeTempDir({ prefix: "onecell-test-" });
  const url = (suffix: string) =>
    Object.entries(sandbox.environment).find(([key]) => key.endsWith(suffix))?.[1];
  const authUrl = url("_AUTH_URL");
  const apiUrl = url("_API_URL");
  const resource = sandbox.environment["OCS_RESOURCE"];
  const credentials: Record<string, string> = {};
  const client = sandbox.clients[name];
  if (client) credentials["client_id"] = client.clientId;
  if (client?.clientSecret) credentials["client_secret"] = client.clientSecret;
  if (client?.extra?.["tenantId"]) credentials["tenant_id"] = client.extra["tenantId"];
  if (resource) credentials["resource"] = resource;
  return {
    sandbox,
    directory,
    options: {
      directory,
      interactive: false,
      ...(authUrl === undefined ? {} : { authUrl }),
      ...(apiUrl === undefined ? {} : { apiUrl }),
    },
    credentials,
    api: apiUrl ?? resource ?? "",
    user: sandbox.users[0] ?? { username: "", password: "" },
    foreigner: sandbox.users[1] ?? { username: "", password: "" },
    async [Symbol.asyncDispose]() {
      await sandbox.stop();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** The sandbox's OpenID provider, as a user would define it. */
export function oidcProvider({ sandbox }: World, input: Partial<ProviderInput> = {}): Provider {
  return checkProvider({
    name: "oidc-test",
    grant: "authorization_code",
    issuer: sandbox.environment["OIDC_ISSUER"] ?? "",
    apiUrl: sandbox.environment["OIDC_API_URL"] ?? "",
    scope: "openid offline_access api:read",
    authorizationParameters: { prompt: "consent" },
    ...input,
  });
}

/** The parsed token file below a world's folder; `null` if there is not exactly one. */
export async function savedToken(directory: string): Promise<Record<string, unknown> | null> {
  const files = await savedTokenFiles(directory);
  return files.length === 1 ? JSON.parse(await Deno.readTextFile(files[0] ?? "")) : null;
}

/** The paths of all saved tokens. */
export async function savedTokenFiles(directory: string): Promise<string[]> {
  const folder = `${directory}/onecell`;
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ name }) => name.endsWith(".json")).map(({ name }) =>
      `${folder}/${name}`
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Changes a saved token, for example to make it expire. */
export async function changeSavedToken(
  directory: string,
  change: (token: Record<string, unknown>) => void,
): Promise<void> {
  const [path = ""] = await savedTokenFiles(directory);
  const token: Record<string, unknown> = JSON.parse(await Deno.readTextFile(path));
  change(token);
  await Deno.writeTextFile(path, JSON.stringify(token));
}
