/**
 * Which credential fields are secret, by their names alone: asked without an echo, hidden, and looked
 * for in notebooks. Who may receive them is `trust.ts`'s.
 */

/** Secret wherever these words stand in a name, an id too: a `secret_id` opens a vault. */
const SECRET =
  /secret|pass(w|ph|$|_)|(^|_)(pwd|pass|pin|otp|totp|mfa|seed|cookie|session_?id|sid|sas|jwt|pat|bearer|pem|pfx|p12|psk|code)(_|$|[0-9])|credential|assertion|connection_?string|conn_?str|signature/;

/** Names that end like this say where, who or what kind, and open nothing. */
const OPEN_END =
  /(^|_)(uu|gu|client|tenant|user|key)?ids?$|(url|uri|endpoint)s?$|(^|_)(type|types|method|at|in|on|until|version|name|names|scope|scopes|alg|algorithm|kid|host|hostname|port|domain|path|file|folder|expiry|expires|created|updated|enabled|issuer|audience|resource|tenant|realm|region|email|user|username|login|title|description|environment|locale|language|timezone|public_key)$/;

/** Secret unless the end of the name says otherwise, as in `token_url` and `key_id`. */
const SECRET_BUT_FOR_END = /token|key/;

/** What a name says: `unknown` is to be treated as a secret. */
export function secrecyOf(field: string): "secret" | "open" | "unknown" {
  // One spelling for apiKey, API-Key and api_key.
  const name = field.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();
  // What this module notes beside the values in a credentials file.
  if (name.startsWith("onecell_")) return "open";
  const isAddress = /(url|uri|endpoint|_type|_method|_at|_in|_name|_alg|_expires?|_expiry)s?$/.test(
    name,
  );
  if (SECRET.test(name) && !isAddress) return "secret";
  if (OPEN_END.test(name)) return "open";
  return SECRET_BUT_FOR_END.test(name) ? "secret" : "unknown";
}

/** True for a field whose value must not be seen: all but those that are known to be open. */
export function isSecretField(field: string): boolean {
  return secrecyOf(field) !== "open";
}
