import type { SessionOptions } from "../interface/options.ts";
import type { ProviderUrls } from "../providers/system.ts";

/** Options as `checkOptions` returns them, each in one form. Unset options are absent. */
export interface CheckedOptions extends ProviderUrls {
  directory?: string;
  signal?: AbortSignal;
  fetch?: typeof fetch;
  timeout?: number;
  interactive?: boolean;
  person?: NonNullable<SessionOptions["person"]>;
  sessionKey?: string;
  account?: string;
  forceLogin?: boolean;
  credentials?: NonNullable<SessionOptions["credentials"]>;
  token?: NonNullable<SessionOptions["token"]>;
  subjectToken?: NonNullable<SessionOptions["subjectToken"]>;
  clientAssertion?: NonNullable<SessionOptions["clientAssertion"]>;
  minLifetime?: number;
  /** Separated by spaces. */
  scope?: string;
  store?: NonNullable<SessionOptions["store"]>;
  origins?: string[];
  method?: NonNullable<SessionOptions["method"]>;
  quiet?: boolean;
  /** An option of `loadCredentials`. */
  export?: boolean;
}
