import type { Provider } from "./provider.ts";
import { fourinsight, fourinsightClient } from "./fourinsight.ts";
import { ocs } from "./ocs.ts";
import { plantpredict } from "./plantpredict.ts";
import { plantpredictOkta } from "./plantpredict_okta.ts";
import { spatiafi } from "./spatiafi.ts";

/**
 * All systems this module knows, for those who list them. A test checks them with `defineProvider`,
 * so that not every start has to.
 */
export const providers: readonly Provider[] = [
  spatiafi,
  plantpredict,
  plantpredictOkta,
  fourinsight,
  fourinsightClient,
  ocs,
];
