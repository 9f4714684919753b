import type { OpenFetch } from "./http/token_fetch.ts";
import type { Runtime } from "./runtime/runtime.ts";

/** How requests that must run once are sent: by the caller's `fetch`, or each on its own connection. */
export function openFetch(options: { fetch?: typeof fetch }, runtime: Runtime): OpenFetch {
  const given = options.fetch;
  return given === undefined ? () => runtime.onceFetch() : () => ({ fetch: given, close() {} });
}
