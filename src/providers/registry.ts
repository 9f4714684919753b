import { didYouMean } from "../base/nearest.ts";
import { AuthError } from "../errors.ts";
import { checkProvider } from "./define_provider.ts";
import { fourinsight, fourinsightClient } from "./fourinsight.ts";
import { ocs } from "./ocs.ts";
import { plantpredict } from "./plantpredict.ts";
import { plantpredictOkta } from "./plantpredict_okta.ts";
import type { Provider } from "./provider.ts";
import { spatiafi } from "./spatiafi.ts";

/**
 * The systems this module knows by name. To add one, add a file here and a line to this list. A test checks
 * them with `defineProvider`, so that a start does not have to.
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
