import { didYouMean } from "../base/nearest.ts";
import { AuthError } from "../errors.ts";
import { defineProvider } from "./define_provider.ts";
import { fourinsight, fourinsightClient } from "./fourinsight.ts";
import { ocs } from "./ocs.ts";
import { plantpredict } from "./plantpredict.ts";
import { plantpredictOkta } from "./plantpredict_okta.ts";
import type { Provider } from "./provider.ts";
import { spatiafi } from "./spatiafi.ts";

/**
 * The systems this module knows by name. A new one is a file beside this one and a line in this list.
 * A test checks them with `defineProvider`, so that not every start has to.
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
 * Finds a provider by name, or checks the one given.
 *
 * @throws {AuthError} `unknown_provider` with the list of names
 */
// `async`, so that a refusal rejects.
// deno-lint-ignore require-await
export async function findProvider(provider: string | Provider): Promise<Provider> {
  if (typeof provider === "object" && provider !== null) return defineProvider(provider);
  const found = providers.find(({ name }) => name === provider);
  if (found) return found;
  const asked = typeof provider === "string" && provider !== ""
    ? `There is no provider "${provider.slice(0, 60)}".`
    : "Say which system to sign in to.";
  const names = providers.map(({ name }) => name);
  const known = ` Known: ${
    names.map((name) => `"${name}"`).join(", ")
  }. For any other system pass what defineProvider({ … }) returns.`;
  const hint = typeof provider === "string" ? didYouMean(provider.slice(0, 60), names) : "";
  throw new AuthError("unknown_provider", asked + (hint || known));
}
