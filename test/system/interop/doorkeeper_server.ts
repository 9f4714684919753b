import { fileURLToPath } from "node:url";
import type { OfferedGrant, ServerKind } from "./independent_server.ts";
import { changeDatabase, startServerProcess, succeeds } from "./server_process.ts";
import { Visitor } from "./visitor.ts";

interface Ready {
  url: string;
  password: string;
  clients: Record<"secret" | "public", { client_id: string; client_secret: string }>;
}

/** Doorkeeper, the server of GitLab and Mastodon, in a Rails application. */
export const doorkeeper: ServerKind = {
  name: "Doorkeeper",

  async missing() {
    const script = "require 'doorkeeper/openid_connect'; require 'puma'; require 'sqlite3'";
    const found = await succeeds("ruby", [
      "-e",
      `require 'rails'; require 'doorkeeper'; ${script}`,
    ]);
    return found ? undefined : "no Ruby with doorkeeper, doorkeeper-openid_connect, puma, sqlite3";
  },

  async start(folder) {
    const script = fileURLToPath(new URL("./doorkeeper_server.rb", import.meta.url));
    const process = startServerProcess("ruby", ["-W0", script, folder]);
    const { url, clients, password } = await process.firstJson() as Ready;
    const login = { username: "ada", password };
    return {
      url,
      grants: grantsOf(url, clients, login),
      async setLifetime(seconds) {
        await Deno.writeTextFile(`${folder}/lifetime`, String(seconds));
        // A refreshed token has the lifetime of its predecessor.
        changeDatabase(`${folder}/db`, `UPDATE oauth_access_tokens SET expires_in = ${seconds}`);
      },
      async accepts(token) {
        const headers = { authorization: `Bearer ${token}` };
        const response = await fetch(`${url}/api/me`, { headers });
        await response.body?.cancel();
        return response.ok;
      },
      endRefreshTokens() {
        changeDatabase(`${folder}/db`, "UPDATE oauth_access_tokens SET refresh_token = NULL");
        return Promise.resolve();
      },
      async signIn(address, answer) {
        return (await new Visitor(url).answer(address, login, answer)).url;
      },
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  },
};

function grantsOf(
  url: string,
  clients: Ready["clients"],
  login: { username: string; password: string },
): OfferedGrant[] {
  const endpoints = {
    authUrl: url,
    endpoints: {
      token: "/oauth/token",
      authorization: "/oauth/authorize",
      revocation: "/oauth/revoke",
    },
    scope: "read",
  };
  const { client_id } = clients.public;
  return [
    { name: "client credentials", definition: endpoints, credentials: clients.secret },
    {
      name: "client credentials, Basic",
      definition: { ...endpoints, clientAuthentication: "client_secret_basic" },
      credentials: clients.secret,
    },
    {
      name: "password",
      definition: { ...endpoints, grant: "password" },
      credentials: { ...clients.secret, ...login },
    },
    {
      name: "code, loopback",
      method: "browser",
      definition: { ...endpoints, grant: "authorization_code" },
      credentials: { client_id },
    },
    {
      name: "code, paste",
      method: "paste",
      definition: {
        ...endpoints,
        grant: "authorization_code",
        clientAuthentication: "client_secret_post",
      },
      credentials: clients.secret,
    },
    {
      name: "code, openid by issuer",
      method: "browser",
      definition: { issuer: url, scope: "openid read", grant: "authorization_code" },
      credentials: { client_id },
    },
    {
      name: "code, openid by endpoints",
      method: "browser",
      definition: { ...endpoints, scope: "openid read", grant: "authorization_code" },
      credentials: { client_id },
    },
  ];
}
