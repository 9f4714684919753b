import { AuthError } from "../errors.ts";
import type { Driver, OpenStoreOptions } from "./store.ts";

/** Opens what a store's URL stands for. */
export function openDriver(_options: OpenStoreOptions, url: string): Promise<Driver> {
  throw new AuthError("invalid_argument", `There is no store "${url}".`);
}
