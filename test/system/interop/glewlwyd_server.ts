import { DatabaseSync } from "node:sqlite";
import type { Decision, OfferedGrant, ServerKind } from "./independent_server.ts";
import {
  changeDatabase,
  freePort,
  prepared,
  startServerProcess,
  succeeds,
} from "./server_process.ts";
import { Visitor } from "./visitor.ts";

/** The tables from Debian's package: with an administrator, and a well-known password. */
const TABLES = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
const MODULES = "/usr/lib/glewlwyd";

/** One client for each grant that listens on a port. */
const REDIRECTS = [freePort(), freePort(), freePort()].map((port) =>
  `http://127.0.0.1:${port}/callback`
);

interface Client {
  client_id: string;
  client_secret?: string;
}

/** Glewlwyd with its OpenID Connect plugin: a server written in C. Its pages need scripts, but its API does not. */
export const glewlwyd: ServerKind = {
  name: "Glewlwyd",

  async missing() {
    const tables = await Deno.stat(TABLES).then(() => true, () => false);
    const found = tables && await succeeds("glewlwyd", ["--version"]);
    return found ? undefined : "no glewlwyd, or not its tables (Debian's package has both)";
  },

  async start(folder) {
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    changeDatabase(`${folder}/db`, "PRAGMA journal_mode = WAL");
    changeDatabase(`${folder}/db`, await Deno.readTextFile(TABLES));
    await Deno.mkdir(`${folder}/none`);
    await Deno.writeTextFile(`${folder}/conf`, configuration(folder, port));
    const process = startServerProcess("glewlwyd", ["-c", `${folder}/conf`]);
    const admin = new Administrator(url);
    const login = { username: "ada", password: `a password of ${crypto.randomUUID()}` };
    const clients = await prepared(process, async () => {
      await process.answers(`${url}/config`, 20);
      return await admin.setUp(login);
    });
    const pages = new Pages(url, login);
    return {
      url,
      // Its threads share one SQLite connection, so some parallel requests fail.
      oneAtATime: true,
      grants: grantsOf(url, clients, login),
      setLifetime: (seconds) => admin.setLifetime(seconds),
      accepts(token) {
        // Its introspection responds only to the token's own client, so the test's API looks here.
        const { jti, exp } = JSON.parse(atob(base64(token.split(".")[1] ?? "e30")));
        using database = new DatabaseSync(`${folder}/db`, { readOnly: true, timeout: 5_000 });
        const found = database.prepare(
          "SELECT 1 FROM gpo_access_token WHERE gpoa_jti = ? AND gpoa_enabled = 1",
        ).get(String(jti));
        return Promise.resolve(found !== undefined && exp * 1000 > Date.now());
      },
      endRefreshTokens() {
        changeDatabase(`${folder}/db`, "UPDATE gpo_refresh_token SET gpor_enabled = 0");
        return Promise.resolve();
      },
      signIn: (address, answer) => pages.authorize(address, answer),
      answerDevice: ({ url: page, code }, answer) => pages.device(page, code, answer),
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  },
};

const base64 = (text: string) => text.replaceAll("-", "+").replaceAll("_", "/");

function configuration(folder: string, port: number): string {
  return `
port=${port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:${port}"
login_url="login.html"
api_prefix="api"
allow_origin="*"
log_mode="console"
log_level="ERROR"
cookie_domain="127.0.0.1"
cookie_secure=0
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="${MODULES}/user"
user_middleware_module_path="${folder}/none"
client_module_path="${MODULES}/client"
user_auth_scheme_module_path="${MODULES}/scheme"
plugin_module_path="${MODULES}/plugin"
use_secure_connection=false
secure_connection_key_file="${folder}/unused"
secure_connection_pem_file="${folder}/unused"
hash_algorithm="SHA512"
database={ type="sqlite3", path="${folder}/db" };
`;
}

/** The administration API. */
class Administrator {
  readonly #visitor: Visitor;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
    this.#visitor = new Visitor(url);
  }

  async #call(method: string, path: string, json?: unknown): Promise<void> {
    const response = await this.#visitor.send(`${this.#url}/api/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  }

  async setUp(login: { username: string; password: string }) {
    await this.#call("POST", "auth/", { username: "admin", password: "password" });
    await this.#call("POST", "scope/", {
      name: "read",
      display_name: "Read",
      password_required: false,
      scheme: {},
    });
    await this.#call("POST", "user/", {
      ...login,
      scope: ["read", "openid", "g_profile"],
      enabled: true,
    });
    const key = await crypto.subtle.generateKey(
      {
        name: "RSASSA-PKCS1-v1_5",
        modulusLength: 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: "SHA-256",
      },
      true,
      ["sign", "verify"],
    );
    const jwk = await crypto.subtle.exportKey("jwk", key.privateKey);
    await this.#call(
      "POST",
      "mod/plugin/",
      this.#plugin(300, { ...jwk, kid: "interop", alg: "RS256" }),
    );
    // The port is compared, too.
    const redirect_uri = REDIRECTS;
    const secret = { client_id: "interop-secret", client_secret: `${crypto.randomUUID()}-._~` };
    const open: Client = { client_id: "interop-public" };
    await this.#call("POST", "client/", {
      client_id: secret.client_id,
      password: secret.client_secret,
      client_secret: secret.client_secret,
      confidential: true,
      enabled: true,
      scope: ["read"],
      redirect_uri,
      authorization_type: [
        "code",
        "password",
        "client_credentials",
        "refresh_token",
        "device_authorization",
      ],
      token_endpoint_auth_method: ["client_secret_basic", "client_secret_post"],
    });
    await this.#call("POST", "client/", {
      client_id: open.client_id,
      confidential: false,
      enabled: true,
      scope: [],
      redirect_uri,
      authorization_type: ["code", "refresh_token", "device_authorization"],
      token_endpoint_auth_method: ["none"],
    });
    return { secret, open };
  }

  #parameters: Record<string, unknown> = {};

  #plugin(seconds: number, key?: JsonWebKey & { kid: string }) {
    if (key) {
      this.#parameters = {
        "iss": `${this.#url}/api/oidc`,
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "jwks-private": JSON.stringify({ keys: [key] }),
        "default-kid": key.kid,
        "jwks-show": true,
        "access-token-duration": seconds,
        "refresh-token-duration": 1209600,
        "code-duration": 600,
        "refresh-token-rolling": true,
        "refresh-token-one-use": "always",
        "allow-non-oidc": true,
        "auth-type-client-enabled": true,
        "auth-type-code-enabled": true,
        "auth-type-code-revoke-replayed": true,
        "auth-type-device-enabled": true,
        "device-authorization-expiration": 600,
        "device-authorization-interval": 1,
        "auth-type-password-enabled": true,
        "auth-type-refresh-enabled": true,
        "auth-type-implicit-enabled": false,
        "auth-type-token-enabled": false,
        "scope": [],
        "pkce-allowed": true,
        "pkce-required": false,
        "introspection-revocation-allowed": true,
        "introspection-revocation-allow-target-client": true,
        "subject-type": "public",
        "oauth-as-iss-id": true,
      };
    }
    this.#parameters = { ...this.#parameters, "access-token-duration": seconds };
    return {
      module: "oidc",
      name: "oidc",
      display_name: "OpenID Connect",
      parameters: this.#parameters,
    };
  }

  async setLifetime(seconds: number): Promise<void> {
    await this.#call("PUT", "mod/plugin/oidc", this.#plugin(seconds));
    await this.#call("PUT", "mod/plugin/oidc/reset");
  }
}

/** Leaving its page without consent redirects nowhere. */
const NO_REFUSAL = "the server has no way to decline";

/** Does what the sign-in page's script does. */
class Pages {
  readonly #url: string;
  readonly #login: { username: string; password: string };

  constructor(url: string, login: { username: string; password: string }) {
    this.#url = url;
    this.#login = login;
  }

  async #enter(clientId: string, scope: string): Promise<Visitor> {
    const visitor = new Visitor(this.#url);
    const call = async (method: string, path: string, json: unknown) => {
      const response = await visitor.send(`${this.#url}/api/${path}`, {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(json),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    };
    await call("POST", "auth/", this.#login);
    await call("PUT", `auth/grant/${clientId}`, { scope });
    return visitor;
  }

  async authorize(address: string, answer: Decision): Promise<URL> {
    if (answer === "deny") throw new Error(NO_REFUSAL);
    const { searchParams } = new URL(address);
    const visitor = await this.#enter(
      searchParams.get("client_id") ?? "",
      searchParams.get("scope") ?? "",
    );
    const arrival = await visitor.open(`${address}&g_continue`);
    if (arrival.kind === "page") throw new Error(`no redirect but ${arrival.html.slice(0, 300)}`);
    return arrival.url;
  }

  async device(page: string, code: string, answer: Decision): Promise<void> {
    if (answer === "deny") throw new Error(NO_REFUSAL);
    const visitor = await this.#enter("interop-secret", "read");
    // It redirects to a page of the web application, which is not served here.
    const done = await visitor.send(`${page}?code=${encodeURIComponent(code)}&g_continue`);
    await done.body?.cancel();
  }
}

function grantsOf(
  url: string,
  clients: { secret: Required<Client>; open: Client },
  login: { username: string; password: string },
): OfferedGrant[] {
  const endpoints = {
    authUrl: url,
    endpoints: {
      token: "/api/oidc/token",
      authorization: "/api/oidc/auth",
      deviceAuthorization: "/api/oidc/device_authorization",
      revocation: "/api/oidc/revoke",
    },
    scope: "read",
    clientAuthentication: "client_secret_post",
  } as const;
  const { secret, open } = clients;
  return [
    { name: "client credentials", definition: endpoints, credentials: { ...secret } },
    {
      name: "client credentials, Basic",
      definition: { ...endpoints, clientAuthentication: "client_secret_basic" },
      credentials: { ...secret },
    },
    {
      name: "password",
      definition: { ...endpoints, grant: "password" },
      credentials: { ...secret, ...login },
    },
    {
      name: "code, loopback",
      method: "browser",
      definition: {
        ...endpoints,
        redirectUri: REDIRECTS[0] ?? "",
        grant: "authorization_code",
        clientAuthentication: "none",
      },
      credentials: { ...open },
    },
    {
      name: "code, paste",
      method: "paste",
      definition: { ...endpoints, redirectUri: REDIRECTS[1] ?? "", grant: "authorization_code" },
      credentials: { ...secret },
    },
    {
      name: "code, openid by issuer",
      method: "browser",
      definition: {
        issuer: `${url}/api/oidc`,
        scope: "openid read",
        redirectUri: REDIRECTS[2] ?? "",
        grant: "authorization_code",
        clientAuthentication: "client_secret_post",
      },
      credentials: { ...secret },
    },
    {
      name: "device",
      method: "device",
      definition: { ...endpoints, grant: "device_code" },
      credentials: { ...secret },
    },
  ];
}
