import type { Runtime } from "../../src/runtime/runtime.ts";
import * as drivers from "../../src/store/drivers.ts";
import { openStore } from "../../src/store/open_store.ts";
import type { Store, StoreChoice } from "../../src/store/store.ts";
import * as writing from "../../src/store/writing.ts";

/** Opens a store like a session does, and exposes its internals. */
export function openTokenStore(
  runtime: Runtime,
  directory: string | undefined,
  store: StoreChoice,
): Store {
  return openStore({
    runtime,
    directory,
    store,
    writing: () => Promise.resolve(writing),
    drivers: () => Promise.resolve(drivers),
  });
}
