import { fileURLToPath } from "node:url";
import type { OfferedGrant, ServerKind } from "./independent_server.ts";
import { changeDatabase, startServerProcess, succeeds } from "./server_process.ts";
import { Visitor } from "./visitor.ts";

interface Ready {
  url: string;
  password: string;
  clients: Record<
    "client-credentials" | "password" | "code" | "code-secret",
    { client_id: string; client_secret: string }
  >;
}

const PYTHON = Deno.env.get("ONECELL_PYTHON_DJANGO") ?? "/usr/bin/python3";

/** Django OAuth Toolkit, behind Django's own sign-in. */
export const django: ServerKind = {
  name: "Django OAuth Toolkit",

  async missing() {
    const found = await succeeds(PYTHON, ["-c", "import django, oauth2_provider, cryptography"]);
    return found ? undefined : "no Python with django, oauth2_provider (ONECELL_PYTHON_DJANGO)";
  },

  async start(folder) {
    const script = fileURLToPath(new URL("./django_server.py", import.meta.url));
    const process = startServerProcess(PYTHON, ["-B", script, folder]);
    const { url, clients, password } = await process.firstJson() as Ready;
    const login = { username: "ada", password };
    return {
      url,
      grants: grantsOf(url, clients, login),
      setLifetime: (seconds) => Deno.writeTextFile(`${folder}/lifetime`, String(seconds)),
      async accepts(token) {
        const headers = { authorization: `Bearer ${token}` };
        const response = await fetch(`${url}/api/me`, { headers });
        await response.body?.cancel();
        return response.ok;
      },
      endRefreshTokens() {
        changeDatabase(
          `${folder}/db`,
          "UPDATE oauth2_provider_refreshtoken SET revoked = CURRENT_TIMESTAMP",
        );
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
      token: "/o/token/",
      authorization: "/o/authorize/",
      revocation: "/o/revoke_token/",
    },
    scope: "read",
  };
  const { client_id } = clients.code;
  return [
    {
      name: "client credentials",
      definition: endpoints,
      credentials: clients["client-credentials"],
    },
    {
      name: "client credentials, Basic",
      definition: { ...endpoints, clientAuthentication: "client_secret_basic" },
      credentials: clients["client-credentials"],
    },
    {
      name: "password",
      definition: { ...endpoints, grant: "password" },
      credentials: { ...clients.password, ...login },
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
      credentials: clients["code-secret"],
    },
    {
      name: "code, openid by issuer",
      method: "browser",
      definition: {
        issuer: `${url}/o`,
        // Its metadata does not name one.
        authUrl: url,
        endpoints: { revocation: "/o/revoke_token/" },
        scope: "openid read",
        grant: "authorization_code",
      },
      credentials: { client_id },
    },
  ];
}
