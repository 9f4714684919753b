import { AuthError } from "../errors.ts";
import { defineProvider } from "./define_provider.ts";
import type { Provider } from "./provider.ts";

/**
 * The systems this module knows by name, each loaded when it is asked for. A new one is a file here
 * and a line in this list and in that of `providers.ts`.
 */
const SYSTEMS: Record<string, () => Promise<Provider>> = {
  spatiafi: async () => (await import("./spatiafi.ts")).spatiafi,
  plantpredict: async () => (await import("./plantpredict.ts")).plantpredict,
  "plantpredict-okta": async () => (await import("./plantpredict_okta.ts")).plantpredictOkta,
  fourinsight: async () => (await import("./fourinsight.ts")).fourinsight,
  "fourinsight-client": async () => (await import("./fourinsight.ts")).fourinsightClient,
  ocs: async () => (await import("./ocs.ts")).ocs,
};

/**
 * Finds a provider by name, or checks the one given.
 *
 * @throws {AuthError} `unknown_provider` with the list of names
 */
export async function findProvider(provider: string | Provider): Promise<Provider> {
  if (typeof provider === "object" && provider !== null) return defineProvider(provider);
  const load = Object.hasOwn(SYSTEMS, provider) ? SYSTEMS[provider] : undefined;
  if (load) return await load();
  const asked = typeof provider === "string" && provider !== ""
    ? `There is no provider "${provider.slice(0, 60)}".`
    : "Say which system to sign in to.";
  const names = Object.keys(SYSTEMS).map((name) => `"${name}"`).join(", ");
  throw new AuthError(
    "unknown_provider",
    `${asked} Known: ${names}. For any other system pass what defineProvider({ … }) returns.`,
  );
}
