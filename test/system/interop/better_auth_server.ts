import { fileURLToPath } from "node:url";
import type { Decision, OfferedGrant, ServerKind } from "./independent_server.ts";
import { changeDatabase, startServerProcess, succeeds } from "./server_process.ts";
import { Visitor } from "./visitor.ts";

type Client = Record<"client_id" | "client_secret", string>;

interface Ready {
  url: string;
  login: { email: string; password: string };
  clients: Record<"silent" | "basic" | "web" | "open" | "oidc", Client>;
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** Its own packages. Their versions are locked in a file that is not part of the module. */
const PACKAGES = ["--no-config", `--lock=${path("./better_auth_server.lock")}`, "--frozen"];
const SCRIPT = path("./better_auth_server.mjs");

/** better-auth with its OAuth provider: a server in JavaScript, run by Deno. */
export const betterAuth: ServerKind = {
  name: "better-auth",

  async missing() {
    const { versions } = JSON.parse(await Deno.readTextFile(path("./better_auth_server.json")));
    const names: string[] = Object.entries(versions).map(([name, version]) =>
      `npm:${name}@${version}`
    );
    const found = await succeeds(Deno.execPath(), ["cache", "--quiet", ...PACKAGES, ...names]);
    return found ? undefined : "its npm packages cannot be had";
  },

  async start(folder) {
    const process = startServerProcess(Deno.execPath(), ["run", "-A", ...PACKAGES, SCRIPT, folder]);
    const { url, login, clients } = await process.firstJson() as Ready;
    return {
      url,
      grants: grantsOf(url, clients),
      async setLifetime(seconds) {
        const body = String(seconds);
        await (await fetch(`${url}/lifetime`, { method: "POST", body })).body?.cancel();
      },
      async accepts(token) {
        return (await fetch(`${url}/accepts`, { method: "POST", body: token })).ok;
      },
      endRefreshTokens() {
        changeDatabase(`${folder}/db`, 'DELETE FROM "oauthRefreshToken"');
        return Promise.resolve();
      },
      async signIn(address, answer) {
        const pages = await Pages.enter(url, login);
        const arrival = await pages.visitor.open(address);
        if (arrival.kind === "elsewhere") return arrival.url;
        const said = await pages.post("oauth2/consent", {
          accept: answer === "allow",
          oauth_query: arrival.url.search.slice(1),
        });
        return new URL(String(said["url"] ?? said["redirect_uri"]));
      },
      async answerDevice({ code }, answer: Decision) {
        const pages = await Pages.enter(url, login);
        const shown = await pages.visitor.open(`${url}/api/auth/device?user_code=${code}`);
        if (shown.kind === "elsewhere") throw new Error(`sent to ${shown.url}`);
        await pages.post(`device/${answer === "allow" ? "approve" : "deny"}`, { userCode: code });
      },
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  },
};

/** Does the work of an application's own pages, because better-auth has none. */
class Pages {
  readonly #url: string;
  readonly visitor: Visitor;

  private constructor(url: string) {
    this.#url = url;
    this.visitor = new Visitor(url);
  }

  static async enter(url: string, login: Ready["login"]): Promise<Pages> {
    const pages = new Pages(url);
    await pages.post("sign-in/email", login);
    return pages;
  }

  async post(path: string, json: unknown): Promise<Record<string, unknown>> {
    const response = await this.visitor.send(`${this.#url}/api/auth/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "origin": this.#url },
      body: JSON.stringify(json),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }
}

function grantsOf(url: string, clients: Ready["clients"]): OfferedGrant[] {
  const issuer = `${url}/api/auth`;
  const endpoints = {
    authUrl: issuer,
    endpoints: {
      token: "/oauth2/token",
      authorization: "/oauth2/authorize",
      revocation: "/oauth2/revoke",
    },
  };
  const { client_id } = clients.open;
  return [
    {
      name: "client credentials",
      definition: { issuer, scope: "read" },
      credentials: clients.silent,
    },
    {
      name: "client credentials, Basic",
      definition: { issuer, scope: "read", clientAuthentication: "client_secret_basic" },
      credentials: clients.basic,
    },
    {
      name: "code, loopback",
      method: "browser",
      definition: { ...endpoints, scope: "offline_access read", grant: "authorization_code" },
      credentials: { client_id },
    },
    {
      name: "code, paste",
      method: "paste",
      definition: {
        ...endpoints,
        scope: "offline_access read",
        grant: "authorization_code",
        clientAuthentication: "client_secret_post",
      },
      credentials: clients.web,
    },
    {
      name: "code, openid by issuer",
      method: "browser",
      definition: { issuer, scope: "openid offline_access", grant: "authorization_code" },
      credentials: { client_id: clients.oidc.client_id },
    },
    {
      name: "device",
      method: "device",
      definition: {
        authUrl: issuer,
        endpoints: { token: "/device/token", deviceAuthorization: "/device/code" },
        grant: "device_code",
      },
      credentials: { client_id: "interop" },
    },
  ];
}
