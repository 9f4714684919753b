import type { System, SystemName } from "../system.ts";
import { fourinsight } from "./fourinsight.ts";
import { fourinsightClient } from "./fourinsight_client.ts";
import { ocs } from "./ocs.ts";
import { oidc } from "./oidc.ts";
import { plantpredict } from "./plantpredict.ts";
import { plantpredictOkta } from "./plantpredict_okta.ts";
import { spatiafi } from "./spatiafi.ts";

/** Every system of the sandbox, in port order. */
export const registry: readonly System[] = [
  spatiafi,
  plantpredictOkta,
  plantpredict,
  fourinsight,
  fourinsightClient,
  ocs,
  oidc,
];

/** The names of the systems that the sandbox can start. */
export const sandboxSystems: readonly SystemName[] = registry.map(({ name }) => name);
