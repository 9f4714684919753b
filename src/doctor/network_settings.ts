/** Variables that steer how a runtime connects. */
const VARIABLES = [
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_ENV_PROXY",
  "NODE_TLS_REJECT_UNAUTHORIZED",
];

/**
 * Reads the proxy and certificate settings in force.
 *
 * @returns values by variable, fit to be shown
 */
export function networkSettings(get: (name: string) => string | undefined): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const name of VARIABLES) {
    const isProxy = name.endsWith("_PROXY") && !name.startsWith("NO");
    // The small spelling is the older one, and where both are set it wins.
    for (const spelling of name.endsWith("_PROXY") ? [name.toLowerCase(), name] : [name]) {
      const value = get(spelling);
      if (value === undefined || value === "" || Object.hasOwn(settings, name)) continue;
      settings[spelling] = isProxy ? withoutUser(value) : value;
      break;
    }
  }
  return settings;
}

/** A proxy's address without the user name and password that may be in it. */
export function withoutUser(proxy: string): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)?([^]*)$/i.exec(proxy) ?? [];
  // Up to the last "@": a password may hold one, and a "/" or "?" too.
  const host = rest.slice(rest.lastIndexOf("@") + 1).replace(/[/?#][^]*$/, "");
  return scheme + host;
}

/** True for a proxy that a runtime can use. */
export function isProxyUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return /^(https?|socks5h?):$/.test(protocol) && hostname !== "";
}
