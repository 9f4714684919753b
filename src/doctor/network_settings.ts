/** Variables that runtimes read in upper case and in lower case. */
const PROXIES = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"];

/** Other variables that affect how a runtime connects. */
const OTHERS = [
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_ENV_PROXY",
  "NODE_TLS_REJECT_UNAUTHORIZED",
];

/**
 * Reads the proxy and certificate settings in force.
 *
 * @returns values by variable, safe to show
 */
export function networkSettings(get: (name: string) => string | undefined): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const name of PROXIES) {
    // The lower-case spelling is older, and takes precedence if both are set.
    const spelling = [name.toLowerCase(), name].find((name) => get(name));
    if (spelling === undefined) continue;
    const value = get(spelling) ?? "";
    settings[spelling] = name === "NO_PROXY" ? value : withoutUser(value);
  }
  for (const name of OTHERS) {
    const value = get(name);
    if (value) settings[name] = value;
  }
  return settings;
}

/** Removes the username and password from a proxy's address. */
export function withoutUser(proxy: string): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)?([^]*)$/i.exec(proxy) ?? [];
  // Cut up to the last "@", because a password may contain "@", "/" and "?".
  const host = rest.slice(rest.lastIndexOf("@") + 1).replace(/[/?#][^]*$/, "");
  return scheme + host;
}

/** True for a proxy that a runtime can use. */
export function isProxyUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return /^(https?|socks5h?):$/.test(protocol) && hostname !== "";
}
